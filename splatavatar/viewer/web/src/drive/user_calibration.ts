// What a face at rest looks like to its source, and how to take it out of the signal;
// `drive/face/user_calibration.py` defines it.
import { PageError } from '../errors';
import { lookCoefficients } from '../signal/retarget';
import type { FaceSignal } from '../signal/signal';
import { LOOK } from '../tables';
import { CALIBRATION as C } from './tables';
import { axisAngleOfMatrix, matrixOf, transposedProduct } from './turns';

/** A user before a camera. */
export interface UserCalibration {
  /** (52) the coefficients at rest */
  neutral: Float32Array;
  /** (52) the most they reach */
  peak: Float32Array;
  /** of the head and the gaze at rest */
  headRotation: Float32Array;
  headTranslation: Float32Array;
  gaze: Float32Array;
}

/** `signal` with 0 for rest and 1 for the most, and the head and the gaze from where they rest. */
export function calibrated(signal: FaceSignal, rest: UserCalibration): FaceSignal {
  const arkit = signal.arkit.map((value, i) => {
    const scaled = (value - rest.neutral[i]!) / (rest.peak[i]! - rest.neutral[i]!);
    return Math.min(Math.max(scaled, 0), 1);
  });
  let { gaze, headRotation } = signal;
  if (gaze.some((angle) => angle !== 0)) {
    gaze = gaze.map((angle, i) => angle - rest.gaze[i]!);
    for (let eye = 0; eye < 2; eye++) {
      const look = lookCoefficients(gaze[2 * eye]!, gaze[2 * eye + 1]!, eye === 0);
      LOOK[eye]!.forEach((index, i) => {
        arkit[index] = look[i]!;
      });
    }
  }
  if (headRotation.every(Number.isFinite))
    headRotation = Float32Array.from(
      axisAngleOfMatrix(transposedProduct(matrixOf(rest.headRotation), matrixOf(headRotation))),
    );
  const headTranslation = signal.headTranslation.map((way, i) => way - rest.headTranslation[i]!);
  return { ...signal, arkit, headRotation, headTranslation, gaze };
}

/** What signals of about two seconds, of a user who keeps still, say about rest. Throws a PageError. */
export function collect(signals: FaceSignal[]): UserCalibration {
  const there = signals.filter(
    (s) =>
      s.confidence > 0 && [s.arkit, s.headRotation, s.headTranslation, s.gaze].every((v) => v.every(Number.isFinite)),
  );
  if (there.length < C.FEWEST)
    throw new PageError(
      `Calibration needs a face in view for two seconds; found one in ${there.length} of ${signals.length} frames.`,
    );
  const median = (name: 'arkit' | 'headRotation' | 'headTranslation' | 'gaze') =>
    Float32Array.from(there[0]![name], (_, i) =>
      quantile(
        there.map((s) => s[name][i]!),
        0.5,
      ),
    );
  const asMeasured = new Set<number>(C.AS_MEASURED);
  const neutral = median('arkit').map((value, i) =>
    asMeasured.has(i) ? 0 : Math.min(Math.max(value, 0), C.MOST_AT_REST),
  );
  const peak = neutral.map((least, i) => {
    const most = quantile(
      there.map((s) => s.arkit[i]!),
      0.95,
    );
    const shown = !asMeasured.has(i) && most - least > C.SHOWN;
    return Math.max(shown ? Math.min(Math.max(most, C.LEAST_PEAK), 1) : 1, least + 0.1);
  });
  return {
    neutral,
    peak,
    headRotation: median('headRotation'),
    headTranslation: median('headTranslation'),
    gaze: median('gaze'),
  };
}

/** Between the two nearest values, in proportion. */
function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  return below + (place % 1) * (sorted[Math.ceil(place)]! - below);
}

/** Takes the signals of two seconds as they come. */
export class Collector {
  private signals: FaceSignal[] = [];
  private first = Number.NaN;

  /** Takes the signal of `now` seconds; true once the time is over. */
  add(signal: FaceSignal, now: number): boolean {
    if (!Number.isFinite(this.first)) this.first = now;
    this.signals.push(signal);
    return now - this.first >= C.SECONDS;
  }

  /** Throws a PageError. */
  result(): UserCalibration {
    return collect(this.signals);
  }
}
