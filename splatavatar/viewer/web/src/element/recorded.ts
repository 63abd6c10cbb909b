import { Playback } from '../recorded/playback';
import { type FaceSignal, frameAt, frameOf, type Recording } from '../signal/signal';
import type { FaceSource } from '../signal/source';

/** A recorded face by its own clock, or by that of a sound or film of the page. */
export class Recorded implements FaceSource {
  private recording: Recording | null = null;
  private readonly player: Playback;
  private clock: HTMLMediaElement | null = null;
  private listening = new AbortController();

  /** `changed` is called when the face may be another one. */
  constructor(private readonly changed: () => void) {
    this.player = new Playback(changed);
  }

  /** Plays `recording`, null: nothing, from now on. */
  load(recording: Recording | null): void {
    this.recording = recording;
    this.player.pause();
    if (recording) {
      this.player.load(recording);
      if (!this.clock) this.player.play();
    } else this.player.recording = null;
    this.changed();
  }

  /** The sound or film that says which moment it is; null: the recording plays by itself. */
  get media(): HTMLMediaElement | null {
    return this.clock;
  }

  set media(media: HTMLMediaElement | null) {
    if (media === this.clock) return;
    this.listening.abort();
    this.listening = new AbortController();
    this.clock = media;
    if (media) this.player.pause();
    for (const name of ['play', 'pause', 'seeked', 'timeupdate', 'ended'])
      media?.addEventListener(name, this.changed, { signal: this.listening.signal });
    this.changed();
  }

  set loop(loop: boolean) {
    this.player.loop = loop;
  }

  async play(): Promise<void> {
    if (this.clock) await this.clock.play();
    else this.player.play();
  }

  pause(): void {
    (this.clock ?? this.player).pause();
  }

  now(): FaceSignal | null {
    const { clock, recording } = this;
    if (!clock || !recording) return this.player.now();
    return frameOf(recording, frameAt(recording, clock.currentTime));
  }

  get moving(): boolean {
    const { clock } = this;
    return this.recording !== null && (clock ? !clock.paused && !clock.ended : this.player.playing);
  }

  close(): void {
    this.listening.abort();
    this.player.pause();
  }
}
