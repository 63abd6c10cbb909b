import { afterEach, describe, expect, it, vi } from 'vitest';
import golden from '../../../../tests/golden/watermark.json';
import { markOf } from '../src/trust/mark';
import { codedBits } from '../src/trust/payload';
import { tileOf, waves, words } from '../src/trust/tile';
import { thisDay, universalDay } from '../src/trust/today';
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

  it('is of the first or the last day that can be said where the clock is wrong by years', () => {
    const coded = (day: string) => [...codedBits('0123456789', day)];
    expect(coded('1999-12-31')).toEqual(coded('2020-01-01'));
    expect(coded('2200-01-01')).toEqual(coded('2199-06-06'));
    expect(coded('2199-06-05')).not.toEqual(coded('2199-06-06'));
  });
});

describe('the day', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  it.each([
    ['Pacific/Kiritimati', '2026-11-28'],
    ['America/Los_Angeles', '2026-11-27'],
  ])('of a watermark is that of universal time in %s too', (place, local) => {
    vi.stubEnv('TZ', place);
    vi.useFakeTimers({ now: Date.UTC(2026, 10, 27, 23, 30) });
    expect([universalDay(), thisDay()]).toEqual(['2026-11-27', local]);
    const mark = markOf(null);
    expect(mark()).toEqual(tileOf(codedBits('0'.repeat(10), '2026-11-27')));
    expect(mark()).toBe(mark());
    vi.setSystemTime(Date.UTC(2026, 10, 28, 2));
    expect([universalDay(), thisDay()]).toEqual(['2026-11-28', local]);
    expect(mark()).toEqual(tileOf(codedBits('0'.repeat(10), '2026-11-28')));
  });
});
