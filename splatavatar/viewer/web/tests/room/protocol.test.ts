import { describe, expect, it } from 'vitest';
import { encode, SIZE } from '../../src/live/protocol';
import { ending, readRelayed, readTold, relayedFace, relayedSound } from '../../src/room/wire/protocol';
import { restSignal } from '../../src/signal/signal';

const avatar = 'a'.repeat(64);
const ann = { id: 3, seat: 1, name: 'Ann', avatar, muted: false, kind: 'page', notice: 'No record of consent' };
const welcome = { type: 'welcome', you: 7, seat: 0, seats: 4, people: [ann], ice: [{ urls: 'stun:stun.example' }] };

describe('what the server says', () => {
  it('is read', () => {
    expect(readTold(JSON.stringify(welcome))).toEqual(welcome);
    expect(readTold(JSON.stringify({ type: 'joined', person: ann }))).toEqual({ type: 'joined', person: ann });
    expect(readTold('{"type":"left","id":3,"reason":"left"}')).toEqual({ type: 'left', id: 3, reason: 'left' });
    expect(readTold('{"type":"muted","id":3,"muted":true}')).toEqual({ type: 'muted', id: 3, muted: true });
    expect(readTold('{"type":"something new"}')).toBeNull();
  });

  it('counts the letters of a name as Python does, of which some take two places here', () => {
    const smiling = { ...ann, name: '\u{1f600}'.repeat(40) };
    expect(readTold(JSON.stringify({ type: 'joined', person: smiling }))).toEqual({ type: 'joined', person: smiling });
    const more = { ...ann, name: '\u{1f600}'.repeat(41) };
    expect(() => readTold(JSON.stringify({ type: 'joined', person: more }))).toThrow(/text of up to 40 characters/);
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['seats beyond a mask', JSON.stringify({ ...welcome, seats: 9 })],
    ['an avatar that is a path', JSON.stringify({ type: 'joined', person: { ...ann, avatar: '../a' } })],
    ['a name too long', JSON.stringify({ type: 'joined', person: { ...ann, name: 'n'.repeat(41) } })],
    ['an id that is none', '{"type":"left","id":"3"}'],
    ['too much', `{"type":"error","message":"${'x'.repeat(70_000)}"}`],
  ])('is refused: %s', (_, text) => expect(() => readTold(text)).toThrow(/^The room sent a message that /));
});

describe('what goes through the server', () => {
  const face = encode(restSignal(2), 5);
  const from = (bytes: Uint8Array, seat: number) => {
    const out = bytes.slice();
    out[1] = seat;
    return out.buffer as ArrayBuffer;
  };

  it('names the seats it is for, and the one it is from', () => {
    const sent = relayedFace(0b101, face);
    expect([sent[0], sent[1], sent.length]).toEqual([1, 5, 2 + SIZE]);
    const read = readRelayed(from(sent, 3));
    expect(read).toEqual({ kind: 'face', seat: 3, face: face.buffer });
  });

  it('carries sound with its time', () => {
    const sent = relayedSound(2, 2 ** 32 + 258, new Uint8Array([9, 8]));
    expect([...sent]).toEqual([2, 2, 2, 1, 0, 0, 9, 8]);
    expect(readRelayed(from(sent, 1))).toEqual({
      kind: 'sound',
      seat: 1,
      milliseconds: 258,
      packet: new Uint8Array([9, 8]),
    });
  });

  it.each([
    ['nothing', []],
    ['a seat that no table has', [1, 8, ...face]],
    ['a face cut short', [1, 0, ...face.slice(1)]],
    ['sound without a packet', [2, 0, 0, 0, 0, 0]],
    ['another kind', [3, 0, 1]],
    ['too much', [2, 0, ...new Uint8Array(1500)]],
  ])('is refused: %s', (_, bytes) => {
    expect(() => readRelayed(Uint8Array.from(bytes).buffer)).toThrow(/^The room sent a message that /);
  });
});

describe('the end of a connection', () => {
  it('is for good where the server says so, in its words', () => {
    expect(ending(4403, '', false)).toContain('ask the host for a new link');
    expect(ending(4403, 'the host has withdrawn this invitation', true)).toBe(
      'The host has withdrawn this invitation.',
    );
    expect(ending(4409, 'The room is full.', false)).toBe('The room is full.');
  });

  it('is not where the line was lost, or where the server has not noticed that yet', () => {
    expect(ending(1006, '', true)).toBeNull();
    expect(ending(1001, '', true)).toBeNull();
    expect(ending(4409, 'this invitation is in use', true)).toBeNull();
  });
});
