// Timecodes as seconds; `drive/sources/recorded/timecode.py` defines them.
import { PageError } from '../errors';
import { CLOCK, DROPPED, TIMECODE } from '../tables';
import { roundEven, type Say } from './clock';
import { differences, median } from './numbers';

const CODE = /^(\d{1,3})[:;](\d{1,2})[:;](\d{1,2})(?:([:;])(\d{1,4}(?:[.,]\d{0,9})?)|[.,](\d{1,9}))?$/;
const LEAST = 0.05;

/** (T) seconds of timecodes in the lines of a file; `take` is the text of the take.json beside it. */
export function secondsOf(codes: string[], lines: number[], source: string, take: unknown, say: Say): Float64Array {
  const whole = new Float64Array(codes.length);
  const frames = new Float64Array(codes.length);
  let counted = false;
  let semicolon = false;
  codes.forEach((code, i) => {
    const match = CODE.exec(code.trim());
    if (!match || Number(match[2]) > 59 || Number(match[3]) > 59)
      throw new PageError(
        `${source}: line ${lines[i]} has the timecode '${code.slice(0, 40)}', expected HH:MM:SS:FF.sub or seconds.`,
      );
    whole[i] = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
    if (match[5]) {
      counted = true;
      semicolon ||= match[4] === ';';
      frames[i] = Number(match[5].replace(',', '.'));
    } else if (match[6]) whole[i]! += Number(`0.${match[6]}`);
  });
  let days = 0;
  let before = whole[0] ?? 0;
  for (let i = 1; i < whole.length; i++) {
    const here = whole[i]!;
    if (here - before < -TIMECODE.DAY / 2) days++;
    before = here;
    whole[i] = here + TIMECODE.DAY * days;
  }
  if (!counted) return whole;
  const rate = rateOf(whole, frames, take, say);
  const dropped = (DROPPED as Record<string, number>)[String(rate)];
  if (dropped !== undefined && (semicolon || skips(whole, frames, rate, dropped)))
    return whole.map((second, i) => {
      const minutes = Math.floor(second / 60);
      const label = second * rate + frames[i]! - dropped * (minutes - Math.floor(minutes / 10));
      return (label * CLOCK.NTSC) / rate;
    });
  return whole.map((second, i) => second + frames[i]! / rate);
}

/** Frames of the field in one of its seconds. */
function rateOf(whole: Float64Array, frames: Float64Array, take: unknown, say: Say): number {
  const most = Math.floor(frames.reduce((a, b) => Math.max(a, b), 0));
  const found = fromWraps(whole, frames);
  if (found !== null) {
    const fit = TIMECODE.RATES.filter(
      (rate) => frames.filter((frame) => frame >= rate).length <= TIMECODE.BEYOND * frames.length,
    );
    const near = nearest(fit, found) ?? 0;
    if (Math.abs(near - found) <= Math.max(TIMECODE.CLOSE, 0.02 * found)) return near;
    if (roundEven(found) === most + 1) return most + 1;
  }
  const stated = fromTake(take, whole[0]!, most);
  if (stated !== null) return stated;
  const possible = TIMECODE.OFFERED.filter((rate) => rate > most);
  const moves = frames.some((frame) => frame !== frames[0]);
  if (!moves || (found === null && possible.length === 1)) return TIMECODE.ASSUMED;
  let rate: number = possible.includes(TIMECODE.ASSUMED) ? TIMECODE.ASSUMED : most + 1;
  if (found !== null) rate = nearest(possible, found) ?? rate;
  say(`Its timecodes do not show how many of their frames make a second; ${rate} is assumed.`);
  return rate;
}

function nearest(rates: readonly number[], to: number): number | undefined {
  let best: number | undefined;
  for (const rate of rates) if (best === undefined || Math.abs(rate - to) < Math.abs(best - to)) best = rate;
  return best;
}

/** Frames of a second, as the middle one of all steps from one second to the next says. */
function fromWraps(whole: Float64Array, frames: Float64Array): number | null {
  const seconds = differences(whole);
  const steps = differences(frames);
  const within = steps.filter((step, i) => seconds[i] === 0 && step > 0);
  const across = steps.filter((_, i) => seconds[i] === 1);
  return within.length && across.length ? median(within) - median(across) : null;
}

/** Whether the first labels of every minute but the tenth ones are left out, and one such minute is seen. */
function skips(whole: Float64Array, frames: Float64Array, rate: number, skipped: number): boolean {
  const seconds = differences(whole);
  const still = differences(frames).filter((_, i) => seconds[i] === 0);
  const step = still.length ? median(still) : rate;
  let seen = false;
  for (let i = 1; i < whole.length; i++) {
    const minute = Math.floor(whole[i]! / 60);
    if (minute - Math.floor(whole[i - 1]! / 60) !== 1 || seconds[i - 1] !== 1 || minute % 10 === 0) continue;
    seen = true;
    if (!(frames[i]! >= skipped && frames[i]! < skipped + step && frames[i - 1]! >= rate - step - 1e-6)) return false;
  }
  return seen;
}

/** The rate by the take.json of the app: its timecodes and its clock show it, or it names that of the video. */
function fromTake(value: unknown, first: number, most: number): number | null {
  if (typeof value !== 'object' || value === null) return null;
  const take = value as Record<string, unknown>;
  const [second, frame] = label(take.startTimecode);
  const [lastSecond, lastFrame] = label(take.endTimecode);
  if (Math.abs(second - first) > 1) return null;
  const beyond = clock(take.endTimestamp) - clock(take.startTimestamp) - (lastSecond - second);
  const candidates: unknown[] = [take.videoTargetFrameRate];
  if (Math.abs(beyond) > LEAST) candidates.unshift((lastFrame - frame) / beyond);
  for (const candidate of candidates) {
    if (typeof candidate !== 'number') continue;
    const near = TIMECODE.RATES.filter((rate) => rate > most && Math.abs(rate - candidate) <= 0.02 * rate);
    if (near.length) return nearest(near, candidate)!;
  }
  return null;
}

function label(code: unknown): [number, number] {
  const match = typeof code === 'string' ? CODE.exec(code.trim()) : null;
  if (!match?.[5]) return [Number.NaN, Number.NaN];
  const second = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3]);
  return [second, Number(match[5].replace(',', '.'))];
}

function clock(stamp: unknown): number {
  if (typeof stamp !== 'object' || stamp === null) return Number.NaN;
  const { value, timescale } = stamp as Record<string, unknown>;
  return typeof value === 'number' && typeof timescale === 'number' && timescale > 0 ? value / timescale : Number.NaN;
}
