// Keeps a drive near what an avatar has learnt; `avatar/limits.py` defines it.
import type { Calibration } from '../file/calibration';
import { DEFAULT_LIMIT, FREE, TOGETHER } from '../tables';

/** Maps ARKit coefficients to those that an avatar can show. */
export class ExpressionLimit {
  private readonly low: Float64Array;
  private readonly high: Float64Array;
  private readonly room: Float64Array;
  /** (C, 37) */
  private readonly taken: Float64Array;
  private readonly inverse: number;

  constructor(
    private readonly calibration: Calibration,
    private readonly limit: number = DEFAULT_LIMIT,
  ) {
    this.low = calibration.low.slice();
    this.high = calibration.high.slice();
    for (const index of FREE) {
      this.low[index] = 0;
      this.high[index] = 1;
    }
    this.room = calibration.deviation.map((deviation) => limit * deviation);
    this.inverse = 1 / calibration.residual;
    const size = TOGETHER.length;
    this.taken = calibration.components.map((x, i) => {
      const deviation = calibration.componentDeviation[Math.floor(i / size)]!;
      return x * Math.sqrt(this.inverse ** 2 - deviation ** -2);
    });
  }

  /** (52) of what to show for coefficients (52). */
  apply(arkit: Float32Array): Float32Array {
    const shown = new Float64Array(arkit);
    for (let i = 0; i < shown.length; i++) {
      const near = Math.min(Math.max(shown[i]!, this.low[i]!), this.high[i]!);
      const room = this.room[i]!;
      shown[i] = near + room * Math.tanh((shown[i]! - near) * (1 / Math.max(room, 1e-9)));
    }
    this.hold(shown);
    return new Float32Array(shown);
  }

  /** Softly holds the combination to the distance from the mean that was seen. */
  private hold(shown: Float64Array): void {
    const { mean, reach } = this.calibration;
    const size = TOGETHER.length;
    const off = Float64Array.from(TOGETHER, (index, i) => shown[index]! - mean[i]!);
    let squared = this.inverse ** 2 * dot(off, off, 0);
    for (let row = 0; row < this.taken.length; row += size) squared -= dot(off, this.taken, row) ** 2;
    const distance = Math.sqrt(squared);
    const beyond = distance - reach;
    if (!(beyond > 0)) return;
    const held = reach + (this.limit ? this.limit * Math.tanh(beyond / this.limit) : 0);
    TOGETHER.forEach((index, i) => {
      shown[index] = mean[i]! + off[i]! * (held / distance);
    });
  }
}

function dot(a: Float64Array, b: Float64Array, from: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[from + i]!;
  return sum;
}
