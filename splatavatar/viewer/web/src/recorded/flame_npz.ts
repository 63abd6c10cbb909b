// FLAME parameters as coefficients; `drive/sources/recorded/flame_npz.py` defines what is carried over.
import { PageError } from '../errors';
import { fromQuaternion } from '../signal/rotation';
import { COEFFICIENTS, INDEX, type Recording } from '../signal/signal';
import { FLAME, RECORDING } from '../tables';
import { assembled, checkLength, checkRate } from './checked';
import type { Say } from './clock';
import type { NpyArray } from './npz';
import { median } from './numbers';
import { type Arrays, isNumeric, rateOf } from './signal_npz';

type Quaternion = [number, number, number, number];
const MOST_TURN = RECORDING.BOUNDS.head_rotation;

/** Whether the arrays of a file are FLAME parameters. */
export function isFlame(arrays: Arrays): boolean {
  return arrays.has('jaw_pose') || (arrays.has('exp') && arrays.has('pose')) || artalk(arrays) !== null;
}

/** The face that FLAME parameters show, as far as it can be carried over. Throws a PageError. */
export function flameRecording(arrays: Arrays, source: string, say: Say): Recording {
  const get = (name: string, width: number, most: number = MOST_TURN) =>
    arrays.has(name) ? columns(arrays.get(name)!, name, 0, width, width, source, most) : null;
  const motions = artalk(arrays);
  let jaw: Float64Array;
  let turns: (Float64Array | null)[];
  let eyes: Float64Array | null = null;
  let way: Float64Array | null = null;
  let usual: number = FLAME.SPEECH_FPS;
  if (arrays.has('jaw_pose')) {
    usual = FLAME.VHAP_FPS;
    jaw = get('jaw_pose', 3)!;
    turns = [get('rotation', 3), get('neck_pose', 3)];
    eyes = get('eyes_pose', 6);
    way = get('translation', 3, RECORDING.BOUNDS.head_translation);
  } else if (motions) {
    const part = (from: number) => columns(motions, 'motions', from, from + 3, FLAME.ARTALK_COLUMNS, source, MOST_TURN);
    turns = [part(100)];
    jaw = part(103);
  } else {
    const part = (from: number) => columns(arrays.get('pose')!, 'pose', from, from + 3, 6, source, MOST_TURN);
    turns = [part(0)];
    jaw = part(3);
  }
  const T = jaw.length / 3;
  const fps = checkRate(rateOf(arrays, source) ?? usual, source);
  const head = new Float64Array(3 * T);
  const gaze = new Float64Array(4 * T);
  const arkit = new Float32Array(COEFFICIENTS * T);
  const place = new Float64Array(3 * T);
  for (const part of [...turns, way]) if (part && part.length !== 3 * T) throw differ(source);
  if (eyes && eyes.length !== 6 * T) throw differ(source);
  const rest = [0, 1, 2].map((axis) => (way ? median(way.filter((_, i) => i % 3 === axis)) : 0));
  for (let t = 0; t < T; t++) {
    const rotations = turns.filter((part) => part !== null).map((part) => quaternion(part, 3 * t));
    head.set(fromQuaternion(rotations.reduce(product, [1, 0, 0, 0])), 3 * t);
    if (eyes) gaze.set([eyes[6 * t + 1]!, 0 - eyes[6 * t]!, eyes[6 * t + 4]!, 0 - eyes[6 * t + 3]!], 4 * t);
    if (way) for (let i = 0; i < 3; i++) place[3 * t + i] = way[3 * t + i]! - rest[i]!;
    const put = (name: string, value: number) => {
      arkit[COEFFICIENTS * t + INDEX.get(name)!] = Math.min(Math.max(value, 0), 1);
    };
    put('jawOpen', jaw[3 * t]! / FLAME.JAW_OPEN);
    put('jawLeft', jaw[3 * t + 1]! / FLAME.JAW_ASIDE);
    put('jawRight', -jaw[3 * t + 1]! / FLAME.JAW_ASIDE);
  }
  say('FLAME parameters: jaw, eyes and head drive this avatar; the components of the expression are left out.');
  return assembled(
    source,
    {
      time: Float64Array.from({ length: T }, (_, t) => t / fps),
      arkit,
      headRotation: { values: head, shape: [T, 3] },
      headTranslation: { values: place, shape: [T, 3] },
      gaze: { values: gaze, shape: [T, 2, 2] },
      fps,
    },
    say,
  );
}

function differ(source: string): PageError {
  return new PageError(`${source}: its arrays have different numbers of frames.`);
}

function artalk(arrays: Arrays): NpyArray | null {
  const names: string[] = FLAME.ARTALK_NAMES.filter((name) => arrays.has(name));
  const looked = names.length ? names : arrays.size === 1 ? [...arrays.keys()] : [];
  const fits = (array: NpyArray) => array.shape.length === 2 && array.shape[1] === FLAME.ARTALK_COLUMNS;
  return looked.map((name) => arrays.get(name)!).find(fits) ?? null;
}

/** Columns [from, to) of an array of so many columns; numbers of size `most` at most. */
function columns(
  array: NpyArray,
  name: string,
  from: number,
  to: number,
  width: number,
  source: string,
  most: number,
): Float64Array {
  if (array.shape.length !== 2 || array.shape[1] !== width)
    throw new PageError(`${source}: ${name} has the shape (${array.shape.join(', ')}), expected (frames, ${width}).`);
  if (!isNumeric(array) || !array.numbers.length) throw new PageError(`${source}: ${name} does not hold numbers.`);
  const T = array.shape[0]!;
  checkLength(T, source);
  const out = new Float64Array(T * (to - from));
  for (let t = 0; t < T; t++)
    for (let i = from; i < to; i++) {
      const value = array.numbers[t * width + i]!;
      if (!(Math.abs(value) <= most))
        throw new PageError(`${source}: ${name} is beyond ${most.toPrecision(4)} in frame ${t}.`);
      out[t * (to - from) + i - from] = value;
    }
  return out;
}

function quaternion(rotation: Float64Array, at: number): Quaternion {
  const [x, y, z] = [rotation[at]!, rotation[at + 1]!, rotation[at + 2]!];
  const half = Math.hypot(x, y, z) / 2;
  const scale = half > 1e-12 ? Math.sin(half) / half / 2 : 0.5;
  return [Math.cos(half), x * scale, y * scale, z * scale];
}

function product(a: Quaternion, b: Quaternion): Quaternion {
  const [aw, ax, ay, az] = a;
  const [bw, bx, by, bz] = b;
  return [
    aw * bw - ax * bx - ay * by - az * bz,
    aw * bx + bw * ax + ay * bz - az * by,
    aw * by + bw * ay + az * bx - ax * bz,
    aw * bz + bw * az + ax * by - ay * bx,
  ];
}
