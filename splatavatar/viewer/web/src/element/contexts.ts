// Browsers keep 16 WebGL contexts alive, on some phones 8, and take away the oldest when one more is made.

/** Who draws with a context of its own. */
export interface Holder {
  /** whether it is on the screen */
  readonly seen: boolean;
  /** Called when its context goes to another one. */
  release(): void;
  /** Called when it may ask again, having been refused. */
  retry(): void;
}

/** Shares `most` contexts between any number of holders: those off the screen give theirs to those on it. */
export class Contexts {
  private readonly holders = new Set<Holder>();
  private readonly waiting = new Set<Holder>();

  constructor(private readonly most: number) {}

  /** Whether `holder` may make a context now; where not, it is told when to ask again. */
  take(holder: Holder): boolean {
    if (this.holders.size >= this.most) {
      const idle = [...this.holders].find((other) => !other.seen);
      if (!idle || !holder.seen) {
        this.waiting.add(holder);
        return false;
      }
      this.holders.delete(idle);
      idle.release();
    }
    this.waiting.delete(holder);
    this.holders.add(holder);
    return true;
  }

  /** `holder` needs none any more. */
  give(holder: Holder): void {
    this.waiting.delete(holder);
    if (this.holders.delete(holder)) this.next();
  }

  /** `holder` left the screen: who waits may have its context. */
  idle(holder: Holder): void {
    if (this.holders.has(holder)) this.next();
  }

  private next(): void {
    [...this.waiting].find((other) => other.seen)?.retry();
  }
}
