// The connection with the server of the room: who is there, introductions, and what is relayed.
import { PageError, sentence } from '../../errors';
import { ending, type Relayed, readRelayed, readTold, type Said, type Told, VERSION } from './protocol';

/** milliseconds between two attempts: the first, and the most that it grows to */
const SOON = 250;
const LATEST = 4000;
/** milliseconds without a word from the server, which says something every three seconds, until the line is dead */
const SILENCE = 10_000;
/** bytes that may wait to leave before faces and sound are dropped instead: a tenth of a second of a slow line */
const MOST_WAITING = 8 << 10;

/** How one joins: a name, and an avatar that is handed over anew whenever the page comes (back). */
export interface Ticket {
  name: string;
  /** puts the avatar where the others find it; its SHA-256 */
  handOver(): Promise<string>;
}

export interface Listener {
  told(message: Told): void;
  relayed(message: Relayed): void;
  /** the connection is gone, and is being looked for */
  lost(): void;
  /** for good: one sentence */
  ended(why: string): void;
}

/** Joins a room over a WebSocket, and comes back by itself when the connection or the server goes. */
export class Signalling {
  private socket: WebSocket | null = null;
  /** until the line is taken for dead, or the next attempt */
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wait = SOON;
  private closed = false;
  /** the server has let this page in before */
  private wasIn = false;
  private muted = true;

  constructor(
    private readonly address: string,
    private readonly ticket: Ticket,
    private readonly listener: Listener,
  ) {
    void this.open();
  }

  /** Tells the server; what is said while there is no connection is lost. */
  say(message: Said): void {
    if (message.type === 'mute') this.muted = message.muted;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Has the server hand on a face or sound. Dropped where the line is too slow for it: the next one is newer. */
  relay(message: Uint8Array<ArrayBuffer>): void {
    const { socket } = this;
    if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_WAITING) socket.send(message);
  }

  /** Leaves for good. */
  leave(): void {
    this.say({ type: 'leave' });
    this.close();
  }

  private close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
  }

  private async open(): Promise<void> {
    let avatar: string;
    try {
      avatar = await this.ticket.handOver();
    } catch (error) {
      if (this.closed) return;
      // Refused is refused; a server that does not answer may come back.
      if (error instanceof PageError) this.end(sentence(error));
      else this.again();
      return;
    }
    if (this.closed) return;
    const socket = new WebSocket(this.address);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.say({ type: 'join', version: VERSION, name: this.ticket.name, avatar, kind: 'page' });
      this.listen(socket);
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      this.listen(socket);
      this.take(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      const why = ending(event.code, event.reason, this.wasIn);
      if (why !== null) this.end(why);
      else this.again();
    };
  }

  private listen(socket: WebSocket): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.socket = null;
      socket.close();
      this.again();
    }, SILENCE);
  }

  private take(content: unknown): void {
    try {
      if (typeof content !== 'string') {
        this.listener.relayed(readRelayed(content as ArrayBuffer));
        return;
      }
      const message = readTold(content);
      if (!message) return;
      if (message.type === 'welcome') {
        this.wait = SOON;
        this.wasIn = true;
        this.say({ type: 'mute', muted: this.muted });
      }
      this.listener.told(message);
    } catch (error) {
      this.end(sentence(error));
    }
  }

  private again(): void {
    this.listener.lost();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, LATEST);
  }

  private end(why: string): void {
    this.close();
    this.listener.ended(why);
  }
}
