import { describe, expect, it } from 'vitest';
import { readLink } from '../src/ui/link';

describe('a deep link', () => {
  it('leaves to the page what it does not say', () => {
    const link = readLink('');
    expect(link).toMatchObject({
      avatar: 'avatar.splatavatar',
      signal: null,
      frame: null,
      yaw: 0,
      pitch: 0,
      distance: null,
    });
    expect(link).toMatchObject({ size: null, background: undefined, ui: true, limit: 3, target: null });
  });

  it('says what picture is meant', () => {
    const link = readLink(
      '?yaw=-30&pitch=12.5&distance=0.8&size=640x480&background=ff8000&signal=a/b.npz&frame=40&ui=0',
    );
    expect(link).toMatchObject({
      yaw: -30,
      pitch: 12.5,
      distance: 0.8,
      size: [640, 480],
      signal: 'a/b.npz',
      frame: 40,
      ui: false,
    });
    expect(link.background).toEqual([1, 128 / 255, 0]);
    expect(readLink('?background=transparent&limit=off')).toMatchObject({ background: null, limit: null });
    expect(readLink('?background=255,255,255').background).toEqual([1, 1, 1]);
    expect(readLink('?background=%23fff').background).toEqual([1, 1, 1]);
  });

  it.each([
    'yaw=left',
    'pitch=90',
    'distance=0',
    'size=512',
    'size=0x10',
    'size=9000x10',
    'background=sky',
    'frame=4',
    'target=rgb',
    'limit=-1',
    'pan=1',
    'pan=0,',
    'pan=0,2',
  ])('that says %s is refused in one sentence', (query) => {
    expect(() => readLink(`?${query}`)).toThrow(/^The link asks for [^\n]+\.$/);
  });
});
