// The times of a recording: in seconds, from 0, each later than the one before; `drive/sources/recorded/clock.py` defines it.
import { PageError } from '../errors';
import { CLOCK, CLOCK_UNITS } from '../tables';
import { differences, median, short } from './numbers';

export type Say = (note: string) => void;

/** Times in seconds, from 0 and increasing, and the frames that they belong to. Throws a PageError. */
export function increasing(
  given: Float64Array,
  source: string,
  fps: number | null,
  say: Say,
): { time: Float64Array; kept: number[] } {
  const far = given.findIndex((time) => Math.abs(time) > CLOCK.FARTHEST);
  if (far >= 0) throw new PageError(`${source}: time is ${short(given[far]!)} in frame ${far}; expected seconds.`);
  const all = spread(given);
  const kept: number[] = [];
  let latest = Number.NEGATIVE_INFINITY;
  let back = 0;
  let late = 0;
  for (let i = 0; i < all.length; i++) {
    if (all[i]! > latest) {
      kept.push(i);
      latest = all[i]!;
    } else back = Math.max(back, latest - all[i]!);
    if (!late && i > 0 && all[i]! <= all[i - 1]!) late = i;
  }
  const dropped = all.length - kept.length;
  if (kept.length === 1 && dropped) throw new PageError(`${source}: time does not increase at frame ${late}.`);
  let time = Float64Array.from(kept, (i) => all[i]! - all[0]!);
  const steps = differences(time);
  const scale = steps.length ? unit(median(steps), source, fps, say) : 1;
  time = time.map((t) => t * scale);
  if (back > 0 && (back * scale > CLOCK.MOST_BACK || dropped > CLOCK.MOST_LATE * all.length))
    throw new PageError(
      `${source}: time does not increase at frame ${late}: it goes back by ${short(back * scale)} seconds; expected the frames of one take in their order.`,
    );
  if (time.at(-1)! > CLOCK.LONGEST)
    throw new PageError(`${source}: a recording of ${short(time.at(-1)! / 86400, 3)} days; expected 48 hours at most.`);
  if (dropped) say(`${dropped} of ${all.length} frames repeat an earlier time and are left out.`);
  return { time, kept };
}

/** Frames of a clock that counts in coarser steps than they come lie evenly within its steps. */
function spread(time: Float64Array): Float64Array {
  const steps = differences(time);
  const still = steps.reduce((count, step) => count + +(step === 0), 0);
  if (!steps.length || steps.some((step) => step < 0) || still < CLOCK.COARSE * steps.length || still === steps.length)
    return time;
  const begins = [0, ...[...steps.keys()].filter((i) => steps[i]! > 0).map((i) => i + 1)];
  const counts = begins.map((begin, i) => (begins[i + 1] ?? time.length) - begin);
  const lengths = begins.slice(1).map((begin, i) => time[begin]! - time[begins[i]!]!);
  // Of whole steps of the clock; the first and the last one are cut off by the recording.
  const inner = lengths.slice(1).map((length, i) => length / counts[i + 1]!);
  const usual = inner.length ? median(inner) : lengths[0]! / Math.max(...counts);
  const out = new Float64Array(time.length);
  begins.forEach((begin, step) => {
    const edge = step === 0 || step === begins.length - 1;
    const each = edge ? usual : Math.min(inner[step - 1]!, 1.5 * usual);
    for (let i = 0; i < counts[step]!; i++) out[begin + i] = time[begin]! + i * each;
  });
  for (let i = 0; i < counts[0]!; i++) out[i] = time[begins[1]!]! - usual * (counts[0]! - i);
  return out;
}

/** Seconds of the unit in which frames are `step` apart. */
function unit(step: number, source: string, fps: number | null, say: Say): number {
  if (step < CLOCK.SLOWEST || (fps !== null && step * fps <= CLOCK.STATED)) return 1;
  for (const scale of CLOCK_UNITS)
    if (CLOCK.QUICKEST <= step * scale && step * scale <= CLOCK.LONGEST_STEP) {
      say(`Its frames are ${short(step)} apart in time, which is taken for a unit of ${scale} seconds.`);
      return scale;
    }
  throw new PageError(
    `${source}: its frames are ${short(step)} seconds apart, as those of a face are not; give the time in seconds with their fractions, or leave it out where frames are ${CLOCK.DEFAULT_FPS} a second.`,
  );
}

/** Frames a second of increasing times: gaps do not count, and a rate near a whole or NTSC number is that number. */
export function frameRate(time: Float64Array): number {
  const steps = differences(time);
  if (!steps.length) return CLOCK.DEFAULT_FPS;
  const middle = median(steps);
  const usual = steps.filter((step) => step <= 1.5 * middle);
  const rate = 1 / Math.max(usual.reduce((a, b) => a + b, 0) / usual.length, 1e-9);
  const candidates = [roundEven(rate), roundEven(rate * CLOCK.NTSC) / CLOCK.NTSC];
  const exact = Math.abs(candidates[1]! - rate) < Math.abs(candidates[0]! - rate) ? candidates[1]! : candidates[0]!;
  return exact > 0 && Math.abs(exact - rate) < 3e-4 * rate ? exact : rate;
}

/** Halves go to the even number, as Python rounds. */
export function roundEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}
