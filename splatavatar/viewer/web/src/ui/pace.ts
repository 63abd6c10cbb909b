// How fine a moving picture is drawn: as fine as the device draws fluently. A still one is always drawn whole.

const SLOW = 45;
const FAST = 24;
const LEAST = 0.3;
/** pictures in a row after which it is finer again, and coarser */
const PATIENCE = 40;
const IMPATIENCE = 2;
/** milliseconds after which a picture is no step of a movement */
const PAUSE = 5000;

export class Pace {
  /** of the width and height, while something moves */
  scale = 1;
  private last = 0;
  private slow = 0;
  private fast = 0;

  /** A picture is drawn at `now` (milliseconds), `moving` on from the one before. */
  tick(now: number, moving: boolean): void {
    const step = now - this.last;
    this.last = now;
    if (!moving || step > PAUSE) return;
    this.slow = step > SLOW ? this.slow + 1 : 0;
    this.fast = step < FAST ? this.fast + 1 : 0;
    if (this.slow >= IMPATIENCE) {
      // The cost goes with the number of pixels.
      this.scale = Math.max(LEAST, this.scale * Math.max(0.5, Math.sqrt(SLOW / step)));
      this.slow = 0;
    } else if (this.fast >= PATIENCE) {
      this.scale = Math.min(1, this.scale * 1.15);
      this.fast = 0;
    }
  }
}
