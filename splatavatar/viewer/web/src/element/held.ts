import type { FaceSignal } from '../signal/signal';
import type { FaceSource } from '../signal/source';

/** The newest face that somebody gave; it stays until another one comes. */
export class Held implements FaceSource {
  /** a face that comes is a change, none moves on by itself */
  readonly moving = false;
  private newest: FaceSignal | null = null;

  take(signal: FaceSignal): void {
    this.newest = signal;
  }

  now(): FaceSignal | null {
    return this.newest;
  }

  close(): void {
    this.newest = null;
  }
}
