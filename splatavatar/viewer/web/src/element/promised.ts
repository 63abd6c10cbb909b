/** A promise that can be made again. Nobody has to listen to it. */
export class Promised {
  promise!: Promise<void>;
  private resolve: (() => void) | null = null;
  private reject: ((error: unknown) => void) | null = null;

  constructor() {
    this.renew();
  }

  /** A new promise, unless the one there is still stands. */
  renew(): void {
    if (this.resolve) return;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }

  keep(): void {
    this.resolve?.();
    this.resolve = this.reject = null;
  }

  break(error: unknown): void {
    this.reject?.(error);
    this.resolve = this.reject = null;
  }
}
