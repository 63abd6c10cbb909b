// When a face is shown: as late as its sound is heard.
import type { Face } from '../../live/protocol';
import { isNewer } from '../../live/protocol';
import { Quickest } from './quickest';

/** faces that may wait: two seconds of 30 a second */
const MOST_WAITING = 64;
/** milliseconds that the delay changes by in one: a face that is a third slower or faster for a moment still moves */
const SLEW = 0.3;
/** milliseconds, beyond which a clock was set anew */
const JUMP = 10_000;
/** milliseconds, beyond which sound is no longer waited for */
const LONGEST = 1_000;
/** milliseconds that a face is old on average: half of the time between two faces, and between two pictures */
const AGE = 25;

/** Holds the faces of one person back until they are due.
 *
 * Faces carry the time of their sender's clock. The quickest one on its way says what that clock shows here; the rest
 * were late by the jitter of the network, which showing them by their own time takes out.
 */
export class FacePlayout {
  private waiting: { face: Face; time: number }[] = [];
  private shown: Face | null = null;
  private latest: number | null = null;
  private quickest = new Quickest();
  private delay = 0;
  private moved = Number.NaN;
  /** milliseconds that sound takes longer than the quickest message, until it is heard */
  private wanted = 0;

  /** The sound is heard `milliseconds` after a face of the same moment could be shown at the earliest. */
  follow(milliseconds: number): void {
    this.wanted = Math.min(Math.max(milliseconds - AGE, 0), LONGEST);
  }

  /** The sound of the moment `time` of the sender's clock is heard `now`: both in milliseconds. */
  heard(time: number, now: number): void {
    if (Number.isFinite(this.quickest.offset)) this.follow(now - time - this.quickest.offset);
  }

  /** Takes a message that arrived `now`. */
  push(face: Face, now: number): void {
    const time = 1000 * face.signal.time;
    if (this.latest !== null && Math.abs(time - this.latest) > JUMP) this.reset();
    else if (this.shown && !isNewer(face.sequence, this.shown.sequence)) return;
    this.latest = time;
    this.quickest.add(time, now);
    // An unordered channel may turn two messages round.
    let place = this.waiting.length;
    while (place > 0 && this.waiting[place - 1]!.time > time) place--;
    this.waiting.splice(place, 0, { face, time });
    if (this.waiting.length > MOST_WAITING) this.waiting.shift();
  }

  /** The face to show `now`; null before the first. */
  at(now: number): Face | null {
    const step = Number.isNaN(this.moved) ? Number.POSITIVE_INFINITY : SLEW * (now - this.moved);
    this.moved = now;
    this.delay += Math.min(Math.max(this.wanted - this.delay, -step), step);
    const due = now - this.quickest.offset - this.delay;
    let count = 0;
    while (count < this.waiting.length && this.waiting[count]!.time <= due) count++;
    if (count) this.shown = this.waiting.splice(0, count)[count - 1]!.face;
    // Who comes in sees the present face at once.
    return this.shown ?? this.waiting[0]?.face ?? null;
  }

  /** Whether a face waits for its time. */
  get pending(): boolean {
    return this.waiting.length > 0;
  }

  private reset(): void {
    this.waiting = [];
    this.shown = null;
    this.quickest = new Quickest();
  }
}

/** What of a stats report says how long sound waits: seconds summed over samples, and samples. */
export interface Waited {
  buffered: number;
  emitted: number;
  played: number;
  samples: number;
}

/** milliseconds of a packet of sound, which is sent when its last sample was heard */
export const PACKET = 20;

/** Reads the sums of a report of `getStats`; zero where the browser has none. */
export function waited(report: Iterable<Record<string, unknown>>): Waited {
  const out: Waited = { buffered: 0, emitted: 0, played: 0, samples: 0 };
  const number = (value: unknown) => (typeof value === 'number' ? value : 0);
  for (const each of report) {
    if (each.type === 'inbound-rtp' && each.kind === 'audio') {
      out.buffered = number(each.jitterBufferDelay);
      out.emitted = number(each.jitterBufferEmittedCount);
    } else if (each.type === 'media-playout') {
      out.played = number(each.totalPlayoutDelay);
      out.samples = number(each.totalSamplesCount);
    }
  }
  return out;
}

/** Milliseconds between the arrival of sound and its being heard, lately; null where none was heard. */
export function soundDelay(before: Waited, now: Waited): number | null {
  const emitted = now.emitted - before.emitted;
  if (!(emitted > 0)) return null;
  const samples = now.samples - before.samples;
  const played = samples > 0 ? (now.played - before.played) / samples : 0;
  return PACKET + 1000 * ((now.buffered - before.buffered) / emitted + played);
}
