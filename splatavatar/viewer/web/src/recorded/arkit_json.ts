// ARKit coefficients as JSON; `drive/sources/recorded/arkit_json.py` defines it.
import { PageError } from '../errors';
import type { Recording } from '../signal/signal';
import { CLOCK } from '../tables';
import { assembled, checkLength, checkRate } from './checked';
import type { Say } from './clock';
import { arkitColumns, toArkit } from './columns';

const EXPECTED = 'a JSON object with "names" and "frames"';

/** The face in `{"names": [...], "frames": [{"weights": [...], "time": seconds}, ...]}`. Throws a PageError. */
export function readArkitJson(text: string, source: string, say: Say): Recording {
  let document: unknown;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    throw new PageError(`${source}: not valid JSON, expected ${EXPECTED}.`);
  }
  const { names, frames, fps: stated } = (document ?? {}) as Record<string, unknown>;
  if (names === undefined || frames === undefined) throw new PageError(`${source}: expected ${EXPECTED}.`);
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string'))
    throw new PageError(`${source}: "names" must be a list of coefficient names.`);
  if (!Array.isArray(frames) || !frames.every((frame) => typeof frame === 'object' && frame && !Array.isArray(frame)))
    throw new PageError(`${source}: "frames" must be a list of objects with "weights".`);
  checkLength(frames.length, source);
  const column = arkitColumns(names, source, say);
  const weights = new Float64Array(frames.length * names.length);
  frames.forEach((frame, index) => {
    const row = frame.weights;
    if (!Array.isArray(row) || row.length !== names.length)
      throw new PageError(
        `${source}: frame ${index} has ${Array.isArray(row) ? `${row.length} weights` : 'no weights'}, expected ${names.length}.`,
      );
    for (const at of column) if (at >= 0) weights[index * names.length + at] = number(row[at], index, source);
  });
  const timed = frames.filter((frame) => frame.time !== null && frame.time !== undefined).length;
  if (timed && timed < frames.length)
    throw new PageError(`${source}: some frames have no time and others have; give it to all of them or to none.`);
  let fps: number | null = null;
  let time: Float64Array;
  if (timed) time = Float64Array.from(frames, (frame, index) => number(frame.time, index, source));
  else {
    fps = stated === null || stated === undefined ? CLOCK.DEFAULT_FPS : number(stated, 0, source);
    const rate = checkRate(fps, source);
    time = Float64Array.from(frames, (_, index) => index / rate);
  }
  return assembled(
    source,
    { time, arkit: toArkit(weights, names.length, frames.length, column, source, say), fps },
    say,
  );
}

function number(value: unknown, frame: number, source: string): number {
  if (typeof value !== 'number') throw new PageError(`${source}: frame ${frame} holds something that is not a number.`);
  return value;
}
