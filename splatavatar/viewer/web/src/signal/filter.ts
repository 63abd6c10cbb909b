// Takes the jitter out of a face signal: One-Euro filters; `drive/face/filter.py` defines them.
import { FILTER_TOGETHER, FILTERS, LONGEST_STEP } from '../tables';
import { COEFFICIENTS, type FaceSignal } from './signal';

const SIZE = FILTERS.length;
const GAZE = COEFFICIENTS + 6;

/** Filters signals, one after the other. */
export class FaceFilter {
  private time = Number.NaN;
  private raw: Float64Array = new Float64Array(SIZE);
  private readonly speed = new Float64Array(SIZE);
  private value: Float64Array = new Float64Array(SIZE);
  private looked = false;

  /** `signal` without jitter, as of `now` seconds. */
  apply(signal: FaceSignal, now: number = signal.time): FaceSignal {
    const values = toVector(signal).map((value, i) => (Number.isFinite(value) ? value : this.raw[i]!));
    const looks = values.subarray(GAZE).some((angle) => angle !== 0);
    const step = now - this.time;
    if (!(step >= 0 && step <= LONGEST_STEP)) {
      this.speed.fill(0);
      this.raw = values;
      this.value = values.slice();
    } else if (step > 0) {
      if (looks && !this.looked) {
        // No gaze was measured before: there is nothing to come from.
        this.raw.set(values.subarray(GAZE), GAZE);
        this.value.set(values.subarray(GAZE), GAZE);
      }
      this.advance(values, step);
    }
    if (Number.isFinite(now)) this.time = now;
    this.looked = looks;
    const filtered = fromVector(this.value, signal.time, signal.confidence);
    if (!looks) filtered.gaze.fill(0);
    return filtered;
  }

  private advance(values: Float64Array, step: number): void {
    const squares = new Float64Array(SIZE);
    for (let i = 0; i < SIZE; i++) {
      this.speed[i]! += share(FILTERS[i]![2], step) * ((values[i]! - this.raw[i]!) / step - this.speed[i]!);
      squares[FILTER_TOGETHER[i]!]! += this.speed[i]! ** 2;
    }
    for (let i = 0; i < SIZE; i++) {
      const cutoff = FILTERS[i]![0] + FILTERS[i]![1] * Math.sqrt(squares[FILTER_TOGETHER[i]!]!);
      this.value[i]! += share(cutoff, step) * (values[i]! - this.value[i]!);
    }
    this.raw = values;
  }
}

/** Of the way to the new value that a filter of `cutoff` Hz goes in `step` seconds. */
function share(cutoff: number, step: number): number {
  return 1 / (1 + 1 / (2 * Math.PI * cutoff * step));
}

function toVector(signal: FaceSignal): Float64Array {
  return Float64Array.from([...signal.arkit, ...signal.headRotation, ...signal.headTranslation, ...signal.gaze]);
}

function fromVector(values: Float64Array, time: number, confidence: number): FaceSignal {
  const part = (from: number, to: number) => new Float32Array(values.subarray(from, to));
  return {
    time,
    arkit: part(0, COEFFICIENTS).map((value) => Math.min(Math.max(value, 0), 1)),
    headRotation: part(COEFFICIENTS, COEFFICIENTS + 3),
    headTranslation: part(COEFFICIENTS + 3, GAZE),
    gaze: part(GAZE, SIZE),
    confidence,
  };
}
