// How fine a moving picture is drawn: as fine as the device draws fluently. A still one is always drawn whole.

const SLOW = 45;
const FAST = 24;
const LEAST = 0.3;
const FRAMES = 4;

export class Pace {
  /** of the width and height, while something moves */
  scale = 1;
  fps = 0;
  private last = 0;
  private slow = 0;
  private fast = 0;

  /** A picture is drawn at `now` (milliseconds), `moving` on from the one before. */
  tick(now: number, moving: boolean): void {
    const step = now - this.last;
    this.last = now;
    if (!moving || step > 2000) return;
    this.fps += 0.15 * (1000 / Math.max(step, 1) - this.fps);
    this.slow = step > SLOW ? this.slow + 1 : 0;
    this.fast = step < FAST ? this.fast + 1 : 0;
    if (this.slow >= FRAMES) {
      this.scale = Math.max(LEAST, this.scale * 0.75);
      this.slow = 0;
    } else if (this.fast >= 10 * FRAMES) {
      this.scale = Math.min(1, this.scale * 1.15);
      this.fast = 0;
    }
  }
}
