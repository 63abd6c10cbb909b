import { describe, expect, it } from 'vitest';
import type { AgentRoom, RoomListener } from '../../src/agent/connections/agent_room';
import type { Listener } from '../../src/agent/connections/connection';
import { LiveKitConnection } from '../../src/agent/connections/livekit';
import { hasher } from '../../src/file/hashing';
import { SIZE } from '../../src/live/protocol';
import { LARGEST_FILE } from '../../src/tables';

const WORKER = 'face';
const FILE = Uint8Array.from({ length: 50_000 }, (_, i) => i % 251);

interface Behaviour {
  /** of the RPC; rejected by an error */
  answer?: (sha256: string) => string | Error;
  file?: Uint8Array;
  mayDescribe?: boolean;
  admits?: boolean;
  /** the file is sent before the answer */
  early?: boolean;
  there?: boolean;
}

/** A room with a worker in it, as far as it is one. */
class FakeRoom implements AgentRoom {
  listener!: RoomListener;
  readonly done: string[] = [];

  constructor(private readonly behaviour: Behaviour) {}

  async join(_url: string, _token: string, topic: string, listener: RoomListener): Promise<void> {
    if (this.behaviour.admits === false) throw new Error('401 with the token in it');
    this.listener = listener;
    this.done.push(`joined for ${topic}`);
    listener.connected(true);
    listener.seen({ identity: 'somebody', attributes: {} });
    if (this.behaviour.there !== false) this.come();
  }

  come(): void {
    this.listener.seen({ identity: WORKER, attributes: { 'splatavatar.face': '1' } });
  }

  async describe(attributes: Record<string, string>): Promise<void> {
    if (this.behaviour.mayDescribe === false) throw new Error('not allowed');
    this.done.push(JSON.stringify(attributes));
  }

  async call(identity: string, method: string): Promise<string> {
    this.done.push(`${identity}: ${method}`);
    const file = this.behaviour.file ?? FILE;
    const send = () => this.listener.bytes(WORKER, parts(file));
    if (this.behaviour.early) {
      send();
      await new Promise((resolve) => setTimeout(resolve, 5));
    } else setTimeout(send, 5);
    const sha256 = await hasher()!(FILE);
    const answer = this.behaviour.answer?.(sha256) ?? JSON.stringify({ size: FILE.length, sha256 });
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async speak(track: MediaStreamTrack | null): Promise<void> {
    this.done.push(track ? 'speaks' : 'is silent');
  }

  leave(): void {
    this.done.push('left');
  }
}

async function* parts(file: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < file.length; at += 15_000) yield file.subarray(at, at + 15_000);
}

const video = { kind: 'video' } as MediaStreamTrack;
const audio = { kind: 'audio' } as MediaStreamTrack;

/** Enters such a room; what the page was told. */
async function enter(behaviour: Behaviour, draws = true) {
  const told: string[] = [];
  const said: string[] = [];
  const listener: Listener = {
    avatar: async (content) => void told.push(`avatar of ${content.byteLength}`),
    face: (message) => told.push(`face of ${message.byteLength}`),
    sound: () => told.push('sound'),
    video: () => told.push('video'),
    event: ({ text }) => said.push(text),
    connected: (is) => told.push(is ? 'connected' : 'lost'),
    ended: (why) => said.push(why),
  };
  const room = new FakeRoom(behaviour);
  const connection = new LiveKitConnection(room, 'wss://live.example', 'token', listener);
  await connection.open(draws);
  const settled = () => new Promise((resolve) => setTimeout(resolve, 60));
  await settled();
  return { told, said, room, connection, settled };
}

describe('a room with a worker', () => {
  it.each([false, true])('hands out its avatar, and then faces (file before the answer: %s)', async (early) => {
    const { told, said, room } = await enter({ early });
    expect(room.done).toEqual([
      'joined for splatavatar.avatar',
      '{"splatavatar.draws":"1"}',
      'face: splatavatar.avatar',
    ]);
    room.listener.track(WORKER, audio, null);
    room.listener.track(WORKER, video, null);
    room.listener.data(WORKER, 'splatavatar.face', new Uint8Array(SIZE));
    expect(told).toEqual(['connected', 'avatar of 50000', 'sound', 'face of 80']);
    expect(said).toEqual([]);
  });

  it('is heard where its sound came first, and people are not taken for it', async () => {
    const { told, room, settled } = await enter({ there: false });
    room.listener.track(WORKER, audio, null);
    room.listener.track('somebody', audio, null);
    expect(told).toEqual(['connected']);
    room.come();
    await settled();
    expect(told).toEqual(['connected', 'sound', 'avatar of 50000']);
  });

  it('what is no face, of another one, or of another topic is left alone', async () => {
    const { told, room } = await enter({});
    const before = told.length;
    room.listener.data(WORKER, 'splatavatar.face', new Uint8Array(SIZE - 1));
    room.listener.data('somebody', 'splatavatar.face', new Uint8Array(SIZE));
    room.listener.data(WORKER, 'chat', new Uint8Array(SIZE));
    expect(told).toHaveLength(before);
  });

  it('shows the video where the page cannot draw, and asks for nothing', async () => {
    const { told, room } = await enter({}, false);
    room.listener.track(WORKER, video, null);
    expect(told).toEqual(['connected', 'video']);
    expect(room.done).toEqual(['joined for splatavatar.avatar']);
  });

  it.each<[string, Behaviour]>([
    ['The token does not allow', { mayDescribe: false }],
    ['does not hand out its avatar', { answer: () => new Error('no such method') }],
    ['did not say what avatar it sends', { answer: () => '{"size":-1,"sha256":"0"}' }],
    ['did not say what avatar it sends', { answer: () => 'null' }],
    ['did not say what avatar it sends', { answer: () => 'x' }],
    ['the limit is', { answer: (sha256) => JSON.stringify({ size: LARGEST_FILE + 1, sha256 }) }],
    ['was damaged on its way', { file: FILE.subarray(1) }],
    ['was damaged on its way', { file: Uint8Array.from(FILE, (byte, i) => (i === 7 ? byte ^ 1 : byte)) }],
  ])('says in a sentence why it shows the video: %s', async (words, behaviour) => {
    const { told, said, room } = await enter(behaviour);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(words);
    room.listener.track(WORKER, video, null);
    expect(told).toEqual(['connected', 'video']);
    if (behaviour.mayDescribe !== false) expect(room.done.at(-1)).toBe('{"splatavatar.draws":""}');
  });

  it('that left is waited for, and drawn again', async () => {
    const { told, said, room, settled } = await enter({});
    room.listener.left(WORKER);
    expect(said).toEqual(['The avatar has left the room.']);
    room.listener.data(WORKER, 'splatavatar.face', new Uint8Array(SIZE));
    room.come();
    await settled();
    expect(told).toEqual(['connected', 'avatar of 50000', 'avatar of 50000']);
  });

  it('a refusal and an end are told in a sentence, without what was in the token', async () => {
    await expect(enter({ admits: false })).rejects.toThrow(/^The room does not let this page in/);
    const { said, room, connection } = await enter({});
    room.listener.closed();
    expect(said).toEqual(['The room is closed, or you were taken out of it.']);
    connection.close();
    expect(room.done.at(-1)).toBe('left');
  });
});
