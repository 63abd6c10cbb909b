// Who speaks: loudness with patience, so that a pause between words is none.

/** root mean square above which a voice is one, and below which it no longer is */
const LOUD = 0.02;
const QUIET = 0.01;
/** milliseconds that a pause may take */
const PAUSE = 500;

export class Speaking {
  private is = false;
  private until = 0;

  /** Whether somebody speaks whose loudness is `level` (0 to 1) at `now`. */
  hear(level: number, now: number): boolean {
    if (level > (this.is ? QUIET : LOUD)) {
      this.is = true;
      this.until = now + PAUSE;
    } else if (now > this.until) this.is = false;
    return this.is;
  }
}
