/** Learns a quantile of a value over time; `drive/face/running_quantile.py` defines it. */
export class RunningQuantile {
  private age = 0;

  /** The quantile `share`, `value` to begin with, kept within `low` and `high`; after `seconds` the pace stays. */
  constructor(
    private readonly share: number,
    private value: number,
    private readonly low: number,
    private readonly high: number,
    private readonly seconds: number,
  ) {}

  /** The quantile after `value`, which stands for `since` seconds. */
  after(value: number, since: number): number {
    this.age = Math.min(this.age + since, this.seconds);
    if (since > 0) {
      const step = ((this.high - this.low) / 4) * Math.min(since / this.age, 0.25);
      const near = Math.min(Math.max((value - this.value) / Math.max(step, 1e-12), -1), 1);
      this.value += step * (this.share * Math.max(near, 0) + (1 - this.share) * Math.min(near, 0));
      this.value = Math.min(Math.max(this.value, this.low), this.high);
    }
    return this.value;
  }
}
