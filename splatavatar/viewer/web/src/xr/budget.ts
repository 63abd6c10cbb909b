// Keeps a headset's pictures in time by the level of detail.

/** pictures that are judged together */
const SPAN = 36;
/** of the time of a picture, from which on it came too late */
const LATE = 1.25;
/** spans of pictures in time after which a finer level is tried, and at most, where the last trial failed */
const PATIENCE = 20;
const MOST_PATIENCE = 640;
/** of the time of a picture that the processor may take before a finer level is tried */
const EASE = 0.35;

/** Chooses a level of detail so that pictures come at `rate` a second. */
export class Budget {
  private count = 0;
  private time = 0;
  private work = 0;
  private calm = 0;
  private patience = PATIENCE;
  private tried = false;

  constructor(
    public level: number,
    private readonly coarsest: number,
    readonly rate = 72,
  ) {}

  /** A picture came `interval` milliseconds after the last one and took `work` of the processor. Whether `level` changed. */
  tick(interval: number, work: number): boolean {
    // A headset that was taken off says nothing about its speed.
    if (interval > 1000) return false;
    this.time += interval;
    this.work += work;
    if (++this.count < SPAN) return false;
    const [mean, worked] = [this.time / SPAN, this.work / SPAN];
    this.count = this.time = this.work = 0;
    const due = 1000 / this.rate;
    if (mean > LATE * due) {
      this.calm = 0;
      if (this.tried) this.patience = Math.min(2 * this.patience, MOST_PATIENCE);
      this.tried = false;
      if (this.level === this.coarsest) return false;
      this.level++;
      return true;
    }
    this.calm++;
    if (this.level === 0 || this.calm < this.patience || worked > EASE * due) return false;
    this.calm = 0;
    this.tried = true;
    this.level--;
    return true;
  }
}
