import type { Sizes } from '../file/avatar';

/** Parameters of a rig, as `rig/rig.py` has them. */
export interface PoseParameters {
  /** (E) */
  expression: Float32Array;
  /** (J, 3) axis-angle, radians */
  rotations: Float32Array;
  /** (3) metres */
  translation: Float32Array;
}

export function neutral({ E, J }: Sizes): PoseParameters {
  return { expression: new Float32Array(E), rotations: new Float32Array(3 * J), translation: new Float32Array(3) };
}
