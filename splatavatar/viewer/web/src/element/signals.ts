// What moves the face of an element: a driver that it follows, a recording that it plays, a page that gives it faces.
import { PageError } from '../errors';
import { Follower, liveAddress } from '../live/follower';
import { LARGEST_SIGNAL, readRecording } from '../recorded/read';
import type { FaceSignal } from '../signal/signal';
import { Sources } from '../signal/source';
import { fetchFile, fileName } from '../ui/fetching';
import { Held } from './held';
import { Recorded } from './recorded';

/** What the element is told. */
export interface Listener {
  /** The face may be another one. */
  changed(): void;
  /** The driver is connected, or not any more. */
  connected(is: boolean): void;
  failed(error: unknown): void;
}

export class Signals {
  readonly recorded: Recorded;
  private readonly held = new Held();
  private readonly sources: Sources;
  private follower: Follower | null = null;
  private loading = new AbortController();

  constructor(private readonly listener: Listener) {
    this.recorded = new Recorded(() => listener.changed());
    this.sources = new Sources(this.recorded);
  }

  /** Follows the driver or plays the recording at `address`, in place of the one before; null: neither. */
  async begin(address: string | null): Promise<void> {
    this.end();
    if (!address) return;
    const loading = new AbortController();
    this.loading = loading;
    try {
      const live = liveAddress(address, document.baseURI);
      if (live) this.follow(live);
      else await this.play(address, loading.signal);
    } catch (error) {
      if (!loading.signal.aborted) this.listener.failed(error);
    }
  }

  /** Shows `signal` until a newer face comes. */
  apply(signal: FaceSignal): void {
    if (this.sources.current !== this.held) this.sources.begin(this.held);
    this.held.take(signal);
    this.listener.changed();
  }

  /** Shows the recording again, and plays it. */
  async resume(): Promise<void> {
    this.sources.begin(null);
    await this.recorded.play();
  }

  now(): FaceSignal | null {
    return this.sources.now();
  }

  get moving(): boolean {
    return this.sources.moving;
  }

  /** Lets go of the driver and the recording. */
  end(): void {
    this.loading.abort();
    this.follower?.close();
    this.follower = null;
    this.recorded.load(null);
  }

  private follow(address: string): void {
    let was: boolean | null = null;
    try {
      this.follower = new Follower(address, {
        face: (signal) => this.apply(signal),
        connected: (is) => {
          if (is || was) this.listener.connected(is);
          else if (was === null)
            this.listener.failed(new PageError('The driver cannot be reached; the element keeps trying.'));
          was = is;
        },
        wrong: (message) => this.listener.failed(new PageError(message)),
      });
    } catch {
      throw new PageError(`The driver's address is none that this page may follow: ${address.slice(0, 80)}.`);
    }
  }

  private async play(url: string, until: AbortSignal): Promise<void> {
    const bytes = new Uint8Array(await fetchFile(url, 'signal', LARGEST_SIGNAL, until));
    const recording = await readRecording(fileName(url), bytes, null, () => {});
    if (until.aborted) return;
    this.sources.begin(null);
    this.recorded.load(recording);
  }
}
