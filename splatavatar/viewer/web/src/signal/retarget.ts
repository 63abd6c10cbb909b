// From a face signal to the parameters of a rig; `drive/retarget.py` defines it.
import type { Avatar } from '../file/avatar';
import { neutral, type PoseParameters } from '../pose/parameters';
import { AWAY, EYE_RANGES, FREE_WAY, LOOK, MORE } from '../tables';
import type { ExpressionLimit } from './limit';
import { axisAngle } from './rotation';
import { COEFFICIENTS, type FaceSignal } from './signal';

/** The parameters that make the rig show `signal`, whose coefficients `limit` maps first. */
export function retarget(signal: FaceSignal, { rig, sizes }: Avatar, limit: ExpressionLimit | null): PoseParameters {
  const parameters = neutral(sizes);
  const { rotations, expression, translation } = parameters;
  for (const [joint, share] of rig.headChain)
    for (let i = 0; i < 3; i++) rotations[3 * joint + i]! += Math.fround(share) * signal.headRotation[i]!;
  let arkit = signal.arkit;
  if (signal.gaze.some((angle) => angle !== 0)) {
    arkit = arkit.slice();
    rig.eyeJoints.forEach((joint, eye) => {
      const yaw = signal.gaze[2 * eye]!;
      const pitch = signal.gaze[2 * eye + 1]!;
      const shown = joint >= 0 ? [0, 0, 0, 0] : lookCoefficients(yaw, pitch, eye === 0);
      if (joint >= 0) rotations.set(axisAngle(yaw, -pitch, 0), 3 * joint);
      LOOK[eye]!.forEach((index, i) => {
        arkit[index] = shown[i]!;
      });
    });
  }
  if (limit) arkit = limit.apply(arkit);
  for (let e = 0; e < sizes.E; e++) {
    let sum = 0;
    for (let i = 0; i < COEFFICIENTS; i++) sum += rig.arkitMap[e * COEFFICIENTS + i]! * arkit[i]!;
    expression[e] = sum;
  }
  translation.set(inView(signal.headTranslation));
  return parameters;
}

/** Metres of a head that stays in the picture however far the driving face wanders. */
export function inView(translation: ArrayLike<number>): number[] {
  return Array.from(translation, (way, i) => {
    const more = MORE[i]! + (translation[2]! < 0 ? AWAY[i]! : 0);
    const near = Math.min(Math.max(way, -FREE_WAY[i]!), FREE_WAY[i]!);
    return near + more * Math.tanh((way - near) / more);
  });
}

/** eyeLook In, Out, Up, Down that turn one eye by `yaw` (to the subject's left) and `pitch` (up), radians. */
export function lookCoefficients(yaw: number, pitch: number, left: boolean): number[] {
  const outward = left ? yaw : -yaw;
  return [-outward, outward, pitch, -pitch].map((turn, i) => Math.min(Math.max(turn / EYE_RANGES[i]!, 0), 1));
}
