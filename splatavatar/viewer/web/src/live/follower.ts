import { sentence } from '../errors';
import type { FaceSignal } from '../signal/signal';
import { decode, isNewer } from './protocol';

/** milliseconds between two attempts: the first, and the most that it grows to */
const SOON = 250;
const LATEST = 4000;
/** milliseconds without a face, of which a driver sends many a second, after which its line is taken for dead */
const SILENCE = 10_000;
/** why a server closes a connection that has as many viewers as it takes */
const BUSY = 1013;

/** What a follower tells: a face, that it is connected or not, once what is wrong with what it is sent, and that there is
 * no place for it. */
export interface Listener {
  face(signal: FaceSignal): void;
  connected(is: boolean): void;
  wrong(message: string): void;
}

/** Follows a driver over a WebSocket, and comes back by itself when the connection or the server goes. */
export class Follower {
  /** of all messages so far */
  bytes = 0;
  private socket: WebSocket | null = null;
  /** until the line is taken for dead, or the next attempt */
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = SOON;
  private newest: number | null = null;
  private told = false;

  constructor(
    private readonly address: string,
    private readonly listener: Listener,
  ) {
    this.open();
  }

  close(): void {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private open(): void {
    const socket = new WebSocket(this.address);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      // A server that was started anew counts from its own beginning.
      this.newest = null;
      this.listener.connected(true);
    };
    socket.onmessage = (event) => {
      // One that lets nobody stay opens connections, too.
      this.wait = SOON;
      // Who only listens is told by nothing else that the line is dead.
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.lose(), SILENCE);
      this.take(event.data);
    };
    socket.onclose = ({ code }) => {
      if (this.socket !== socket) return;
      this.lose();
      if (code === BUSY) this.listener.wrong('The driver has as many viewers as it takes; the page goes on asking.');
    };
  }

  private lose(): void {
    this.close();
    this.listener.connected(false);
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, LATEST);
  }

  private take(content: unknown): void {
    try {
      const { signal, sequence } = decode(content instanceof ArrayBuffer ? content : new ArrayBuffer(0));
      this.bytes += (content as ArrayBuffer).byteLength;
      if (this.newest !== null && !isNewer(sequence, this.newest)) return;
      this.newest = sequence;
      this.listener.face(signal);
    } catch (error) {
      if (!this.told) this.listener.wrong(sentence(error));
      this.told = true;
    }
  }
}

/** The address of the WebSocket that `signal=` of a link names, null where it names a file. */
export function liveAddress(signal: string, page: string): string | null {
  if (/^wss?:\/\//i.test(signal)) return signal;
  if (signal !== 'live') return null;
  const address = new URL('live', page);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  // The cookie with it may be that of another link by now: all servers of a machine share their cookies.
  const token = new URL(page).searchParams.get('token');
  if (token) address.searchParams.set('token', token);
  return address.href;
}
