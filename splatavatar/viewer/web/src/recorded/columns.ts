// From the coefficient names of a file to the order of `NAMES`; `drive/sources/recorded/columns.py` defines it.
import { PageError } from '../errors';
import { COLUMNS, NAMES } from '../tables';
import type { Say } from './clock';
import { median, short } from './numbers';
import { arkitIndex } from './spelling';

const NEUTRAL = '_neutral';

/** (52) the column of each coefficient, -1 for an optional one that is not there. Throws a PageError. */
export function arkitColumns(names: readonly string[], source: string, say: Say): number[] {
  if (names.length > COLUMNS.MOST_COLUMNS)
    throw new PageError(`${source}: ${names.length} names of coefficients, expected ARKit's 52.`);
  const column: number[] = new Array(NAMES.length).fill(-1);
  const others: string[] = [];
  names.forEach((name, at) => {
    const index = arkitIndex(name);
    if (index === null) {
      if (name.trim().toLowerCase() !== NEUTRAL) others.push(name);
    } else if (column[index]! >= 0) throw new PageError(`${source}: the coefficient '${NAMES[index]}' occurs twice.`);
    else column[index] = at;
  });
  if (column.every((at) => at < 0))
    throw new PageError(`${source}: no names of ARKit's coefficients in it, expected its 52, such as jawOpen.`);
  const optional: readonly string[] = COLUMNS.OPTIONAL;
  const missing = NAMES.filter((name, i) => column[i]! < 0 && !optional.includes(name));
  if (missing.length) {
    const more = missing.length > COLUMNS.SHOWN ? ` and ${missing.length - COLUMNS.SHOWN} more` : '';
    throw new PageError(`${source}: coefficients missing: ${missing.slice(0, COLUMNS.SHOWN).join(', ')}${more}.`);
  }
  if (others.length)
    say(`${others.length} columns such as '${others[0]!.slice(0, 40)}' mean nothing to a face and are left out.`);
  return column;
}

/** (T, 52) in [0, 1] of values (T, C) in rows of `width`. Percents are known by their size. Throws a PageError. */
export function toArkit(
  values: ArrayLike<number>,
  width: number,
  T: number,
  column: number[],
  source: string,
  say: Say,
): Float32Array {
  const count = NAMES.length;
  const arkit = new Float64Array(T * count);
  let high = Number.NEGATIVE_INFINITY;
  let low = Number.POSITIVE_INFINITY;
  for (let frame = 0; frame < T; frame++)
    for (let i = 0; i < count; i++) {
      const value = column[i]! < 0 ? 0 : values[frame * width + column[i]!]!;
      if (!Number.isFinite(value)) throw new PageError(`${source}: arkit is not a finite number in frame ${frame}.`);
      arkit[frame * count + i] = value;
      high = Math.max(high, value);
      low = Math.min(low, value);
    }
  let scale = 1;
  if (T && Math.max(high, -low) > COLUMNS.MOST) {
    const percents = low >= -COLUMNS.MOST && high <= COLUMNS.PERCENT && median(arkit.filter((value) => value > 0)) > 1;
    if (!percents) {
      const at = arkit.findIndex((value) => Math.abs(value) === Math.max(high, -low));
      const name = NAMES[at % count];
      throw new PageError(
        `${source}: ${name} is ${short(arkit[at]!)} in frame ${Math.floor(at / count)}, expected numbers from 0 to 1.`,
      );
    }
    say(`Its coefficients go up to ${short(high, 4)}, which is taken for percents.`);
    scale = 100;
  }
  return Float32Array.from(arkit, (value) => Math.min(Math.max(value / scale, 0), 1));
}
