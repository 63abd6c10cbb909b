import { describe, expect, it } from 'vitest';
import { liveAddress } from '../src/live/follower';
import { decode, encode, isNewer } from '../src/live/protocol';
import { bytesOf, faces, farthest, signalOf } from './golden';

describe('a face on the wire', () => {
  it.each(faces)('is what Python decodes ($sequence)', ({ message, sequence, signal }) => {
    const decoded = decode(bytesOf(message).buffer);
    const expected = signalOf(signal);
    expect(decoded.sequence).toBe(sequence);
    expect(decoded.signal.time).toBeCloseTo(expected.time, 9);
    expect(decoded.signal.confidence).toBe(expected.confidence);
    for (const part of ['arkit', 'headRotation', 'headTranslation', 'gaze'] as const)
      expect(farthest(decoded.signal[part], expected[part]), part).toBeLessThan(1e-6);
  });

  it.each(faces)('is what Python encodes ($sequence)', ({ message, sequence, given }) => {
    expect([...encode(signalOf(given), sequence)]).toEqual([...bytesOf(message)]);
  });

  it('is refused where it is none', () => {
    const message = bytesOf(faces[0]!.message);
    const changed = (at: number, value: number) => {
      const other = message.slice();
      other[at] = value;
      return () => decode(other.buffer);
    };
    expect(() => decode(new ArrayBuffer(79))).toThrow('a message of 79 bytes, expected 80.');
    expect(changed(0, 2)).toThrow('a message of version 2, expected 1.');
    expect(changed(1, 7)).toThrow('a message of kind 7, expected 1 or 129.');
    const least = message.slice();
    [least[60], least[61]] = [0, 0x80];
    expect(() => decode(least.buffer)).toThrow('a number out of range');
  });

  it('is newer by its number, across the wrap', () => {
    expect(isNewer(1, 0) && isNewer(0, 65535) && isNewer(100, 65000)).toBe(true);
    expect(isNewer(0, 0) || isNewer(65535, 0) || isNewer(0, 1)).toBe(false);
  });
});

describe('the address of a driver', () => {
  it.each([
    ['live', 'http://127.0.0.1:8017/?signal=live', 'ws://127.0.0.1:8017/live'],
    ['live', 'https://10.0.0.2:8017/a/?x=1', 'wss://10.0.0.2:8017/a/live'],
    ['wss://elsewhere/live', 'http://127.0.0.1:8017/', 'wss://elsewhere/live'],
    ['live', 'https://me:8017/?token=a%2Bb&ui=0', 'wss://me:8017/live?token=a%2Bb'],
    ['signals/hello.npz', 'http://127.0.0.1:8017/', null],
  ])('%s on %s', (signal, page, address) => expect(liveAddress(signal, page)).toBe(address));
});
