import { describe, expect, it } from 'vitest';
import { obeyKey, wheelFactor } from '../src/ui/view_moves';

/** What a view is asked for by a key, and whether the browser still does what it does for that key. */
function asked(key: string, held: Partial<KeyboardEvent> = {}): [string, boolean] {
  const event = Object.assign(new Event('keydown', { cancelable: true }), { key, ...held }) as KeyboardEvent;
  let said = '';
  obeyKey(event, {
    turn: (right, up) => {
      said += `turn ${right} ${up}`;
    },
    approach: (steps) => {
      said += `approach ${steps}`;
    },
    reset: () => {
      said += 'reset';
    },
  });
  return [said, !event.defaultPrevented];
}

describe('keys', () => {
  it.each([
    ['ArrowLeft', 'turn -1 0'],
    ['ArrowRight', 'turn 1 0'],
    ['ArrowUp', 'turn 0 1'],
    ['ArrowDown', 'turn 0 -1'],
    ['+', 'approach 1'],
    ['=', 'approach 1'],
    ['-', 'approach -1'],
    ['0', 'reset'],
    ['Home', 'reset'],
  ])('%s moves the view', (key, move) => {
    expect(asked(key)).toEqual([move, false]);
  });

  it('others, and those of the browser, are left to it', () => {
    expect(asked('Tab')).toEqual(['', true]);
    expect(asked('-', { ctrlKey: true })).toEqual(['', true]);
    expect(asked('ArrowLeft', { altKey: true })).toEqual(['', true]);
  });
});

describe('the wheel', () => {
  it('is the same by pixels and by lines', () => {
    expect(wheelFactor({ deltaY: 72, deltaMode: 0 })).toBe(wheelFactor({ deltaY: 3, deltaMode: 1 }));
    expect(wheelFactor({ deltaY: -72, deltaMode: 0 }) * wheelFactor({ deltaY: 72, deltaMode: 0 })).toBeCloseTo(1, 12);
    expect(wheelFactor({ deltaY: 72, deltaMode: 0 })).toBeGreaterThan(1.05);
  });

  it('moves by no more than a little at once', () => {
    expect(wheelFactor({ deltaY: 1e6, deltaMode: 0 })).toBeCloseTo(Math.exp(1 / 3), 12);
    expect(wheelFactor({ deltaY: -50, deltaMode: 1 })).toBeCloseTo(Math.exp(-1 / 3), 12);
  });
});
