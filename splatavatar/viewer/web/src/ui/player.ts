// A recording and its sound over time.
import { Playback } from '../recorded/playback';

const BLOCKED = 'The browser plays no sound before a click: press Play again.';
const UNKNOWN = 'This browser cannot play the sound: it is damaged, or of a kind that it does not know.';

/** Plays a recording, a sound or both; while there is sound, the sound is the clock. */
export class Player extends Playback {
  readonly audio = new Audio();
  private hasSound = false;

  /** `changed` is called when playing starts or stops, `silent` is told in a sentence why there is no sound. */
  constructor(
    changed: () => void,
    private readonly silent: (why: string) => void,
  ) {
    super(changed);
    this.audio.preload = 'auto';
  }

  /** Sound that is heard alongside; an object URL is let go of when another one comes. */
  loadSound(url: string): void {
    this.pause();
    if (this.audio.src.startsWith('blob:')) URL.revokeObjectURL(this.audio.src);
    this.audio.src = url;
    this.hasSound = true;
    this.seek(0);
  }

  override get duration(): number {
    if (!this.hasSound) return super.duration;
    // A sound that was written while it was recorded does not say how long it is.
    const { duration, currentTime } = this.audio;
    return Math.max(super.duration, Number.isFinite(duration) ? duration : currentTime);
  }

  override get time(): number {
    // Where the sound ends, the page's clock goes on from there.
    if (this.sounding) {
      this.from = this.audio.currentTime;
      this.since = performance.now();
    }
    return super.time;
  }

  override play(): void {
    if (this.playing) return;
    super.play();
    this.sound();
  }

  override pause(): void {
    super.pause();
    this.audio.pause();
  }

  override seek(seconds: number): void {
    super.seek(seconds);
    if (this.hasSound) this.audio.currentTime = this.from;
  }

  protected override get playable(): boolean {
    return super.playable || this.hasSound;
  }

  protected override end(): void {
    if (this.sounding) return;
    super.end();
    if (this.playing) this.sound();
  }

  /** Also while the sound has yet to come: the face waits for it. */
  private get sounding(): boolean {
    const { paused, ended, error } = this.audio;
    return this.playing && this.hasSound && !paused && !ended && !error;
  }

  private sound(): void {
    // Asked to play at its end, it would begin again.
    if (!this.hasSound || this.from >= this.audio.duration) return;
    this.audio.currentTime = this.from;
    this.audio.play().catch((error: unknown) => {
      const { name } = error as DOMException;
      if (name === 'NotAllowedError') this.silent(BLOCKED);
      if (name !== 'NotSupportedError') return;
      this.hasSound = false;
      this.silent(UNKNOWN);
    });
  }
}
