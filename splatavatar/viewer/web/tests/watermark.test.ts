import { describe, expect, it } from 'vitest';
import golden from '../../../../tests/golden/watermark.json';
import { codedBits } from '../src/trust/payload';
import { tileOf, waves, words } from '../src/trust/tile';
import { bytesOf } from './golden';

describe('the watermark', () => {
  it('has the words and the waves of Python', () => {
    const next = words();
    expect(golden.words.map(next)).toEqual(golden.words);
    expect(waves().slice(0, golden.waves.length)).toEqual(golden.waves);
    expect(waves()).toHaveLength(578);
  });

  it.each(golden.payloads.filter(({ tool }) => tool === 1))('says $avatar on $day', ({ avatar, day, coded }) => {
    expect([...codedBits(avatar, day)].join('')).toBe(coded);
  });

  it('has the tile of Python', () => {
    const { avatar, day } = golden.payloads[0]!;
    const expected = new Int8Array(bytesOf(golden.tile).buffer);
    expect([...tileOf(codedBits(avatar, day)).subarray(0, expected.length)]).toEqual([...expected]);
  });
});
