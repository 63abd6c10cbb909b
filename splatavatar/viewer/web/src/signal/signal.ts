import { NAMES } from '../tables';

/** One frame of a face, as `drive/signal.py` defines it. */
export interface FaceSignal {
  /** seconds */
  time: number;
  /** (52) in [0, 1] */
  arkit: Float32Array;
  /** (3) axis-angle, radians */
  headRotation: Float32Array;
  /** (3) metres */
  headTranslation: Float32Array;
  /** (2, 2) left and right, yaw and pitch in radians; all zero: not measured */
  gaze: Float32Array;
  confidence: number;
}

/** A face signal over time: T frames. */
export interface Recording {
  /** (T) seconds, from 0, increasing */
  time: Float64Array;
  /** (T, 52) */
  arkit: Float32Array;
  headRotation: Float32Array;
  headTranslation: Float32Array;
  gaze: Float32Array;
  confidence: Float32Array;
  fps: number;
}

export const COEFFICIENTS = NAMES.length;
export const INDEX: ReadonlyMap<string, number> = new Map(NAMES.map((name, i) => [name, i]));

export function restSignal(time = 0): FaceSignal {
  return {
    time,
    arkit: new Float32Array(COEFFICIENTS),
    headRotation: new Float32Array(3),
    headTranslation: new Float32Array(3),
    gaze: new Float32Array(4),
    confidence: 1,
  };
}

export function frameOf(recording: Recording, index: number): FaceSignal {
  const part = (values: Float32Array, size: number) => values.slice(size * index, size * (index + 1));
  return {
    time: recording.time[index]!,
    arkit: part(recording.arkit, COEFFICIENTS),
    headRotation: part(recording.headRotation, 3),
    headTranslation: part(recording.headTranslation, 3),
    gaze: part(recording.gaze, 4),
    confidence: recording.confidence[index]!,
  };
}

/** The last frame at or before `seconds`. */
export function frameAt(recording: Recording, seconds: number): number {
  let low = 0;
  let high = recording.time.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (recording.time[middle]! <= seconds) low = middle;
    else high = middle - 1;
  }
  return low;
}
