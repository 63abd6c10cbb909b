// The frames of a table; `drive/sources/recorded/table_frames.py`, `livelink_csv.py` and `arkit_csv.py` define them.
import { PageError } from '../errors';
import { axisAngle } from '../signal/rotation';
import type { Recording } from '../signal/signal';
import { CLOCK, TABLE, TIME_COLUMNS } from '../tables';
import { assembled, checkLength } from './checked';
import type { Say } from './clock';
import { arkitColumns, toArkit } from './columns';
import { parseNumber, short } from './numbers';
import { meant } from './spelling';
import { comma, type Table } from './table';
import { secondsOf } from './timecode';

const COUNTERS: readonly string[] = TABLE.COUNTERS;
const UNITS = TIME_COLUMNS as Record<string, number>;
const KNOWN = new Map<string, string>(
  [...TABLE.HEAD, ...TABLE.EYES, ...TABLE.ROLLS, ...Object.keys(UNITS), ...COUNTERS, TABLE.COUNT].map((name) => [
    name,
    name,
  ]),
);

/** The face in a table: of the Live Link Face app, or any other with the names of the coefficients. */
export function readTable(table: Table, take: unknown, say: Say): Recording {
  const { source, names } = table;
  const meanings = names.map((name) => meant(name, KNOWN));
  const column = new Map<string, number>();
  meanings.forEach((meaning, at) => {
    if (meaning === null || COUNTERS.includes(meaning)) return;
    if (column.has(meaning)) throw new PageError(`${source}: the column '${names[at]}' occurs twice.`);
    column.set(meaning, at);
  });
  if (column.has(TABLE.COUNT) && !column.has('timecode'))
    throw new PageError(`${source}: no column 'Timecode'; expected a take of the Live Link Face app.`);
  const others = [...names.keys()].filter((at) => meanings[at] === null);
  const order = arkitColumns(
    others.map((at) => names[at]!),
    source,
    say,
  );
  const wanted = order.filter((at) => at >= 0).map((at) => others[at]!);
  const angles = [...TABLE.HEAD, ...TABLE.EYES].filter((name) => column.has(name));
  const numeric = [...wanted, ...angles.map((name) => column.get(name)!)];
  const clock = Object.keys(UNITS).find((name) => column.has(name));
  const count = column.get(TABLE.COUNT);
  const T = table.rows.length;
  checkLength(T, source);
  const values = new Float64Array(T * numeric.length);
  const confidence = new Float32Array(T);
  table.rows.forEach((row, frame) => {
    const { cells } = row;
    const absent =
      (count !== undefined && count < cells.length && isZero(cells[count]!)) ||
      wanted.every((at) => isBlank(cells[at]));
    if (absent) return;
    values.set(table.numbers(row, numeric), frame * numeric.length);
    confidence[frame] = 1;
  });
  let place = 0;
  const places = order.map((at) => (at >= 0 ? place++ : -1));
  const arkit = toArkit(values, numeric.length, T, places, source, say);
  const turned = (name: string, frame: number): number => {
    const at = (angles as string[]).indexOf(name);
    return at < 0 ? 0 : radians(name, values[frame * numeric.length + wanted.length + at]!, frame, source);
  };
  const rotation = new Float32Array(3 * T);
  const gaze = new Float32Array(4 * T);
  for (let frame = 0; frame < T; frame++) {
    const [yaw, pitch, roll] = TABLE.HEAD.map((name) => turned(name, frame)) as [number, number, number];
    rotation.set(axisAngle(yaw, pitch, roll), 3 * frame);
    gaze.set(
      TABLE.EYES.map((name) => 0 - turned(name, frame)),
      4 * frame,
    );
  }
  const time = timesOf(table, clock, clock === undefined ? 0 : column.get(clock)!, take, say);
  return assembled(
    source,
    {
      time,
      arkit,
      headRotation: { values: rotation, shape: [T, 3] },
      gaze: { values: gaze, shape: [T, 2, 2] },
      confidence: { values: confidence, shape: [T] },
      fps: null,
    },
    say,
  );
}

/** (T) seconds: numbers in the unit of their column, timecodes, or 30 frames a second where there are none. */
function timesOf(table: Table, clock: string | undefined, at: number, take: unknown, say: Say): Float64Array {
  const { rows, source } = table;
  if (clock === undefined) return Float64Array.from(rows, (_, i) => i / CLOCK.DEFAULT_FPS);
  const texts = rows.map(({ cells }) => cells[at] ?? '');
  if (parseNumber(comma(texts[0]!)) === null)
    return secondsOf(
      texts,
      rows.map(({ line }) => line),
      source,
      take,
      say,
    );
  return Float64Array.from(texts, (text, i) => {
    const value = parseNumber(comma(text));
    if (value === null)
      throw new PageError(
        `${source}: line ${rows[i]!.line} has the time '${text.slice(0, 40)}', expected a number of seconds.`,
      );
    return value * UNITS[clock]!;
  });
}

function radians(name: string, angle: number, frame: number, source: string): number {
  if (!(Math.abs(angle) <= TABLE.FULL_TURN))
    throw new PageError(`${source}: ${name} is ${short(angle)} in frame ${frame}, expected radians.`);
  return angle;
}

function isZero(cell: string): boolean {
  return cell.includes('0') && /^[0.,]*$/.test(cell);
}

function isBlank(cell: string | undefined): boolean {
  return cell === undefined || ['', 'nan', 'null', 'none', 'na'].includes(cell.toLowerCase());
}
