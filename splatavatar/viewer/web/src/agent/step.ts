// Faces in step with their sound: each is drawn when the sound of its moment is heard.
import type { Face } from '../live/protocol';
import { Quickest } from '../room/sound/quickest';
import { between, mouthAtRest } from '../signal/between';
import type { FaceSignal } from '../signal/signal';

/** faces that may wait: four seconds of 30 a second */
const MOST_WAITING = 128;
/** milliseconds that the delay changes by in one: a face that is a third slower or faster for a moment still moves */
const SLEW = 0.3;
/** milliseconds back, and ahead, beyond which the sender's clock was set anew */
const BACK = 2_000;
const AHEAD = 10_000;
/** milliseconds, beyond which sound is no longer waited for */
const LONGEST = 1_000;
/** milliseconds between two faces: as long as nothing is known, the least and the most that count as a step */
const USUAL = 40;
const SHORTEST_STEP = 8;
const LONGEST_STEP = 120;
/** milliseconds without a face after which the mouth comes to rest, and that this takes */
const PATIENCE = 300;
const CLOSING = 200;

interface Waiting {
  signal: FaceSignal;
  /** milliseconds of the sender's clock: the middle of the time that the face is of */
  middle: number;
  /** when that time begins */
  time: number;
}

/** Holds faces back until their sound is heard, and goes evenly from one to the next.
 *
 * Faces carry the time of the clock of the sound that is sent: when what they are of begins, for as long as until the
 * next one. The quickest one on its way says what that clock shows here; how much longer sound is on its way is told by
 * `follow`. So neither the jitter of the network nor faces that are lost or overtaken move the mouth out of step.
 */
export class FaceStep {
  private faces: Waiting[] = [];
  private quickest = new Quickest();
  private latest = Number.NaN;
  private step = USUAL;
  /** the clock here, when sound is heard, less the one of the sender */
  private lag = Number.NaN;
  private wanted = 0;
  private moved = Number.NaN;
  private came = Number.NaN;

  /** Sound is heard `milliseconds` after a face of the same moment could be shown at the earliest. */
  follow(milliseconds: number): void {
    this.wanted = Math.min(Math.max(milliseconds, 0), LONGEST);
  }

  /** Takes a face that arrived `now` (milliseconds). */
  push({ signal }: Face, now: number): void {
    const time = 1000 * signal.time;
    if (time < this.latest - BACK || time > this.latest + AHEAD) this.reset();
    this.came = now;
    this.quickest.add(time, now);
    // An unordered channel may turn messages round, or bring one twice.
    let place = this.faces.length;
    while (place > 0 && this.faces[place - 1]!.time > time) place--;
    if (this.faces[place - 1]?.time === time) return;
    const after = time - this.latest;
    if (after >= SHORTEST_STEP && after <= LONGEST_STEP) this.step += 0.2 * (after - this.step);
    this.latest = Number.isNaN(this.latest) ? time : Math.max(this.latest, time);
    this.faces.splice(place, 0, { signal, time, middle: time + this.step / 2 });
    if (this.faces.length > MOST_WAITING) this.faces.shift();
  }

  /** The face to draw `now`; null before the first. */
  at(now: number): FaceSignal | null {
    if (!this.faces.length) return null;
    const due = this.due(now);
    // The one that is under way stays, to come from.
    while (this.faces.length > 1 && this.faces[1]!.middle <= due) this.faces.shift();
    const [from, to] = this.faces as [Waiting, Waiting | undefined];
    const share = to ? (due - from.middle) / (to.middle - from.middle) : 0;
    const face = to && share > 0 ? between(from.signal, to.signal, Math.min(share, 1)) : from.signal;
    const silent = now - this.came - this.wanted - PATIENCE;
    return silent > 0 ? mouthAtRest(face, Math.min(silent / CLOSING, 1)) : face;
  }

  /** Milliseconds of the sender's clock whose sound is heard `now`. */
  private due(now: number): number {
    const wanted = this.quickest.offset + this.wanted;
    const most = Number.isNaN(this.lag) ? Number.POSITIVE_INFINITY : SLEW * Math.max(now - this.moved, 0);
    const from = Number.isNaN(this.lag) ? wanted : this.lag;
    this.lag = from + Math.min(Math.max(wanted - from, -most), most);
    this.moved = now;
    return now - this.lag;
  }

  private reset(): void {
    this.faces = [];
    this.quickest = new Quickest();
    this.latest = this.lag = Number.NaN;
  }
}
