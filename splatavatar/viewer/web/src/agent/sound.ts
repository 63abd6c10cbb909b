// What is heard, and how long it is on its way.
import { HeardDelay } from './heard';

/** milliseconds between two looks at what was handed on, and looks between two reports */
const LOOK = 50;
const LOOKS = 10;

export class Sound {
  private readonly audio = new Audio();
  private timer: ReturnType<typeof setInterval> | undefined;

  /** `blocked` is told whether the browser waits for a click, `delay` how many milliseconds sound is on its way. */
  constructor(
    private readonly blocked: (is: boolean) => void,
    private readonly delay: (milliseconds: number) => void,
  ) {
    this.audio.autoplay = true;
  }

  /** Plays this track from now on, which `receiver` receives. */
  hear(track: MediaStreamTrack, receiver: RTCRtpReceiver | null): void {
    this.audio.srcObject = new MediaStream([track]);
    void this.play();
    clearInterval(this.timer);
    if (receiver) this.follow(receiver);
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
    clearInterval(this.timer);
    this.audio.srcObject = null;
  }

  private follow(receiver: RTCRtpReceiver): void {
    const heard = new HeardDelay();
    let looks = 0;
    this.timer = setInterval(() => {
      const [source] = receiver.getSynchronizationSources();
      if (source) heard.handed(source.rtpTimestamp, source.timestamp - performance.timeOrigin);
      if (looks++ % LOOKS === 0)
        void receiver
          .getStats()
          .then((report) => heard.reported(report.values() as Iterable<Record<string, unknown>>, performance.now()));
      if (heard.delay !== null) this.delay(heard.delay);
    }, LOOK);
  }
}
