// Everybody at the table, and what goes to and fro between them. Nothing here draws.
import { sentence } from '../../errors';
import { decode, encode, SIZE } from '../../live/protocol';
import type { FaceSignal } from '../../signal/signal';
import { VoiceDecoder } from '../sound/decode';
import { FacePlayout, soundDelay, type Waited, waited } from '../sound/playout';
import { Speaking } from '../sound/speaking';
import { Peer } from './peer';
import { type Person, type Relayed, relayedFace, relayedSound, type Told, type Welcome } from './protocol';
import { Signalling, type Ticket } from './signalling';

/** faces, of which one is sent while nothing moves: for who comes late, and for those that were lost */
const REPEAT = 6;
/** where in a message it says whether a face is seen, and where what moves begins */
const KIND = 1;
const MOVING = 8;
/** milliseconds between two looks at the figures of a connection */
const STATS_EVERY = 1000;

/** Another person, as the page knows them. */
export interface Member {
  person: Person;
  /** faces and sound go directly */
  direct: boolean;
  speaking: boolean;
}

export interface RoomListener {
  /** the page is in (again), or somebody came, left, was muted, is reached directly */
  changed(): void;
  /** somebody came or left, the connection is gone: a sentence to be read out */
  say(text: string): void;
  joined(member: Member): void;
  left(member: Member): void;
  /** a track to be heard */
  sound(member: Member, stream: MediaStream | null): void;
  lost(): void;
  ended(why: string): void;
}

interface Seat extends Member {
  peer: Peer;
  playout: FacePlayout;
  decoder: VoiceDecoder | null;
  voice: Speaking;
  before: Waited;
  /** what is wrong with what they send was said */
  told: boolean;
}

export class Room {
  /** null until the server has let the page in */
  welcome: Welcome | null = null;
  muted = true;
  private readonly signalling: Signalling;
  private readonly seats = new Map<number, Seat>();
  private track: MediaStreamTrack | null = null;
  private context: AudioContext | null = null;
  private sequence = 0;
  private last = new Uint8Array(SIZE);
  /** messages since something moved */
  private held = 0;
  private readonly began = performance.now();
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(
    address: string,
    ticket: Ticket,
    private readonly listener: RoomListener,
  ) {
    this.signalling = new Signalling(address, ticket, {
      told: (message) => this.told(message),
      relayed: (message) => this.relayed(message),
      lost: () => {
        this.clear();
        listener.lost();
      },
      ended: (why) => {
        this.clear();
        clearInterval(this.timer);
        listener.ended(why);
      },
    });
    this.timer = setInterval(() => this.measure(), STATS_EVERY);
  }

  /** Everybody else, by seat. */
  get members(): Member[] {
    return [...this.seats.values()].sort((a, b) => a.person.seat - b.person.seat);
  }

  /** Whether somebody is reached through the server alone. */
  get relays(): boolean {
    return this.mask !== 0;
  }

  /** The face to show of somebody now; null before their first. */
  face(member: Member, now: number): FaceSignal | null {
    return this.seats.get(member.person.id)?.playout.at(now)?.signal ?? null;
  }

  /** Sends the own face to everybody. Called 30 times a second. */
  send(signal: FaceSignal): void {
    if (!this.seats.size) return;
    const message = encode(signal, this.sequence, (performance.now() - this.began) / 1000);
    const still = message.every((byte, i) => (i < MOVING && i !== KIND) || byte === this.last[i]);
    this.held = still ? this.held + 1 : 0;
    if (this.held % REPEAT) return;
    this.last = message;
    this.sequence = (this.sequence + 1) & 0xffff;
    for (const { peer } of this.seats.values()) peer.send(message);
    const { mask } = this;
    if (mask) this.signalling.relay(relayedFace(mask, message));
  }

  /** Sends 20 ms of the own voice to those who are not reached directly. */
  sendSound(milliseconds: number, packet: Uint8Array<ArrayBuffer>): void {
    const { mask } = this;
    if (mask && !this.muted) this.signalling.relay(relayedSound(mask, milliseconds - this.began, packet));
  }

  /** Through which the voices of those are heard that come through the server. */
  hearThrough(context: AudioContext): void {
    this.context = context;
  }

  /** Speaks by this track; null where there is no microphone. */
  speak(track: MediaStreamTrack | null): void {
    this.track = track;
    for (const { peer } of this.seats.values()) peer.speak(track);
    this.mute(track === null || this.muted);
  }

  mute(muted: boolean): void {
    this.muted = muted;
    if (this.track) this.track.enabled = !muted;
    this.signalling.say({ type: 'mute', muted });
    this.listener.changed();
  }

  leave(): void {
    clearInterval(this.timer);
    this.signalling.leave();
    this.clear();
  }

  /** The seats that are reached through the server. */
  private get mask(): number {
    let mask = 0;
    for (const { person, direct } of this.seats.values()) if (!direct) mask |= 1 << person.seat;
    return mask;
  }

  private told(message: Told): void {
    switch (message.type) {
      case 'welcome':
        this.clear();
        this.welcome = message;
        for (const person of message.people) if (person.id !== message.you) this.add(person);
        break;
      case 'joined':
        if (!this.welcome || message.person.id === this.welcome.you || this.seats.has(message.person.id)) return;
        this.add(message.person);
        this.listener.say(`${message.person.name} has joined.`);
        break;
      case 'left': {
        const seat = this.seats.get(message.id);
        if (!seat) return;
        this.remove(seat);
        this.listener.say(`${seat.person.name} has left${message.reason ? ` (${message.reason})` : ''}.`);
        break;
      }
      case 'muted': {
        const seat = this.seats.get(message.id);
        if (!seat) return;
        seat.person.muted = message.muted;
        break;
      }
      case 'peer':
        this.seats.get(message.from)?.peer.take(message.data);
        return;
      case 'error':
        this.listener.say(message.message);
        return;
    }
    this.listener.changed();
  }

  private add(person: Person): void {
    const { you, ice } = this.welcome!;
    const playout = new FacePlayout();
    const seat: Seat = {
      person,
      direct: false,
      speaking: false,
      playout,
      decoder: null,
      voice: new Speaking(),
      before: waited([]),
      told: false,
      peer: new Peer(you < person.id, ice, {
        introduce: (data) => this.signalling.say({ type: 'peer', to: person.id, data }),
        face: (content) => this.take(seat, content),
        sound: (stream) => this.listener.sound(seat, stream),
        connected: (is) => {
          seat.direct = is;
          this.listener.changed();
        },
      }),
    };
    this.seats.set(person.id, seat);
    seat.peer.speak(this.track);
    this.listener.joined(seat);
  }

  private remove(seat: Seat): void {
    this.seats.delete(seat.person.id);
    seat.peer.close();
    seat.decoder?.close();
    this.listener.sound(seat, null);
    this.listener.left(seat);
  }

  private clear(): void {
    this.welcome = null;
    for (const seat of [...this.seats.values()]) this.remove(seat);
  }

  private take(seat: Seat, content: ArrayBuffer): void {
    try {
      seat.playout.push(decode(content), performance.now());
    } catch (error) {
      if (!seat.told) this.listener.say(`${seat.person.name}: ${sentence(error)}`);
      seat.told = true;
    }
  }

  private relayed(message: Relayed): void {
    const seat = [...this.seats.values()].find(({ person }) => person.seat === message.seat);
    if (!seat) return;
    if (message.kind === 'face') this.take(seat, message.face);
    else if (this.context && globalThis.AudioDecoder) {
      // The browser closes one that was given what is no sound, or that has long been idle.
      if (seat.decoder?.closed) seat.decoder = null;
      seat.decoder ??= new VoiceDecoder(this.context, (time, now) => seat.playout.heard(time, now));
      seat.decoder.take(message.milliseconds, message.packet);
    }
  }

  /** Looks at how long sound waits until it is heard, and holds the faces back as long. */
  private measure(): void {
    for (const seat of this.seats.values()) {
      if (!seat.direct) continue;
      void seat.peer.stats().then((report) => {
        const now = waited(report.values() as Iterable<Record<string, unknown>>);
        const delay = soundDelay(seat.before, now);
        seat.before = now;
        if (delay !== null) seat.playout.follow(delay);
      });
    }
  }

  /** Listens who speaks, by the page's milliseconds. Returns whether that changed. */
  listen(now: number): boolean {
    let changed = false;
    for (const seat of this.seats.values()) {
      const level = seat.direct
        ? (seat.peer.receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0)
        : (seat.decoder?.level ?? 0);
      const speaking = seat.voice.hear(seat.person.muted ? 0 : level, now);
      changed ||= speaking !== seat.speaking;
      seat.speaking = speaking;
    }
    return changed;
  }
}
