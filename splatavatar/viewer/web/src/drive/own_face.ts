import { FaceFilter } from '../signal/filter';
import type { FaceSignal } from '../signal/signal';
import type { FaceSource } from '../signal/source';

/** What a source of the viewer's own tells. */
export interface Told {
  /** a new face is there */
  changed(): void;
  /** it ended, by itself or by another source that took its place; why, where something went wrong */
  ended(error?: unknown): void;
  /** sentences on the way */
  say(text: string): void;
}

/** A face that is made on this device: what the viewer's camera sees or the microphone hears. */
export abstract class OwnFace implements FaceSource {
  /** a face that comes is a change, none moves on by itself */
  readonly moving = false;
  protected closed = false;
  private readonly filter = new FaceFilter();
  private newest: FaceSignal | null = null;

  constructor(protected readonly told: Told) {}

  now(): FaceSignal | null {
    return this.newest;
  }

  close(error?: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.release();
    this.told.ended(error);
  }

  protected abstract release(): void;

  /** Shows `signal`, without its jitter; a face that is lost stays as it was. */
  protected show(signal: FaceSignal): void {
    if (this.closed || !signal.confidence) return;
    this.newest = this.filter.apply(signal);
    this.told.changed();
  }
}
