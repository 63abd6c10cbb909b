// A face between two others.
import { NAMES } from '../tables';
import type { FaceSignal } from './signal';

/** Whether a coefficient is of the mouth: what speech moves. */
const OF_MOUTH = NAMES.map((name) => /^(jaw|mouth|tongue|cheekPuff)/.test(name));

/** The face that is `share` (0 to 1) of the way from one to another, number by number. */
export function between(from: FaceSignal, to: FaceSignal, share: number): FaceSignal {
  const mix = (a: Float32Array, b: Float32Array) => a.map((value, i) => value + share * (b[i]! - value));
  // Zeros say that no gaze was measured: there is nothing to come from or to go to.
  const looks = from.gaze.some((angle) => angle !== 0) && to.gaze.some((angle) => angle !== 0);
  return {
    time: from.time + share * (to.time - from.time),
    arkit: mix(from.arkit, to.arkit),
    headRotation: mix(from.headRotation, to.headRotation),
    headTranslation: mix(from.headTranslation, to.headTranslation),
    gaze: looks ? mix(from.gaze, to.gaze) : (share < 0.5 ? from : to).gaze,
    confidence: Math.min(from.confidence, to.confidence),
  };
}

/** The same face whose mouth is `share` (0 to 1) of the way to its rest. */
export function mouthAtRest(signal: FaceSignal, share: number): FaceSignal {
  return { ...signal, arkit: signal.arkit.map((value, i) => (OF_MOUTH[i] ? (1 - share) * value : value)) };
}
