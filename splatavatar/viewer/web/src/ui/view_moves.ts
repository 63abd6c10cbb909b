// What keys and the wheel ask of a view: the same wherever one looks around.

const PIXELS_A_LINE = 24;
/** of one event: some wheels send far more at once */
const MOST_PIXELS = 300;
/** by which a distance grows e times */
const PIXELS_A_FOLD = 900;
/** `WheelEvent.DOM_DELTA_LINE` */
const IN_LINES = 1;

/** A view that can be moved by steps of its own. */
export interface View {
  /** By one step the way of the arrow: `right` and `up` are -1, 0 or 1. */
  turn(right: number, up: number): void;
  /** Nearer by one step, or farther for -1. */
  approach(steps: number): void;
  reset(): void;
}

/** Does what a key asks for; others are left to the browser. */
export function obeyKey(event: KeyboardEvent, view: View): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const keys: Record<string, () => void> = {
    ArrowLeft: () => view.turn(-1, 0),
    ArrowRight: () => view.turn(1, 0),
    ArrowUp: () => view.turn(0, 1),
    ArrowDown: () => view.turn(0, -1),
    '+': () => view.approach(1),
    '=': () => view.approach(1),
    '-': () => view.approach(-1),
    '0': () => view.reset(),
    Home: () => view.reset(),
  };
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

/** How many times farther away a turn of the wheel asks to be; below 1: nearer. */
export function wheelFactor({ deltaY, deltaMode }: Pick<WheelEvent, 'deltaY' | 'deltaMode'>): number {
  const pixels = deltaMode === IN_LINES ? PIXELS_A_LINE * deltaY : deltaY;
  return Math.exp(Math.min(Math.max(pixels, -MOST_PIXELS), MOST_PIXELS) / PIXELS_A_FOLD);
}
