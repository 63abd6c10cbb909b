/** milliseconds over which the quickest one counts */
const WINDOW = 5_000;

/** How far a clock here is ahead of the clock of what comes: of delays that vary, the least one says it best.
 *
 * Clocks drift, so what is long ago no longer counts.
 */
export class Quickest {
  private now = Number.POSITIVE_INFINITY;
  private before = Number.POSITIVE_INFINITY;
  private since = Number.NEGATIVE_INFINITY;

  /** Takes what came at `now` and says of itself that it is of `time`, both in milliseconds. */
  add(time: number, now: number): void {
    if (now - this.since > WINDOW) {
      this.before = this.now;
      this.now = Number.POSITIVE_INFINITY;
      this.since = now;
    }
    this.now = Math.min(this.now, now - time);
  }

  /** Milliseconds; infinite before anything has come. */
  get offset(): number {
    return Math.min(this.now, this.before);
  }
}
