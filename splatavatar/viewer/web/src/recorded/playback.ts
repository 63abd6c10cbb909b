// A recording over time.
import { type FaceSignal, frameAt, frameOf, type Recording } from '../signal/signal';
import type { FaceSource } from '../signal/source';

/** Plays a recording by the page's clock. */
export class Playback implements FaceSource {
  recording: Recording | null = null;
  name = '';
  loop = false;
  playing = false;
  /** seconds at the moment `since`, by the page's clock */
  protected from = 0;
  protected since = 0;

  /** `changed` is called when playing starts or stops. */
  constructor(private readonly changed: () => void) {}

  load(recording: Recording, name = ''): void {
    this.pause();
    this.recording = recording;
    this.name = name;
    this.seek(0);
  }

  get duration(): number {
    const time = this.recording?.time;
    return time ? time[time.length - 1]! + 1 / this.recording!.fps : 0;
  }

  get time(): number {
    return this.playing ? this.from + (performance.now() - this.since) / 1000 : this.from;
  }

  /** The face of this moment; null without a recording. */
  now(): FaceSignal | null {
    if (this.playing && this.time >= this.duration) this.end();
    if (!this.recording) return null;
    return frameOf(this.recording, this.frame);
  }

  get moving(): boolean {
    return this.playing;
  }

  close(): void {
    this.pause();
  }

  get frame(): number {
    return this.recording ? frameAt(this.recording, this.time) : 0;
  }

  play(): void {
    if (this.playing || !this.playable) return;
    if (this.from >= this.duration - 1e-3) this.seek(0);
    this.since = performance.now();
    this.playing = true;
    this.changed();
  }

  pause(): void {
    if (!this.playing) return;
    this.from = Math.min(this.time, this.duration);
    this.playing = false;
    this.changed();
  }

  seek(seconds: number): void {
    this.from = Math.min(Math.max(seconds, 0), this.duration);
    this.since = performance.now();
  }

  /** To the moment of a frame. */
  seekFrame(frame: number): void {
    const time = this.recording?.time;
    if (time) this.seek(time[Math.min(Math.max(frame, 0), time.length - 1)]!);
  }

  protected get playable(): boolean {
    return this.recording !== null;
  }

  protected end(): void {
    if (this.loop) this.seek(0);
    else this.pause();
  }
}
