import { sentence } from '../errors';
import type { FaceSignal } from '../signal/signal';
import { decode, isNewer } from './protocol';

/** milliseconds between two attempts: the first, and the most that it grows to */
const SOON = 250;
const LATEST = 4000;

/** What a follower tells: a face, that it is connected or not, and once what is wrong with what it is sent. */
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
      this.wait = SOON;
      // A server that was started anew counts from its own beginning.
      this.newest = null;
      this.listener.connected(true);
    };
    socket.onmessage = (event) => this.take(event.data);
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.listener.connected(false);
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(this.wait * 2, LATEST);
    };
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
  return address.href;
}
