// What a page and the server of a room say to each other; docs/room.md has the tables.
import { PageError } from '../../errors';
import { SIZE } from '../../live/protocol';

export const VERSION = 1;
/** people that a room can have: a mask of one byte says whom a message is for */
export const MOST_SEATS = 8;
export const LONGEST_NAME = 40;
/** kinds of relayed messages */
export const FACE = 1;
export const SOUND = 2;
/** bytes of a relayed message */
export const LARGEST_BINARY = 1500;
const LARGEST_TEXT = 64 << 10;
const TICKS = 2 ** 32;

/** Somebody at the table. */
export interface Person {
  id: number;
  seat: number;
  name: string;
  /** SHA-256 of the avatar file, hexadecimal */
  avatar: string;
  muted: boolean;
  kind: 'page' | 'program';
  /** whether consent is on record, one line */
  notice: string;
}

export interface Welcome {
  type: 'welcome';
  you: number;
  seat: number;
  seats: number;
  people: Person[];
  ice: RTCIceServer[];
}

/** What introduces two people to each other's WebRTC. */
export interface Introduction {
  description?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit;
}

/** A message of the server. */
export type Told =
  | Welcome
  | { type: 'joined'; person: Person }
  | { type: 'left'; id: number; reason: string }
  | { type: 'muted'; id: number; muted: boolean }
  | { type: 'peer'; from: number; data: Introduction }
  | { type: 'error'; message: string };

/** A message to the server. */
export type Said =
  | { type: 'join'; version: number; name: string; avatar: string; kind: 'page' }
  | { type: 'peer'; to: number; data: Introduction }
  | { type: 'mute'; muted: boolean }
  | { type: 'leave' };

type Table = Record<string, unknown>;

/** The message of a text; null for a kind that this page does not know. Throws a PageError for anything that is none. */
export function readTold(text: string): Told | null {
  if (text.length > LARGEST_TEXT) strange('is too long');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    strange('is not JSON');
  }
  const table = tableOf(value, 'a message');
  switch (table.type) {
    case 'welcome': {
      const people = listOf(table.people, 'people', MOST_SEATS).map(readPerson);
      const seats = whole(table.seats, 'seats', 1, MOST_SEATS);
      return {
        type: 'welcome',
        you: whole(table.you, 'you', 0),
        seat: whole(table.seat, 'seat', 0, seats - 1),
        seats,
        people,
        ice: listOf(table.ice ?? [], 'ice', 16).map((server) => tableOf(server, 'ice') as unknown as RTCIceServer),
      };
    }
    case 'joined':
      return { type: 'joined', person: readPerson(table.person) };
    case 'left':
      return { type: 'left', id: whole(table.id, 'id', 0), reason: textOf(table.reason ?? '', 'reason', 200) };
    case 'muted':
      return { type: 'muted', id: whole(table.id, 'id', 0), muted: table.muted === true };
    case 'peer':
      return { type: 'peer', from: whole(table.from, 'from', 0), data: tableOf(table.data, 'data') as Introduction };
    case 'error':
      return { type: 'error', message: textOf(table.message, 'message', 1000) };
    default:
      return null;
  }
}

function readPerson(value: unknown): Person {
  const table = tableOf(value, 'a person');
  const avatar = textOf(table.avatar, 'avatar', 64);
  if (!/^[0-9a-f]{64}$/.test(avatar)) strange('names an avatar that is no checksum');
  return {
    id: whole(table.id, 'id', 0),
    seat: whole(table.seat, 'seat', 0, MOST_SEATS - 1),
    name: textOf(table.name, 'name', LONGEST_NAME),
    avatar,
    muted: table.muted === true,
    kind: table.kind === 'program' ? 'program' : 'page',
    notice: textOf(table.notice ?? '', 'notice', 400),
  };
}

function strange(why: string): never {
  throw new PageError(`The room sent a message that ${why}; its server may be of another version.`);
}

function tableOf(value: unknown, what: string): Table {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    strange(`holds no table where ${what} is due`);
  return value as Table;
}

function listOf(value: unknown, what: string, most: number): unknown[] {
  if (!Array.isArray(value) || value.length > most) strange(`has no list of up to ${most} as ${what}`);
  return value;
}

function textOf(value: unknown, what: string, most: number): string {
  // As Python counts: a letter beyond 16 bits is one.
  if (typeof value !== 'string' || [...value].length > most)
    strange(`has no text of up to ${most} characters as ${what}`);
  return value;
}

function whole(value: unknown, what: string, low: number, high = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high)
    strange(`has no whole number from ${low} as ${what}`);
  return value as number;
}

/** A face for the server to hand on to the seats of a mask. */
export function relayedFace(mask: number, face: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(2 + face.length);
  out.set([FACE, mask]);
  out.set(face, 2);
  return out;
}

/** 20 ms of sound, an Opus packet, that were heard at `milliseconds` of the clock of the faces. */
export function relayedSound(mask: number, milliseconds: number, packet: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(6 + packet.length);
  out.set([SOUND, mask]);
  new DataView(out.buffer).setUint32(2, Math.round(milliseconds) % TICKS, true);
  out.set(packet, 6);
  return out;
}

/** What another seat sent through the server. */
export type Relayed =
  | { kind: 'face'; seat: number; face: ArrayBuffer }
  | { kind: 'sound'; seat: number; milliseconds: number; packet: Uint8Array<ArrayBuffer> };

/** Throws a PageError for a message that is none. */
export function readRelayed(content: ArrayBuffer): Relayed {
  const bytes = new Uint8Array(content);
  const [kind, seat] = bytes;
  if (seat === undefined || seat >= MOST_SEATS || bytes.length > LARGEST_BINARY) strange('is not one of a seat');
  if (kind === FACE && bytes.length === 2 + SIZE) return { kind: 'face', seat, face: content.slice(2) };
  if (kind === SOUND && bytes.length > 6) {
    const milliseconds = new DataView(content).getUint32(2, true);
    return { kind: 'sound', seat, milliseconds, packet: new Uint8Array(content.slice(6)) };
  }
  return strange('is neither a face nor sound');
}

const NOT_INVITED = 4403;
const FULL = 4409;
const REFUSALS: Record<number, string> = {
  [NOT_INVITED]: 'This invitation is not valid (any more): ask the host for a new link.',
  4408: 'The room heard nothing from this page for too long.',
  [FULL]: 'The room is full, or somebody else is in it with this invitation.',
  4413: 'The room refused a message that is too large.',
  1008: 'The room did not understand this page; reload it.',
};

/** Why a connection was closed for good, in one sentence; null where it may be tried again.
 *
 * `again`: the page had been in, so that the server may still take it for present.
 */
export function ending(code: number, reason: string, again: boolean): string | null {
  if (code === FULL && again) return null;
  const known = REFUSALS[code];
  if (known === undefined) return null;
  // The server's own words are nearer to what happened.
  const own = reason.trim();
  if (!own) return known;
  return own.charAt(0).toUpperCase() + own.slice(1) + (/[.!?]$/.test(own) ? '' : '.');
}
