import type { FaceSignal } from './signal';

/** What moves a face: a recording, a driver that is followed, the viewer's own camera. */
export interface FaceSource {
  /** The face of this moment; null while there is none. */
  now(): FaceSignal | null;
  /** Whether the face changes by itself from picture to picture; else the source asks for a picture when it has one. */
  readonly moving: boolean;
  close(): void;
}

/** Chooses between sources: the one that began last is shown, and where it has no face yet, the one beneath. */
export class Sources {
  private live: FaceSource | null = null;

  /** `beneath` is always there. */
  constructor(private readonly beneath: FaceSource) {}

  /** The source that began last; null while there is only the one beneath. */
  get current(): FaceSource | null {
    return this.live;
  }

  /** Shows `source` from now on, in place of the one that was shown; null: the one beneath. */
  begin(source: FaceSource | null): void {
    this.live?.close();
    this.live = source;
  }

  /** Ends `source`, unless another one took its place already. */
  end(source: FaceSource): void {
    if (this.live === source) this.begin(null);
  }

  now(): FaceSignal | null {
    return this.live?.now() ?? this.beneath.now();
  }

  get moving(): boolean {
    return this.beneath.moving || (this.live?.moving ?? false);
  }
}
