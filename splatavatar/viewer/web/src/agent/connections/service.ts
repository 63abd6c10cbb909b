// The HTTP service: a session that a program opened, joined by its number and its token.
import { PageError, sentence } from '../../errors';
import { LARGEST_FILE } from '../../tables';
import { fetchFile } from '../../ui/fetching';
import { readEvent } from '../events';
import { offer } from './channels';
import type { Connection, Listener } from './connection';

/** milliseconds between two attempts: the first, and the most that it grows to; and that are tried in all */
const SOON = 250;
const LATEST = 4_000;
const PATIENCE = 60_000;

/** Which session. */
export interface ServiceAddress {
  /** of the server, ending in a stroke */
  base: string;
  session: string;
  token: string;
}

interface Session {
  mode: 'video' | 'client';
  ice: RTCIceServer[];
  /** somebody watches it now */
  watched: boolean;
}

export class ServiceConnection implements Connection {
  private connection: RTCPeerConnection | null = null;
  private events: RTCDataChannel | null = null;
  private voice: RTCRtpTransceiver | null = null;
  private microphone: MediaStreamTrack | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private lostAt = Number.NaN;
  private wait = SOON;
  private closed = false;

  constructor(
    private readonly address: ServiceAddress,
    private readonly listener: Listener,
  ) {}

  readonly interrupt = (): void => {
    if (this.events?.readyState === 'open') this.events.send('{"type":"clear"}');
  };

  async open(draws: boolean): Promise<void> {
    const session = await this.session();
    if (session.mode === 'client') {
      if (!draws)
        throw new PageError(
          'This browser shows no WebGL2, which the avatar is drawn with, and the session sends no pictures: ask for one of mode video.',
        );
      const url = `${this.url('avatar')}?token=${encodeURIComponent(this.address.token)}`;
      await this.listener.avatar(await fetchFile(url, 'avatar', LARGEST_FILE));
    }
    await this.connect(session);
  }

  async speak(track: MediaStreamTrack | null): Promise<void> {
    this.microphone = track;
    await this.voice?.sender.replaceTrack(track);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    const { connection } = this;
    this.connection = null;
    connection?.close();
  }

  private async connect({ mode, ice }: Session): Promise<void> {
    const { listener } = this;
    const connection = new RTCPeerConnection({ iceServers: ice, bundlePolicy: 'max-bundle' });
    this.connection = connection;
    const faces = connection.createDataChannel('face', { negotiated: true, id: 0, ordered: false, maxRetransmits: 0 });
    faces.binaryType = 'arraybuffer';
    faces.onmessage = ({ data }) => data instanceof ArrayBuffer && listener.face(data);
    this.events = connection.createDataChannel('events', { negotiated: true, id: 1 });
    this.events.onmessage = ({ data }) => {
      const event = readEvent(data);
      if (event?.type === 'ended') this.end('The session has ended.');
      else if (event) listener.event(event);
    };
    // A line that is lost closes no channel: the server did.
    this.events.onclose = () => {
      if (connection === this.connection) this.again(true);
    };
    const voice = connection.addTransceiver('audio', { direction: 'sendrecv' });
    this.voice = voice;
    if (this.microphone) await voice.sender.replaceTrack(this.microphone);
    if (mode === 'video') connection.addTransceiver('video', { direction: 'recvonly' });
    connection.ontrack = ({ track, receiver }) =>
      track.kind === 'audio' ? listener.sound(track, receiver) : listener.video(track);
    connection.onconnectionstatechange = () => this.changed(connection);
    await offer(connection, (description) => this.post('offer', description) as Promise<RTCSessionDescriptionInit>);
  }

  private changed(connection: RTCPeerConnection): void {
    if (this.closed || connection !== this.connection) return;
    const { connectionState } = connection;
    if (connectionState === 'connected') {
      this.lostAt = Number.NaN;
      this.wait = SOON;
      this.listener.connected(true);
    } else if (connectionState === 'failed' || connectionState === 'closed') this.again();
  }

  /** Looks for the session once more, a little later; `dismissed`: the server hung up, maybe for somebody else. */
  private again(dismissed = false): void {
    if (this.closed) return;
    const { connection } = this;
    this.connection = null;
    connection?.close();
    if (Number.isNaN(this.lostAt)) {
      this.lostAt = performance.now();
      this.listener.connected(false);
    }
    if (performance.now() - this.lostAt > PATIENCE) {
      this.end('The connection is gone, and the server does not answer.');
      return;
    }
    this.timer = setTimeout(() => {
      this.session()
        .then(async (session) => {
          if (dismissed && session.watched) this.end('The session is watched elsewhere now: by one page at a time.');
          else await this.connect(session);
        })
        .catch((error: unknown) => {
          if (error instanceof Gone) this.end(sentence(error));
          else this.again(dismissed);
        });
    }, this.wait);
    this.wait = Math.min(2 * this.wait, LATEST);
  }

  private end(why: string): void {
    this.close();
    this.listener.ended(why);
  }

  private async session(): Promise<Session> {
    const answer = (await this.ask('', { method: 'GET' })) as Record<string, unknown>;
    const { mode, ice_servers, connected } = answer;
    if (mode !== 'video' && mode !== 'client')
      throw new PageError('The server named a mode that this page does not know; it may be of another version.');
    return {
      mode,
      ice: Array.isArray(ice_servers) ? (ice_servers as RTCIceServer[]) : [],
      watched: connected === true,
    };
  }

  private post(path: string, body: unknown): Promise<unknown> {
    return this.ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  private async ask(path: string, how: RequestInit): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(this.url(path), {
        ...how,
        cache: 'no-store',
        headers: { ...how.headers, authorization: `Bearer ${this.address.token}` },
      });
    } catch {
      throw new PageError('The server does not answer.');
    }
    if (response.ok) return response.json();
    if ([401, 403, 404, 410].includes(response.status))
      throw new Gone('The session is over, or the link is not a valid one: ask for a new one.');
    throw new PageError(`The server refuses (${response.status}): ${await reason(response)}`);
  }

  private url(path: string): string {
    const { base, session } = this.address;
    return `${base}v1/sessions/${encodeURIComponent(session)}${path && `/${path}`}`;
  }
}

/** The session is there no longer: asking again is of no use. */
class Gone extends PageError {}

/** What a server says of its refusal, cut short. */
async function reason(response: Response): Promise<string> {
  const text = await response.text().catch(() => '');
  try {
    const { detail, error, message } = JSON.parse(text) as Record<string, unknown>;
    const said = [detail, error, message].find((each) => typeof each === 'string') as string | undefined;
    if (said) return said.slice(0, 400);
  } catch {
    // Not JSON: a sentence.
  }
  return text.startsWith('<') ? '' : text.trim().slice(0, 400);
}
