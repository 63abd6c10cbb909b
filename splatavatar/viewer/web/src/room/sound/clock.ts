// The clocks of sound that comes in packets.
import { Quickest } from './quickest';

/** milliseconds of a packet */
export const PACKET = 20;
/** milliseconds by which a packet may be out of step with those before it until they count as a new beginning */
const GAP = 200;

/** The time of each piece of a steady stream that is handed over unevenly: none before it was heard. */
export class PieceClock {
  private quickest = new Quickest();
  private count = 0;

  /** Milliseconds at which the piece that is handed over `now` began. */
  next(now: number): number {
    const time = PACKET * this.count++;
    if (Math.abs(now - time - this.quickest.offset) > GAP && this.count > 1) {
      this.quickest = new Quickest();
      this.count = 0;
      return this.next(now);
    }
    this.quickest.add(time, now);
    return this.quickest.offset + time - PACKET;
  }
}

/** milliseconds of sound that are held to begin with, at most, and added for each packet that came too late */
const LEAD = 60;
const MOST = 240;
const MORE = 20;
/** milliseconds that sound is held longer than needed until it begins anew */
const SLACK = 120;

/** When to play packets that come over a network, in milliseconds of one clock. */
export class PacketSchedule {
  private lead = LEAD;
  /** the clock here less the one of the sender */
  private base = Number.NaN;
  private last = Number.NaN;

  /** When to play the packet of the sender's `time` that arrived `now`; null: it came too late. */
  next(time: number, now: number): number | null {
    const after = time - this.last;
    if (after <= 0 && after > -GAP) return null; // again, or overtaken
    let at = this.base + time;
    const early = at - now;
    if (!(after < GAP && after > 0) || !(early < this.lead + SLACK)) at = this.anchor(time, now);
    else if (early < 0) {
      this.lead = Math.min(this.lead + MORE, MOST);
      at = this.anchor(time, now);
    }
    this.last = time;
    return at;
  }

  private anchor(time: number, now: number): number {
    this.base = now + this.lead - time;
    return now + this.lead;
  }
}
