// Where the Gaussians of a face lie, without their correctives.
import type { Avatar } from '../file/avatar';
import { halfToFloat } from '../file/half';
import { triangleFrame } from '../pose/frames';
import type { PoseParameters } from '../pose/parameters';
import { PosedRig } from '../pose/rig';
import { LOG_STEP, UNIT_STEPS } from '../tables';

export interface Laid {
  posed: PosedRig;
  /** (N, 3) metres */
  means: Float32Array;
  /** (N, 3, 3) metres: of each Gaussian three axes, each as long as its standard deviation */
  axes: Float32Array;
}

export function laid(avatar: Avatar, parameters: PoseParameters): Laid {
  const { rig, splats, sizes } = avatar;
  const posed = new PosedRig(avatar);
  posed.pose(parameters);
  const { vertices } = posed;
  const frame = new Float64Array(10);
  const means = new Float32Array(3 * sizes.N);
  const axes = new Float32Array(9 * sizes.N);
  const turn = new Float64Array(9);
  for (let n = 0; n < sizes.N; n++) {
    const f = 3 * splats.face[n]!;
    const a = 4 * rig.faces[f]!;
    const b = 4 * rig.faces[f + 1]!;
    const c = 4 * rig.faces[f + 2]!;
    triangleFrame(vertices, a, b, c, frame);
    const size = frame[9]!;
    const u = splats.barycentric[2 * n]! / UNIT_STEPS;
    const v = splats.barycentric[2 * n + 1]! / UNIT_STEPS;
    const px = size * halfToFloat(splats.position[3 * n]!);
    const py = size * halfToFloat(splats.position[3 * n + 1]!);
    const pz = size * halfToFloat(splats.position[3 * n + 2]!);
    quaternionColumns(splats.rotation, 4 * n, turn);
    for (let i = 0; i < 3; i++) {
      const onTriangle = u * vertices[a + i]! + v * vertices[b + i]! + (1 - u - v) * vertices[c + i]!;
      means[3 * n + i] = onTriangle + px * frame[i]! + py * frame[3 + i]! + pz * frame[6 + i]!;
    }
    for (let k = 0; k < 3; k++) {
      const length = size * Math.exp(splats.scale[3 * n + k]! * LOG_STEP);
      for (let i = 0; i < 3; i++)
        axes[9 * n + 3 * k + i] =
          length * (turn[3 * k]! * frame[i]! + turn[3 * k + 1]! * frame[3 + i]! + turn[3 * k + 2]! * frame[6 + i]!);
    }
  }
  return { posed, means, axes };
}

/** The columns of the rotation of a quaternion (wxyz, of any length) at `at`, one after another. */
function quaternionColumns(rotation: Int16Array, at: number, out: Float64Array): void {
  let w = rotation[at]!;
  let x = rotation[at + 1]!;
  let y = rotation[at + 2]!;
  let z = rotation[at + 3]!;
  const norm = 1 / (Math.sqrt(w * w + x * x + y * y + z * z) || 1);
  w *= norm;
  x *= norm;
  y *= norm;
  z *= norm;
  out[0] = 1 - 2 * (y * y + z * z);
  out[1] = 2 * (x * y + w * z);
  out[2] = 2 * (x * z - w * y);
  out[3] = 2 * (x * y - w * z);
  out[4] = 1 - 2 * (x * x + z * z);
  out[5] = 2 * (y * z + w * x);
  out[6] = 2 * (x * z + w * y);
  out[7] = 2 * (y * z - w * x);
  out[8] = 1 - 2 * (x * x + y * y);
}
