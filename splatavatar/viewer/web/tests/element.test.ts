import { describe, expect, it } from 'vitest';
import { checkCamera } from '../src/element/camera';
import { Contexts, type Holder } from '../src/element/contexts';
import { faceOf } from '../src/element/face';
import { INDEX } from '../src/signal/signal';

describe('the module', () => {
  it('is imported where there are no elements', async () => {
    expect('HTMLElement' in globalThis).toBe(false);
    const { SplatAvatar, ARKIT_NAMES, axisAngle } = await import('../src/element/index');
    expect(SplatAvatar.observedAttributes).toContain('src');
    expect(ARKIT_NAMES).toHaveLength(52);
    expect(axisAngle(0.5, 0, 0)[1]).toBeCloseTo(0.5, 9);
  });
});

describe('a face that a page gives', () => {
  it('is coefficients by name, or all of them in order', () => {
    const named = faceOf({ jawOpen: 0.5, mouthSmileLeft: 2 });
    expect([...named.arkit].filter(Boolean)).toEqual([0.5, 1]);
    expect([named.arkit[INDEX.get('jawOpen')!], named.arkit[INDEX.get('mouthSmileLeft')!]]).toEqual([0.5, 1]);
    const all = Array.from({ length: 52 }, (_, i) => i / 64);
    expect([...faceOf(all).arkit]).toEqual(all);
    expect([...faceOf(Float32Array.from(all)).arkit]).toEqual(all);
  });

  it('may have a head and a gaze', () => {
    const face = faceOf({
      arkit: { jawOpen: 0.25 },
      headRotation: [0, 0.5, 0],
      headTranslation: [0.25, 0, -1],
      gaze: [0.5, 0, 0.5, 0],
    });
    expect(face.arkit[INDEX.get('jawOpen')!]).toBe(0.25);
    expect([...face.headRotation, ...face.headTranslation, ...face.gaze]).toEqual([
      0, 0.5, 0, 0.25, 0, -1, 0.5, 0, 0.5, 0,
    ]);
    expect([...faceOf({ headRotation: [0.5, 0, 0] }).arkit].some(Boolean)).toBe(false);
  });

  it.each([
    [[1, 2, 3], 'arkit has 3 numbers, expected 52.'],
    [{ jawOpened: 1 }, 'There is no ARKit coefficient jawOpened.'],
    [{ jawOpen: Number.NaN }, 'jawOpen holds what is no finite number.'],
    [{ jawOpen: '1' }, 'jawOpen holds what is no finite number.'],
    [{ gaze: [0, 0] }, 'gaze has 2 numbers, expected 4.'],
    [{ headRotation: [0, Number.POSITIVE_INFINITY, 0] }, 'headRotation holds what is no finite number.'],
    [null, 'A face is 52 numbers'],
    ['smile', 'A face is 52 numbers'],
  ])('%j is none', (given, sentence) => {
    expect(() => faceOf(given as number[])).toThrow(TypeError);
    expect(() => faceOf(given as number[])).toThrow(sentence);
  });
});

describe('a camera', () => {
  it.each([
    { yaw: Number.NaN },
    { pitch: 90 },
    { distance: 0 },
    { distance: Number.POSITIVE_INFINITY },
    { pan: [0] as unknown as [number, number] },
  ])('of %j is none', (wrong) =>
    expect(() => checkCamera({ yaw: 0, pitch: 0, distance: 1, pan: [0, 0], ...wrong })).toThrow(TypeError),
  );
});

describe('contexts', () => {
  class Head implements Holder {
    released = 0;
    retried = 0;

    constructor(public seen: boolean) {}

    release() {
      this.released++;
    }

    retry() {
      this.retried++;
    }
  }

  it('go from those off the screen to those on it', () => {
    const contexts = new Contexts(2);
    const [off, on, next] = [new Head(false), new Head(true), new Head(true)];
    expect([contexts.take(off), contexts.take(on), contexts.take(next)]).toEqual([true, true, true]);
    expect([off.released, on.released]).toEqual([1, 0]);
    expect(contexts.take(off)).toBe(false);
  });

  it('are waited for while all are seen', () => {
    const contexts = new Contexts(1);
    const [first, second, third] = [new Head(true), new Head(true), new Head(true)];
    expect([contexts.take(first), contexts.take(second), contexts.take(third)]).toEqual([true, false, false]);
    first.seen = false;
    contexts.idle(first);
    expect([second.retried, third.retried]).toEqual([1, 0]);
    expect([contexts.take(second), first.released]).toEqual([true, 1]);
    contexts.give(second);
    expect(third.retried).toBe(1);
    expect(contexts.take(third)).toBe(true);
  });

  it('are not waited for by who gave up', () => {
    const contexts = new Contexts(1);
    const [first, second] = [new Head(true), new Head(true)];
    contexts.take(first);
    contexts.take(second);
    contexts.give(second);
    contexts.give(first);
    expect(second.retried).toBe(0);
  });
});
