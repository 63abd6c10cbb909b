// What is heard, and how long it is on its way.
import { soundDelay, type Waited, waited } from '../room/sound/playout';

/** milliseconds between two looks at the figures: at first, and later */
const SOON = 100;
const LATER = 500;
/** looks until what is on its way has settled */
const FIRST = 20;

type Stats = () => Promise<RTCStatsReport | undefined>;

export class Sound {
  private readonly audio = new Audio();
  private stats: Stats | null = null;
  private before: Waited = waited([]);
  private looks = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `blocked` is told whether the browser waits for a click, `delay` how many milliseconds sound is on its way. */
  constructor(
    private readonly blocked: (is: boolean) => void,
    private readonly delay: (milliseconds: number) => void,
  ) {
    this.audio.autoplay = true;
  }

  /** Plays this track from now on. */
  hear(track: MediaStreamTrack, stats: Stats): void {
    this.audio.srcObject = new MediaStream([track]);
    this.stats = stats;
    this.before = waited([]);
    this.looks = 0;
    void this.play();
    clearTimeout(this.timer);
    this.look();
  }

  /** Tries to play; a click lets it. */
  async play(): Promise<void> {
    try {
      await this.audio.play();
      this.blocked(false);
    } catch (error) {
      // Another track in its place is no refusal.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.blocked(true);
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.stats = null;
    this.audio.srcObject = null;
  }

  private look(): void {
    const { stats } = this;
    if (!stats) return;
    this.timer = setTimeout(() => this.look(), this.looks++ < FIRST ? SOON : LATER);
    void stats().then((report) => {
      if (!report || stats !== this.stats) return;
      const now = waited(report.values() as Iterable<Record<string, unknown>>);
      const delay = soundDelay(this.before, now);
      this.before = now;
      if (delay !== null) this.delay(delay);
    });
  }
}
