// ARKit names as other programs spell them; `drive/sources/recorded/spelling.py` defines it.
import { NAMES, SPELLING } from '../tables';

const BY_LOWER = new Map<string, number>(NAMES.map((name, i) => [name.toLowerCase(), i]));
const PREFIX = new RegExp(`^${SPELLING.PREFIXES}`, 'i');
/** a side as one letter: after a separator, or a capital after a small letter */
const SEPARATED = /[ ._-]([LRlr])$/;
const CAPITAL = /[a-z]([LR])$/;

/** The place of a coefficient among `NAMES`, null for any other name. */
export function arkitIndex(name: string): number | null {
  return BY_LOWER.get(name.toLowerCase()) ?? meant(name, BY_LOWER);
}

/** What `known`, by names in small letters and digits alone, holds for `name`. */
export function meant<T>(name: string, known: ReadonlyMap<string, T>): T | null {
  if (name.length > SPELLING.LONGEST) return null;
  for (const reading of readings(name)) {
    const found = known.get(reading);
    if (found !== undefined) return found;
  }
  return null;
}

function* readings(name: string): Generator<string> {
  let rest = name.trim();
  yield* sided(rest);
  for (let prefix = PREFIX.exec(rest); prefix; prefix = PREFIX.exec(rest)) {
    rest = rest.slice(prefix[0].length);
    yield* sided(rest);
  }
  for (let at = 0; at < rest.length; at++) if ('.:/|'.includes(rest[at]!)) yield* sided(rest.slice(at + 1));
}

function* sided(name: string): Generator<string> {
  yield plain(name);
  const side = (SEPARATED.exec(name) ?? CAPITAL.exec(name))?.[1];
  if (side) yield plain(name.slice(0, -1)) + (side.toLowerCase() === 'l' ? 'left' : 'right');
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '');
}
