// A recording and its sound over time.
import { type FaceSignal, frameAt, frameOf, type Recording } from '../signal/signal';
import type { FaceSource } from '../signal/source';

const BLOCKED = 'The browser plays no sound before a click: press Play again.';
const UNKNOWN = 'This browser cannot play the sound: it is damaged, or of a kind that it does not know.';

/** Plays a recording; while there is sound, the sound is the clock. */
export class Player implements FaceSource {
  recording: Recording | null = null;
  name = '';
  loop = false;
  playing = false;
  readonly audio = new Audio();
  private hasSound = false;
  /** seconds at the moment `since`, by the page's clock */
  private from = 0;
  private since = 0;

  /** `changed` is called when playing starts or stops, `silent` is told in a sentence why there is no sound. */
  constructor(
    private readonly changed: () => void,
    private readonly silent: (why: string) => void,
  ) {
    this.audio.preload = 'auto';
  }

  load(recording: Recording, name: string): void {
    this.pause();
    this.recording = recording;
    this.name = name;
    this.seek(0);
  }

  /** Sound that is heard alongside; an object URL is let go of when another one comes. */
  loadSound(url: string): void {
    this.pause();
    if (this.audio.src.startsWith('blob:')) URL.revokeObjectURL(this.audio.src);
    this.audio.src = url;
    this.hasSound = true;
    this.seek(0);
  }

  get duration(): number {
    const time = this.recording?.time;
    const frames = time ? time[time.length - 1]! + 1 / this.recording!.fps : 0;
    if (!this.hasSound) return frames;
    // A sound that was written while it was recorded does not say how long it is.
    const { duration, currentTime } = this.audio;
    return Math.max(frames, Number.isFinite(duration) ? duration : currentTime);
  }

  get time(): number {
    if (!this.playing) return this.from;
    // Where the sound ends, the page's clock goes on from there.
    if (this.sounding) [this.from, this.since] = [this.audio.currentTime, performance.now()];
    return this.from + (performance.now() - this.since) / 1000;
  }

  /** The face of this moment; null without a recording. */
  now(): FaceSignal | null {
    if (this.playing && this.time >= this.duration && !this.sounding) this.end();
    if (!this.recording) return null;
    return frameOf(this.recording, frameAt(this.recording, this.time));
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
    if (this.playing || !(this.recording || this.hasSound)) return;
    if (this.from >= this.duration - 1e-3) this.seek(0);
    this.since = performance.now();
    this.playing = true;
    // Asked to play at its end, it would begin again.
    if (this.hasSound && !(this.from >= this.audio.duration)) {
      this.audio.currentTime = this.from;
      this.sound();
    }
    this.changed();
  }

  pause(): void {
    if (!this.playing) return;
    this.from = Math.min(this.time, this.duration);
    this.playing = false;
    this.audio.pause();
    this.changed();
  }

  seek(seconds: number): void {
    this.from = Math.min(Math.max(seconds, 0), this.duration);
    this.since = performance.now();
    if (this.hasSound) this.audio.currentTime = this.from;
  }

  /** To the moment of a frame. */
  seekFrame(frame: number): void {
    const time = this.recording?.time;
    if (time) this.seek(time[Math.min(Math.max(frame, 0), time.length - 1)]!);
  }

  /** Also while the sound has yet to come: the face waits for it. */
  private get sounding(): boolean {
    const { paused, ended, error } = this.audio;
    return this.hasSound && !paused && !ended && !error;
  }

  private sound(): void {
    this.audio.play().catch((error: unknown) => {
      const { name } = error as DOMException;
      if (name === 'NotAllowedError') this.silent(BLOCKED);
      if (name !== 'NotSupportedError') return;
      this.hasSound = false;
      this.silent(UNKNOWN);
    });
  }

  private end(): void {
    if (!this.playing) return;
    if (this.loop) {
      this.seek(0);
      if (this.hasSound) this.sound();
      return;
    }
    this.playing = false;
    this.audio.pause();
    this.from = this.duration;
    this.changed();
  }
}
