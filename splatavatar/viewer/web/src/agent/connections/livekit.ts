// A LiveKit room with a worker in it that gives an agent a face; docs/agents.md says what both say to each other.
import { PageError, sentence } from '../../errors';
import { hasher } from '../../file/hashing';
import { SIZE } from '../../live/protocol';
import { LARGEST_FILE } from '../../tables';
import type { AgentRoom } from './agent_room';
import type { Connection, Listener } from './connection';

/** topics and attributes of the worker's side, and what a page says that draws by itself */
const FACES = 'splatavatar.face';
const AVATAR = 'splatavatar.avatar';
const OFFERS = 'splatavatar.face';
const DRAWS = 'splatavatar.draws';
/** milliseconds in which the avatar has come */
const PATIENCE = 60_000;

interface Sound {
  track: MediaStreamTrack;
  receiver: RTCRtpReceiver | null;
}

export class LiveKitConnection implements Connection {
  /** agents of LiveKit are interrupted by being spoken to */
  readonly interrupt = null;
  private worker: string | null = null;
  private draws = false;
  /** the faces of the worker are of the avatar that is drawn */
  private drawing = false;
  /** tracks that came before it was known whose they are, by their person */
  private readonly sounds = new Map<string, Sound>();
  private readonly videos = new Map<string, MediaStreamTrack>();
  private arrived: ((content: AsyncIterable<Uint8Array>) => void) | null = null;
  private closed = false;

  constructor(
    private readonly room: AgentRoom,
    private readonly url: string,
    private readonly token: string,
    private readonly listener: Listener,
  ) {}

  async open(draws: boolean): Promise<void> {
    this.draws = draws;
    try {
      await this.room.join(this.url, this.token, AVATAR, {
        seen: ({ identity, attributes }) => {
          if (attributes[OFFERS] === '1' && this.worker === null) void this.meet(identity);
        },
        left: (identity) => this.left(identity),
        track: (identity, track, receiver) => this.track(identity, track, receiver),
        data: (identity, topic, content) => {
          if (topic === FACES && identity === this.worker && this.drawing && content.length === SIZE)
            this.listener.face(content.slice().buffer);
        },
        bytes: (identity, content) => {
          if (identity === this.worker) this.arrived?.(content);
        },
        connected: (is) => this.listener.connected(is),
        closed: () => {
          if (!this.closed) this.listener.ended('The room is closed, or you were taken out of it.');
        },
      });
    } catch {
      throw new PageError(
        'The room does not let this page in: its server does not answer, or the token is not valid (any more).',
      );
    }
  }

  speak(track: MediaStreamTrack | null): Promise<void> {
    return this.room.speak(track);
  }

  close(): void {
    this.closed = true;
    this.room.leave();
  }

  /** Follows this worker from now on. */
  private async meet(identity: string): Promise<void> {
    this.worker = identity;
    const sound = this.sounds.get(identity);
    if (sound) this.listener.sound(sound.track, sound.receiver);
    if (this.draws) {
      try {
        await this.draw(identity);
        return;
      } catch (error) {
        this.draws = this.drawing = false;
        this.listener.event({ type: 'error', segment: null, position: null, text: sentence(error) });
        // The pictures of the worker are wanted after all.
        await this.room.describe({ [DRAWS]: '' }).catch(() => {});
      }
    }
    this.watch();
  }

  /** Has the worker send its avatar and faces in place of pictures. */
  private async draw(identity: string): Promise<void> {
    await this.room.describe({ [DRAWS]: '1' }).catch(() => {
      throw new PageError('The token does not allow this page to say that it draws the avatar; its video is shown.');
    });
    const content = await this.fetch(identity);
    if (this.worker !== identity) return;
    await this.listener.avatar(content);
    this.drawing = true;
  }

  /** The avatar's file, which the worker sends when it is asked. Throws a PageError. */
  private async fetch(identity: string): Promise<ArrayBuffer> {
    // It may be on its way before the answer is here.
    const coming = new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
      this.arrived = (content) => void collected(content).then(resolve, reject);
    });
    coming.catch(() => {});
    const answer = await this.room.call(identity, AVATAR).catch(() => {
      throw new PageError('The worker does not hand out its avatar; its video is shown.');
    });
    const { size, sha256 } = promised(answer);
    const content = await inTime(coming);
    this.arrived = null;
    const hash = hasher();
    if (content.length !== size || (hash && (await hash(content)) !== sha256))
      throw new PageError('The avatar was damaged on its way here; the video of the worker is shown.');
    return content.buffer;
  }

  private watch(): void {
    const video = this.worker === null ? undefined : this.videos.get(this.worker);
    if (video) this.listener.video(video);
  }

  private track(identity: string, track: MediaStreamTrack, receiver: RTCRtpReceiver | null): void {
    if (track.kind === 'audio') {
      this.sounds.set(identity, { track, receiver });
      if (identity === this.worker) this.listener.sound(track, receiver);
    } else {
      this.videos.set(identity, track);
      if (identity === this.worker && !this.draws) this.listener.video(track);
    }
  }

  private left(identity: string): void {
    this.sounds.delete(identity);
    this.videos.delete(identity);
    if (identity !== this.worker) return;
    this.worker = null;
    this.drawing = false;
    this.listener.event({ type: 'error', segment: null, position: null, text: 'The avatar has left the room.' });
  }
}

/** What the worker says that it sends. Throws a PageError. */
function promised(answer: string): { size: number; sha256: string } {
  let told: unknown;
  try {
    told = JSON.parse(answer);
  } catch {
    told = null;
  }
  const { size, sha256 } = (told ?? {}) as Record<string, unknown>;
  if (!Number.isInteger(size) || (size as number) < 1 || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    throw new PageError('The worker did not say what avatar it sends; it may be of another version.');
  if ((size as number) > LARGEST_FILE)
    throw new PageError(`The avatar has ${(size as number) >> 20} MB, the limit is ${LARGEST_FILE >> 20} MB.`);
  return { size: size as number, sha256 };
}

/** The bytes of a stream. Throws a PageError for more than an avatar can have. */
async function collected(content: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of content) {
    size += part.length;
    if (size > LARGEST_FILE) throw new PageError(`The avatar is larger than the limit of ${LARGEST_FILE >> 20} MB.`);
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The same, unless it takes too long. Throws a PageError. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PageError('The avatar did not come in time.')), PATIENCE);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
