// Our own recordings; `drive/sources/recorded/signal_npz.py` defines them.
import { PageError } from '../errors';
import type { Recording } from '../signal/signal';
import { assembled, checkLength, type Rows } from './checked';
import type { Say } from './clock';
import { arkitColumns, toArkit } from './columns';
import type { NpyArray } from './npz';

export type Arrays = Map<string, NpyArray>;

const NEEDED = ['time', 'arkit', 'arkit_names'] as const;
const OPTIONAL = ['head_rotation', 'head_translation', 'gaze', 'confidence', 'fps'] as const;

/** The face in the arrays of a file. Throws a PageError. */
export function signalRecording(arrays: Arrays, source: string, say: Say): Recording {
  for (const name of NEEDED)
    if (!arrays.has(name)) {
      const found = [...arrays.keys()].sort();
      throw new PageError(
        `${source}: no array '${name}'; found ${found.slice(0, 8).join(', ') || 'nothing'}${found.length > 8 ? ', ...' : ''}.`,
      );
    }
  for (const name of [...NEEDED, ...OPTIONAL]) {
    const names = name === 'arkit_names';
    const array = arrays.get(name);
    if (array && !(names ? array.kind === 'U' : isNumeric(array)))
      throw new PageError(`${source}: ${name} does not hold ${names ? 'names' : 'numbers'}.`);
  }
  const names = arrays.get('arkit_names')!;
  const values = arrays.get('arkit')!;
  const time = arrays.get('time')!.numbers;
  const T = time.length;
  const width = names.texts.length;
  if (names.shape.length !== 1 || values.shape.join() !== `${T},${width}`)
    throw new PageError(
      `${source}: arkit has the shape (${values.shape.join(', ')}), expected (${T}, ${width}) from time and arkit_names.`,
    );
  checkLength(T, source);
  const column = arkitColumns(names.texts, source, say);
  const confidence = rows(arrays.get('confidence'));
  return assembled(
    source,
    {
      time,
      arkit: toArkit(atRest(values.numbers, width, confidence), width, T, column, source, say),
      headRotation: rows(arrays.get('head_rotation')),
      headTranslation: rows(arrays.get('head_translation')),
      gaze: rows(arrays.get('gaze')),
      confidence,
      fps: rateOf(arrays, source),
    },
    say,
  );
}

export function isNumeric(array: NpyArray): boolean {
  return 'fiu'.includes(array.kind);
}

/** What an array `fps` says; null without one. Throws a PageError for several numbers or none. */
export function rateOf(arrays: Arrays, source: string): number | null {
  const array = arrays.get('fps');
  if (!array) return null;
  if (array.numbers.length !== 1 || !isNumeric(array)) throw new PageError(`${source}: fps does not hold one number.`);
  return array.numbers[0]!;
}

export function rows(array: NpyArray | undefined): Rows | undefined {
  return array && { values: array.numbers, shape: array.shape };
}

/** Coefficients that rest where no face was seen and nothing was written. */
function atRest(values: Float64Array, width: number, confidence: Rows | undefined): Float64Array {
  if (!confidence || confidence.values.length * width !== values.length) return values;
  const out = values.slice();
  for (let frame = 0; frame < confidence.values.length; frame++) {
    const row = out.subarray(frame * width, (frame + 1) * width);
    if (confidence.values[frame]! <= 0 && !row.every(Number.isFinite)) row.fill(0);
  }
  return out;
}
