// How far every Gaussian lies along the view axis in this very pose, its correctives included.
import type { Avatar } from '../file/avatar';
import { halfToFloat } from '../file/half';
import { triangleFrame } from '../pose/frames';
import type { PosedRig } from '../pose/rig';
import { UNIT_STEPS } from '../tables';

export class Depths {
  /** (N) metres */
  readonly depth: Float32Array;
  private readonly barycentric: Float32Array;
  private readonly position: Float32Array;
  private readonly share: Float32Array;
  /** (N, 3, K): the bytes of a Gaussian lie together, which they do not in the file */
  private readonly correction: Int8Array;
  private readonly vertexDepth: Float32Array;
  /** (F, 3) metres that a unit step along each axis of a triangle goes along the view axis */
  private readonly slope: Float32Array;

  constructor(private readonly avatar: Avatar) {
    const { N, F, V, K } = avatar.sizes;
    const { barycentric, position, correctives } = avatar.splats;
    this.depth = new Float32Array(N);
    this.vertexDepth = new Float32Array(V);
    this.slope = new Float32Array(3 * F);
    this.position = Float32Array.from(position, halfToFloat);
    this.share = Float32Array.from(correctives.positionShare, halfToFloat);
    this.barycentric = new Float32Array(3 * N);
    this.correction = new Int8Array(3 * N * K);
    for (let n = 0; n < N; n++) {
      const u = barycentric[2 * n]!;
      const v = barycentric[2 * n + 1]!;
      this.barycentric[3 * n] = u / UNIT_STEPS;
      this.barycentric[3 * n + 1] = v / UNIT_STEPS;
      this.barycentric[3 * n + 2] = (UNIT_STEPS - u - v) / UNIT_STEPS;
      for (let i = 0; i < 3; i++)
        for (let k = 0; k < K; k++) this.correction[(3 * n + i) * K + k] = correctives.position[(k * N + n) * 3 + i]!;
    }
  }

  /** Fills `depth` for a view axis (3) with the shift that goes with it: the third row of T_camera_world. Of the first
   * `count` Gaussians alone where that is said. */
  measure(posed: PosedRig, axis: readonly number[], shift: number, count = this.avatar.sizes.N): void {
    const { vertexDepth, slope, depth, barycentric, position, share, correction } = this;
    const { V, F, K } = this.avatar.sizes;
    const { faces } = this.avatar.rig;
    const { face } = this.avatar.splats;
    const { vertices, psiPosition } = posed;
    const [fx, fy, fz] = axis as [number, number, number];
    for (let v = 0; v < V; v++)
      vertexDepth[v] = fx * vertices[4 * v]! + fy * vertices[4 * v + 1]! + fz * vertices[4 * v + 2]! + shift;
    const frame = new Float64Array(10);
    for (let f = 0; f < 3 * F; f += 3) {
      triangleFrame(vertices, 4 * faces[f]!, 4 * faces[f + 1]!, 4 * faces[f + 2]!, frame);
      const size = frame[9]!;
      slope[f] = size * (fx * frame[0]! + fy * frame[1]! + fz * frame[2]!);
      slope[f + 1] = size * (fx * frame[3]! + fy * frame[4]! + fz * frame[5]!);
      slope[f + 2] = size * (fx * frame[6]! + fy * frame[7]! + fz * frame[8]!);
    }
    const [p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0] = psiPosition;
    for (let n = 0; n < count; n++) {
      const f = 3 * face[n]!;
      const g = 3 * n;
      let c = g * K;
      let x = 0;
      let y = 0;
      let z = 0;
      if (K === 8) {
        // What bakes make: without loops it takes half the time.
        x = p0 * correction[c]! + p1 * correction[c + 1]! + p2 * correction[c + 2]! + p3 * correction[c + 3]!;
        x += p4 * correction[c + 4]! + p5 * correction[c + 5]! + p6 * correction[c + 6]! + p7 * correction[c + 7]!;
        y = p0 * correction[c + 8]! + p1 * correction[c + 9]! + p2 * correction[c + 10]! + p3 * correction[c + 11]!;
        y += p4 * correction[c + 12]! + p5 * correction[c + 13]! + p6 * correction[c + 14]! + p7 * correction[c + 15]!;
        z = p0 * correction[c + 16]! + p1 * correction[c + 17]! + p2 * correction[c + 18]! + p3 * correction[c + 19]!;
        z += p4 * correction[c + 20]! + p5 * correction[c + 21]! + p6 * correction[c + 22]! + p7 * correction[c + 23]!;
      } else
        for (let k = 0; k < K; k++) {
          const psi = psiPosition[k]!;
          x += psi * correction[c + k]!;
          y += psi * correction[c + K + k]!;
          z += psi * correction[c + 2 * K + k]!;
        }
      c = share[n]!;
      depth[n] =
        barycentric[g]! * vertexDepth[faces[f]!]! +
        barycentric[g + 1]! * vertexDepth[faces[f + 1]!]! +
        barycentric[g + 2]! * vertexDepth[faces[f + 2]!]! +
        slope[f]! * (position[g]! + c * x) +
        slope[f + 1]! * (position[g + 1]! + c * y) +
        slope[f + 2]! * (position[g + 2]! + c * z);
    }
  }
}
