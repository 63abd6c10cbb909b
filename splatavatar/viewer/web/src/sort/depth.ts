// How far every Gaussian lies along the view axis in this very pose, its correctives included.
import type { Avatar } from '../file/avatar';
import { halfToFloat } from '../file/half';
import { triangleFrame } from '../pose/frames';
import type { PosedRig } from '../pose/rig';
import { UNIT_STEPS } from '../tables';

/** numbers of a triangle: the depth of its corners, and metres that a unit step along each of its axes goes along the
 * view axis */
const TRIANGLE = 6;
/** words of a Gaussian before its correctives: where its triangle is, two barycentric coordinates, position, share */
const FIXED = 7;

export class Depths {
  /** (N) metres */
  readonly depth: Float32Array;
  /** the least and the largest of them */
  readonly range: [number, number] = [0, 0];
  /** words of a row of what follows */
  private readonly row: number;
  /** (N, row) what of a Gaussian does not move lies together, which it does not in the file: floats, and in whole numbers
   * its triangle and, of x y z in turn, a byte for each corrective in words of four */
  private readonly floats: Float32Array;
  private readonly words: Int32Array;
  private readonly vertexDepth: Float32Array;
  /** (F, TRIANGLE) */
  private readonly triangles: Float32Array;
  /** (4 ceil(K / 4)) psi in steps, and zeros */
  private readonly psi: Float64Array;

  constructor(private readonly avatar: Avatar) {
    const { N, F, V, K } = avatar.sizes;
    const { face, barycentric, position, correctives } = avatar.splats;
    const channel = Math.ceil(K / 4);
    this.row = FIXED + 3 * channel;
    this.depth = new Float32Array(N);
    this.vertexDepth = new Float32Array(V);
    this.triangles = new Float32Array(TRIANGLE * F);
    this.psi = new Float64Array(4 * channel);
    this.floats = new Float32Array(this.row * N);
    this.words = new Int32Array(this.floats.buffer);
    const bytes = new Int8Array(this.floats.buffer);
    for (let n = 0; n < N; n++) {
      const at = this.row * n;
      this.words[at] = TRIANGLE * face[n]!;
      for (let i = 0; i < 2; i++) this.floats[at + 1 + i] = barycentric[2 * n + i]! / UNIT_STEPS;
      for (let i = 0; i < 3; i++) {
        this.floats[at + 3 + i] = halfToFloat(position[3 * n + i]!);
        for (let k = 0; k < K; k++)
          bytes[4 * (at + FIXED + i * channel) + k] = correctives.position[(k * N + n) * 3 + i]!;
      }
      this.floats[at + 6] = halfToFloat(correctives.positionShare[n]!);
    }
  }

  /** Fills `depth` for a view axis (3) with the shift that goes with it: the third row of T_camera_world. */
  measure(posed: PosedRig, axis: readonly number[], shift: number): void {
    this.measureTriangles(posed, axis, shift);
    this.psi.set(posed.psiPosition);
    const { depth, floats, words, triangles, row, psi, range } = this;
    const { N } = this.avatar.sizes;
    const channel = psi.length >> 2;
    const [p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0] = psi;
    let nearest = Number.POSITIVE_INFINITY;
    let farthest = Number.NEGATIVE_INFINITY;
    for (let n = 0, at = 0; n < N; n++, at += row) {
      let x = 0;
      let y = 0;
      let z = 0;
      if (channel === 2) {
        // What bakes make: without loops it takes half the time.
        let a = words[at + 7]!;
        let b = words[at + 8]!;
        x = p0 * ((a << 24) >> 24) + p1 * ((a << 16) >> 24) + p2 * ((a << 8) >> 24) + p3 * (a >> 24);
        x += p4 * ((b << 24) >> 24) + p5 * ((b << 16) >> 24) + p6 * ((b << 8) >> 24) + p7 * (b >> 24);
        a = words[at + 9]!;
        b = words[at + 10]!;
        y = p0 * ((a << 24) >> 24) + p1 * ((a << 16) >> 24) + p2 * ((a << 8) >> 24) + p3 * (a >> 24);
        y += p4 * ((b << 24) >> 24) + p5 * ((b << 16) >> 24) + p6 * ((b << 8) >> 24) + p7 * (b >> 24);
        a = words[at + 11]!;
        b = words[at + 12]!;
        z = p0 * ((a << 24) >> 24) + p1 * ((a << 16) >> 24) + p2 * ((a << 8) >> 24) + p3 * (a >> 24);
        z += p4 * ((b << 24) >> 24) + p5 * ((b << 16) >> 24) + p6 * ((b << 8) >> 24) + p7 * (b >> 24);
      } else
        for (let k = 0; k < psi.length; k++) {
          const word = at + FIXED + (k >> 2);
          const left = 24 - 8 * (k & 3);
          x += psi[k]! * ((words[word]! << left) >> 24);
          y += psi[k]! * ((words[word + channel]! << left) >> 24);
          z += psi[k]! * ((words[word + 2 * channel]! << left) >> 24);
        }
      const t = words[at]!;
      const u = floats[at + 1]!;
      const v = floats[at + 2]!;
      const share = floats[at + 6]!;
      const found =
        u * triangles[t]! +
        v * triangles[t + 1]! +
        (1 - u - v) * triangles[t + 2]! +
        triangles[t + 3]! * (floats[at + 3]! + share * x) +
        triangles[t + 4]! * (floats[at + 4]! + share * y) +
        triangles[t + 5]! * (floats[at + 5]! + share * z);
      depth[n] = found;
      if (found < nearest) nearest = found;
      if (found > farthest) farthest = found;
    }
    range[0] = nearest;
    range[1] = farthest;
  }

  private measureTriangles({ vertices }: PosedRig, axis: readonly number[], shift: number): void {
    const { vertexDepth, triangles } = this;
    const { V, F } = this.avatar.sizes;
    const { faces } = this.avatar.rig;
    const [fx, fy, fz] = axis as [number, number, number];
    for (let v = 0; v < V; v++)
      vertexDepth[v] = fx * vertices[4 * v]! + fy * vertices[4 * v + 1]! + fz * vertices[4 * v + 2]! + shift;
    const frame = new Float64Array(10);
    for (let f = 0, t = 0; f < 3 * F; f += 3, t += TRIANGLE) {
      const a = faces[f]!;
      const b = faces[f + 1]!;
      const c = faces[f + 2]!;
      triangleFrame(vertices, 4 * a, 4 * b, 4 * c, frame);
      const size = frame[9]!;
      triangles[t] = vertexDepth[a]!;
      triangles[t + 1] = vertexDepth[b]!;
      triangles[t + 2] = vertexDepth[c]!;
      triangles[t + 3] = size * (fx * frame[0]! + fy * frame[1]! + fz * frame[2]!);
      triangles[t + 4] = size * (fx * frame[3]! + fy * frame[4]! + fz * frame[5]!);
      triangles[t + 5] = size * (fx * frame[6]! + fy * frame[7]! + fz * frame[8]!);
    }
  }
}
