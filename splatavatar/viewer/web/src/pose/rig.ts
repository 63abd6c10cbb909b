// Blendshapes and linear blend skinning, and how far a pose goes along each corrective.
import type { Avatar, Basis } from '../file/avatar';
import { PSI_LIMIT } from '../tables';
import type { PoseParameters } from './parameters';

/** Vertices of a row of the texture that they are drawn from. */
export const ROW = 256;

/** Poses the rig of an avatar; one instance holds the result of one pose. */
export class PosedRig {
  /** (V, 4) posed vertices in metres, the fourth number unused: a texture of rows of `ROW` */
  readonly vertices: Float32Array;
  readonly rows: number;
  /** (K) psi times the step of the stored bytes */
  readonly psiPosition: Float32Array;
  readonly psiColour: Float32Array;
  private readonly shaped: Float32Array;
  private readonly rest: Float64Array;
  private readonly maps: Float64Array;

  constructor(private readonly avatar: Avatar) {
    const { V, J, K } = avatar.sizes;
    this.rows = Math.ceil(V / ROW);
    this.vertices = new Float32Array(4 * ROW * this.rows);
    this.shaped = new Float32Array(3 * V);
    this.rest = new Float64Array(3 * J);
    this.maps = new Float64Array(12 * J);
    this.psiPosition = new Float32Array(K);
    this.psiColour = new Float32Array(K);
  }

  pose(parameters: PoseParameters): void {
    this.shape(parameters);
    this.moveJoints(parameters);
    this.skin();
    this.correct(parameters);
  }

  private shape({ expression, rotations }: PoseParameters): void {
    const { template, expressions, poseBasis, parents } = this.avatar.rig;
    this.shaped.set(template);
    expression.forEach((weight, e) => {
      this.add(expressions, e, weight);
    });
    if (!poseBasis) return;
    const turn = new Float64Array(9);
    for (let j = 1; j < parents.length; j++) {
      rotationMatrix(rotations[3 * j]!, rotations[3 * j + 1]!, rotations[3 * j + 2]!, turn);
      for (let i = 0; i < 9; i++) this.add(poseBasis, 9 * (j - 1) + i, turn[i]! - (i % 4 ? 0 : 1));
    }
  }

  private add({ ends, moved, displacement }: Basis, part: number, weight: number): void {
    if (weight === 0) return;
    const { shaped } = this;
    for (let row = ends[part]!, end = ends[part + 1]!; row < end; row++) {
      const v = 3 * moved[row]!;
      const d = 3 * row;
      shaped[v]! += weight * displacement[d]!;
      shaped[v + 1]! += weight * displacement[d + 1]!;
      shaped[v + 2]! += weight * displacement[d + 2]!;
    }
  }

  /** The map (3, 4) of each joint: what carries points of the rest pose along with it. */
  private moveJoints({ expression, rotations, translation }: PoseParameters): void {
    const { maps, rest } = this;
    const { joints, jointBasis, parents } = this.avatar.rig;
    rest.set(joints);
    for (let e = 0; jointBasis && e < expression.length; e++)
      for (let i = 0; i < rest.length; i++) rest[i]! += expression[e]! * jointBasis[rest.length * e + i]!;
    const turn = new Float64Array(9);
    for (let j = 0; j < parents.length; j++) {
      rotationMatrix(rotations[3 * j]!, rotations[3 * j + 1]!, rotations[3 * j + 2]!, turn);
      const x = rest[3 * j]!;
      const y = rest[3 * j + 1]!;
      const z = rest[3 * j + 2]!;
      const m = 12 * j;
      const parent = parents[j]!;
      for (let i = 0; i < 3; i++) {
        const p = 12 * parent + 4 * i;
        const a = parent < 0 ? +(i === 0) : maps[p]!;
        const b = parent < 0 ? +(i === 1) : maps[p + 1]!;
        const c = parent < 0 ? +(i === 2) : maps[p + 2]!;
        const d = parent < 0 ? translation[i]! : maps[p + 3]!;
        const row = m + 4 * i;
        for (let k = 0; k < 3; k++) maps[row + k] = a * turn[k]! + b * turn[3 + k]! + c * turn[6 + k]!;
        maps[row + 3] = a * x + b * y + c * z + d - (maps[row]! * x + maps[row + 1]! * y + maps[row + 2]! * z);
      }
    }
  }

  private skin(): void {
    const { shaped, vertices, maps } = this;
    const { skinJoints, skinWeights } = this.avatar.rig;
    const { V, W } = this.avatar.sizes;
    for (let v = 0; v < V; v++) {
      const x = shaped[3 * v]!;
      const y = shaped[3 * v + 1]!;
      const z = shaped[3 * v + 2]!;
      let px = 0;
      let py = 0;
      let pz = 0;
      for (let k = W * v; k < W * (v + 1); k++) {
        const w = skinWeights[k]!;
        if (w === 0) continue;
        const m = 12 * skinJoints[k]!;
        px += w * (maps[m]! * x + maps[m + 1]! * y + maps[m + 2]! * z + maps[m + 3]!);
        py += w * (maps[m + 4]! * x + maps[m + 5]! * y + maps[m + 6]! * z + maps[m + 7]!);
        pz += w * (maps[m + 8]! * x + maps[m + 9]! * y + maps[m + 10]! * z + maps[m + 11]!);
      }
      vertices[4 * v] = px;
      vertices[4 * v + 1] = py;
      vertices[4 * v + 2] = pz;
    }
  }

  private correct({ expression, rotations }: PoseParameters): void {
    const { weights, bias, positionStep, colourStep } = this.avatar.splats.correctives;
    const { K, E, D } = this.avatar.sizes;
    for (let k = 0; k < K; k++) {
      let psi = bias[k]!;
      for (let i = 0; i < E; i++) psi += weights[k * D + i]! * expression[i]!;
      for (let i = E; i < D; i++) psi += weights[k * D + i]! * rotations[i - E]!;
      psi = Math.min(Math.max(psi, -PSI_LIMIT), PSI_LIMIT);
      this.psiPosition[k] = psi * positionStep[k]!;
      this.psiColour[k] = psi * colourStep[k]!;
    }
  }
}

/** Rodrigues' formula: (9) in rows, of an axis-angle vector in radians. */
export function rotationMatrix(x: number, y: number, z: number, out: Float64Array): void {
  const angle = Math.hypot(x, y, z);
  const sine = angle > 1e-4 ? Math.sin(angle) / angle : 1 - (angle * angle) / 6;
  const half = angle > 1e-4 ? Math.sin(angle / 2) / (angle / 2) : 1 - (angle * angle) / 24;
  const c = (half * half) / 2;
  out[0] = 1 - c * (y * y + z * z);
  out[1] = c * x * y - sine * z;
  out[2] = c * x * z + sine * y;
  out[3] = c * x * y + sine * z;
  out[4] = 1 - c * (x * x + z * z);
  out[5] = c * y * z - sine * x;
  out[6] = c * x * z - sine * y;
  out[7] = c * y * z + sine * x;
  out[8] = 1 - c * (x * x + y * y);
}
