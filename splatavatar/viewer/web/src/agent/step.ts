// Faces in step with their sound: each is drawn when the sound of its moment is heard.
import type { Face } from '../live/protocol';
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
/** share of the newest face in what is the average: that of about two seconds */
const LATELY = 0.02;
/** milliseconds off the average, and faces in a row, that are no jitter: the sender stood still, or its clock did */
const OFF = 200;
const OFTEN = 5;
/** milliseconds from asking which face is due until it is seen: until it is drawn, and shown by the screen */
const SEEN = 30;
/** milliseconds between two faces: as long as nothing is known, the least and the most that count as a step */
const USUAL = 40;
const SHORTEST_STEP = 8;
const LONGEST_STEP = 120;
/** share of the newest step in what counts as one */
const SHARE = 0.2;
/** messages are counted up to here */
const SEQUENCES = 1 << 16;
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
 * next one. When they come, on average, says what that clock shows here, and `follow` how much later sound is heard that
 * came with them. So neither the jitter of the network nor faces that are lost or overtaken move the mouth out of step.
 */
export class FaceStep {
  private faces: Waiting[] = [];
  /** milliseconds: the clock here, when a face comes, less the one of the sender; on average */
  private coming = Number.NaN;
  private count = 0;
  private off = 0;
  private latest = Number.NaN;
  private sequence = 0;
  private step = USUAL;
  /** the clock here, when sound is heard, less the one of the sender */
  private lag = Number.NaN;
  private wanted = 0;
  private moved = Number.NaN;
  private came = Number.NaN;

  /** Sound is heard `milliseconds` after it has come. */
  follow(milliseconds: number): void {
    this.wanted = Math.min(Math.max(milliseconds - SEEN, -SEEN), LONGEST);
  }

  /** Takes a face that arrived `now` (milliseconds). */
  push({ signal, sequence }: Face, now: number): void {
    const time = 1000 * signal.time;
    if (time < this.latest - BACK || time > this.latest + AHEAD) this.reset();
    this.came = now;
    this.average(now - time);
    // An unordered channel may turn messages round, or bring one twice.
    let place = this.faces.length;
    while (place > 0 && this.faces[place - 1]!.time > time) place--;
    if (this.faces[place - 1]?.time === time) return;
    if (!(time < this.latest)) {
      const steps = (sequence - this.sequence + SEQUENCES) % SEQUENCES;
      const step = (time - this.latest) / Math.max(steps, 1);
      if (step >= SHORTEST_STEP && step <= LONGEST_STEP) this.step += SHARE * (step - this.step);
      [this.latest, this.sequence] = [time, sequence];
    }
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

  private average(coming: number): void {
    this.off = Math.abs(coming - this.coming) > OFF ? this.off + 1 : 0;
    if (this.off >= OFTEN) {
      this.count = this.off = 0;
      this.lag = Number.NaN;
    }
    this.count += 1;
    if (this.count === 1) this.coming = coming;
    else if (!this.off) this.coming += Math.max(LATELY, 1 / this.count) * (coming - this.coming);
  }

  /** Milliseconds of the sender's clock whose sound is heard `now`. */
  private due(now: number): number {
    const wanted = this.coming + this.wanted;
    const most = Number.isNaN(this.lag) ? Number.POSITIVE_INFINITY : SLEW * Math.max(now - this.moved, 0);
    const from = Number.isNaN(this.lag) ? wanted : this.lag;
    this.lag = from + Math.min(Math.max(wanted - from, -most), most);
    this.moved = now;
    return now - this.lag;
  }

  private reset(): void {
    this.faces = [];
    this.count = this.off = 0;
    this.latest = this.lag = Number.NaN;
  }
}
