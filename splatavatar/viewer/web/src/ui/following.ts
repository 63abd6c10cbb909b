import { Follower } from '../live/follower';
import type { FaceSignal } from '../signal/signal';
import type { FaceSource } from '../signal/source';
import type { Status } from './status';

/** The newest face of a driver; `data-live` of the page says whether it is connected. */
export class Following implements FaceSource {
  /** a face that comes is a change, none moves on by itself */
  readonly moving = false;
  private readonly follower: Follower;
  private newest: FaceSignal | null = null;

  /** `changed` is called for every face. */
  constructor(address: string, status: Status, changed: () => void) {
    const { dataset } = document.documentElement;
    dataset.live = 'waiting';
    let asked = false;
    this.follower = new Follower(address, {
      face: (signal) => {
        this.newest = signal;
        changed();
      },
      connected: (is) => {
        if (!is && dataset.live === 'connected') status.say('The driver is gone; the page looks for it.', true);
        else if (is) status.say('');
        else if (!asked) status.say('The driver cannot be reached; the page keeps trying.', true);
        asked = true;
        dataset.live = is ? 'connected' : 'waiting';
      },
      wrong: (message) => status.say(message, true),
    });
  }

  /** of all messages so far */
  get bytes(): number {
    return this.follower.bytes;
  }

  now(): FaceSignal | null {
    return this.newest;
  }

  close(): void {
    this.follower.close();
    delete document.documentElement.dataset.live;
  }
}
