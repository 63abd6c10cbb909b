// When received sound is heard, from what browsers tell of it.
import { PACKET, soundDelay, type Waited, waited } from '../room/sound/playout';

/** ticks a millisecond of the time of packets of sound */
const TICKS = 48;
const WRAPS = 2 ** 32;
/** milliseconds between two reports that count as one interval, at least */
const INTERVAL = 400;
/** intervals over which the constant between the two clocks is the mean */
const INTERVALS = 12;
/** milliseconds, beyond which packets count from another beginning */
const JUMP = 2_000;

/** How long sound is on its way, at every moment.
 *
 * Two sources say it. The figures of the connection: how long samples waited to be heard, on the average of an interval.
 * And which packet was handed on when: exact at once, but only up to a constant, since packets count from a random
 * number. The first one over some intervals gives the constant, the second one the rest.
 */
export class HeardDelay {
  private before: { at: number; sums: Waited } | null = null;
  private readonly constants: number[] = [];
  private ticks = Number.NaN;
  /** milliseconds, of the packets that were handed on lately: the clock here less theirs */
  private lag = Number.NaN;
  private sum = 0;
  private count = 0;
  private mean = Number.NaN;

  /** Milliseconds between the coming of a packet and its being heard, now; null as long as nobody knows. */
  get delay(): number | null {
    const { constants } = this;
    if (Number.isFinite(this.lag) && constants.length)
      return this.lag + constants.reduce((sum, each) => sum + each, 0) / constants.length;
    return Number.isFinite(this.mean) ? this.mean : null;
  }

  /** The packet of `rtp` (ticks) was handed on at `at` (milliseconds). */
  handed(rtp: number, at: number): void {
    const ahead = Number.isNaN(this.ticks) ? 0 : ((rtp - this.ticks + 1.5 * WRAPS) % WRAPS) - WRAPS / 2;
    const before = this.lag;
    this.ticks = Number.isNaN(this.ticks) ? rtp : this.ticks + ahead;
    this.lag = at - this.ticks / TICKS;
    if (Math.abs(this.lag - before) > JUMP) this.constants.length = 0;
    this.sum += this.lag;
    this.count += 1;
  }

  /** Takes a report of the receiver of `now` (milliseconds). */
  reported(report: Iterable<Record<string, unknown>>, now: number): void {
    const { before } = this;
    if (before && now - before.at < INTERVAL) return;
    const sums = waited(report);
    this.before = { at: now, sums };
    const delay = before ? soundDelay(before.sums, sums) : null;
    if (delay !== null) {
      // A packet leaves when its first sample is due: there is no microphone that had to hear the last one.
      this.mean = delay - PACKET;
      if (this.count) this.constants.push(this.mean - this.sum / this.count);
      if (this.constants.length > INTERVALS) this.constants.shift();
    }
    this.sum = this.count = 0;
  }
}
