// The faces that a page gives to the element.
import { COEFFICIENTS, type FaceSignal, INDEX, restSignal } from '../signal/signal';
import type { NAMES } from '../tables';

/** The name of an ARKit coefficient, such as `jawOpen`. */
export type Coefficient = (typeof NAMES)[number];

/** The 52 ARKit coefficients from 0 to 1: all in alphabetical order, or some by name, the others being 0. */
export type Coefficients = ArrayLike<number> | Partial<Record<Coefficient, number>>;

/** One moment of a face, in the units and axes of `docs/conventions.md`. What is left out is at rest. */
export interface Face {
  arkit?: Coefficients;
  /** (3) axis-angle in radians; `axisAngle` makes it of three angles */
  headRotation?: ArrayLike<number>;
  /** (3) metres */
  headTranslation?: ArrayLike<number>;
  /** (4) radians: yaw and pitch of the left eye, then of the right one; all 0: not measured */
  gaze?: ArrayLike<number>;
}

const PARTS = { headRotation: 3, headTranslation: 3, gaze: 4 } as const;

/** The signal of what a page gives: coefficients alone, or a whole face. Throws a TypeError for anything else. */
export function faceOf(given: Coefficients | Face): FaceSignal {
  const whole: Face = isFace(given) ? given : { arkit: given };
  const signal = restSignal(performance.now() / 1000);
  if (whole.arkit) fillCoefficients(signal.arkit, whole.arkit);
  for (const [part, size] of Object.entries(PARTS) as [keyof typeof PARTS, number][]) {
    const values = whole[part];
    if (values) signal[part].set(numbers(values, size, part));
  }
  return signal;
}

function isFace(given: Coefficients | Face): given is Face {
  if (typeof given !== 'object' || given === null)
    throw new TypeError('A face is 52 numbers, coefficients by name, or an object with arkit, headRotation and so on.');
  return 'arkit' in given || Object.keys(PARTS).some((part) => part in given);
}

function fillCoefficients(out: Float32Array, given: Coefficients): void {
  if (isList(given)) {
    out.set(numbers(given, COEFFICIENTS, 'arkit').map(held));
    return;
  }
  for (const [name, value] of Object.entries(given)) {
    const index = INDEX.get(name);
    if (index === undefined) throw new TypeError(`There is no ARKit coefficient ${name.slice(0, 40)}.`);
    out[index] = held(numbers([value], 1, name)[0]!);
  }
}

function isList(given: Coefficients): given is ArrayLike<number> {
  return typeof (given as ArrayLike<number>).length === 'number';
}

function numbers(given: ArrayLike<number>, size: number, name: string): number[] {
  if (given.length !== size) throw new TypeError(`${name} has ${given.length} numbers, expected ${size}.`);
  const found = Array.from(given);
  if (!found.every(Number.isFinite)) throw new TypeError(`${name} holds what is no finite number.`);
  return found;
}

function held(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
