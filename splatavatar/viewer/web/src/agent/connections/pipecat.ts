// A bot of Pipecat over its SmallWebRTC transport: one offer, and JSON over a data channel that this side opens.
import { PageError, sentence } from '../../errors';
import { SIZE } from '../../live/protocol';
import { LARGEST_FILE } from '../../tables';
import { fetchFile } from '../../ui/fetching';
import type { AgentEvent } from '../events';
import { offer } from './channels';
import type { Connection, Listener } from './connection';

const FACES = 'splatavatar.face';
const AVATAR = 'splatavatar.avatar';
/** what its own messages (RTVI) say of speech, and what we call it */
const SPEECH: Record<string, string> = {
  'bot-started-speaking': 'started',
  'bot-stopped-speaking': 'finished',
};
/** milliseconds between two signs of life, by which the bot knows that the page is there */
const ALIVE = 1_000;
/** faces of a message, and its characters */
const MOST_FACES = 32;
const LARGEST = 64 << 10;
const LONGEST_ADDRESS = 2_000;

/** A message of the bot, as far as the page understands it. */
export type Told =
  | { kind: 'faces'; faces: ArrayBuffer[] }
  | { kind: 'avatar'; url: string }
  | { kind: 'event'; event: AgentEvent }
  | { kind: 'renegotiate' }
  | { kind: 'left' };

/** Null for what the page has no use for. */
export function readTold(message: unknown): Told | null {
  if (typeof message !== 'string' || message.length > LARGEST) return null;
  let table: Record<string, unknown>;
  try {
    table = JSON.parse(message) as Record<string, unknown>;
  } catch {
    return null;
  }
  const { type, data, url } = table ?? {};
  if (type === FACES) return typeof data === 'string' ? facesOf(data) : null;
  if (type === AVATAR)
    return typeof url === 'string' && url && url.length <= LONGEST_ADDRESS ? { kind: 'avatar', url } : null;
  if (type === 'signalling') {
    const kind = (table.message as Record<string, unknown> | null)?.type;
    return kind === 'renegotiate' ? { kind } : kind === 'peerLeft' ? { kind: 'left' } : null;
  }
  const speech = typeof type === 'string' && Object.hasOwn(SPEECH, type) ? SPEECH[type] : undefined;
  return speech ? { kind: 'event', event: { type: speech, segment: null, position: null, text: '' } } : null;
}

function facesOf(data: string): Told | null {
  let text: string;
  try {
    text = atob(data);
  } catch {
    return null;
  }
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  if (!bytes.length || bytes.length % SIZE || bytes.length > MOST_FACES * SIZE) return null;
  const faces = Array.from({ length: bytes.length / SIZE }, (_, i) => bytes.slice(SIZE * i, SIZE * (i + 1)).buffer);
  return { kind: 'faces', faces };
}

export class PipecatConnection implements Connection {
  /** bots are interrupted by being spoken to */
  readonly interrupt = null;
  private connection: RTCPeerConnection | null = null;
  private voice: RTCRtpTransceiver | null = null;
  private microphone: MediaStreamTrack | null = null;
  private id: string | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;
  private avatar = '';
  private draws = false;

  constructor(
    private readonly address: string,
    private readonly listener: Listener,
  ) {}

  async open(draws: boolean): Promise<void> {
    this.draws = draws;
    const { listener } = this;
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.connection = connection;
    const channel = connection.createDataChannel('chat', { ordered: true });
    channel.onmessage = ({ data }) => this.take(data);
    this.timer = setInterval(() => {
      if (channel.readyState === 'open') channel.send(`ping: ${Date.now()}`);
    }, ALIVE);
    // The bot knows sound and pictures by their order.
    this.voice = connection.addTransceiver('audio', { direction: 'sendrecv' });
    connection.addTransceiver('video', { direction: 'recvonly' });
    if (this.microphone) await this.voice.sender.replaceTrack(this.microphone);
    connection.ontrack = ({ track, receiver }) => {
      if (track.kind === 'audio') listener.sound(track, receiver);
      // There is a track also where no pictures are sent.
      else track.addEventListener('unmute', () => this.avatar || listener.video(track));
    };
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'connected') listener.connected(true);
      else if (['failed', 'closed'].includes(connection.connectionState))
        this.end('The connection to the bot is gone.');
    };
    await this.offer();
  }

  async speak(track: MediaStreamTrack | null): Promise<void> {
    this.microphone = track;
    await this.voice?.sender.replaceTrack(track);
  }

  close(): void {
    clearInterval(this.timer);
    this.connection?.close();
    this.connection = null;
  }

  private offer(): Promise<void> {
    return offer(this.connection!, async ({ type, sdp }) => {
      let response: Response;
      try {
        response = await fetch(this.address, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ type, sdp, ...(this.id && { pc_id: this.id }) }),
        });
      } catch {
        throw new PageError('The bot does not answer.');
      }
      if (!response.ok) throw new PageError(`The bot refuses the connection (${response.status}).`);
      const answer = (await response.json()) as RTCSessionDescriptionInit & { pc_id?: string };
      this.id = answer.pc_id;
      return { type: answer.type, ...(answer.sdp !== undefined && { sdp: answer.sdp }) };
    });
  }

  private take(message: unknown): void {
    const told = readTold(message);
    if (told?.kind === 'faces') for (const face of told.faces) this.listener.face(face);
    else if (told?.kind === 'avatar') void this.show(told.url);
    else if (told?.kind === 'event') this.listener.event(told.event);
    else if (told?.kind === 'renegotiate') this.offer().catch((error: unknown) => this.end(sentence(error)));
    else if (told?.kind === 'left') this.end('The bot has left.');
  }

  private async show(url: string): Promise<void> {
    if (url === this.avatar) return;
    this.avatar = url;
    try {
      if (!this.draws)
        throw new PageError(
          'This browser shows no WebGL2, which the avatar is drawn with, and the bot sends no pictures.',
        );
      const address = new URL(url, this.address);
      if (!['http:', 'https:'].includes(address.protocol))
        throw new PageError('The bot named an avatar at an address that this page does not load from.');
      await this.listener.avatar(await fetchFile(address.href, 'avatar', LARGEST_FILE));
    } catch (error) {
      this.end(sentence(error));
    }
  }

  private end(why: string): void {
    if (!this.connection) return;
    this.close();
    this.listener.ended(why);
  }
}
