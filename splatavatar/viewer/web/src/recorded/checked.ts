// What every recording must hold, whatever file it came from; `drive/sources/recorded/checked.py` defines it.
import { PageError } from '../errors';
import { COEFFICIENTS, type Recording } from '../signal/signal';
import { RECORDING } from '../tables';
import { frameRate, increasing, type Say } from './clock';
import { short } from './numbers';

/** Numbers of frames: (T, size), and their shape as the file has it. */
export interface Rows {
  values: ArrayLike<number>;
  shape: number[];
}

export interface Parts {
  time: Float64Array;
  /** (T, 52) */
  arkit: Float32Array;
  headRotation?: Rows | undefined;
  headTranslation?: Rows | undefined;
  gaze?: Rows | undefined;
  confidence?: Rows | undefined;
  /** frames a second that the file states */
  fps: number | null;
}

/** The recording of what a file holds. Throws a PageError that names `source` and what is wrong. */
export function assembled(source: string, parts: Parts, say: Say): Recording {
  const T = parts.time.length;
  checkLength(T, source);
  checkFinite('time', parts.time, T, source);
  if (parts.fps !== null) checkRate(parts.fps, source);
  const sure = parts.confidence
    ? single('confidence', parts.confidence, [T], source, null)
    : new Float32Array(T).fill(1);
  const part = (name: string, rows: Rows | undefined, ...shape: number[]) =>
    rows ? single(name, rows, [T, ...shape], source, sure) : new Float32Array(T * shape.reduce((a, b) => a * b, 1));
  const arkit = part('arkit', { values: parts.arkit, shape: [T, COEFFICIENTS] }, COEFFICIENTS);
  const rotation = part('head_rotation', parts.headRotation, 3);
  const translation = part('head_translation', parts.headTranslation, 3);
  const gaze = part('gaze', parts.gaze, 2, 2);
  const { time, kept } = increasing(parts.time, source, parts.fps, say);
  const chosen = (values: Float32Array) => {
    const size = values.length / T;
    const out = new Float32Array(kept.length * size);
    kept.forEach((frame, i) => {
      out.set(values.subarray(frame * size, (frame + 1) * size), i * size);
    });
    return out;
  };
  const recording: Recording = {
    time,
    arkit: chosen(arkit),
    headRotation: chosen(rotation),
    headTranslation: chosen(translation),
    gaze: chosen(gaze),
    confidence: chosen(sure).map((share) => Math.min(Math.max(share, 0), 1)),
    fps: rateOf(time, parts.fps, say),
  };
  checkBounds(recording, source);
  return recording;
}

/** Throws a PageError for no frames, and for more than memory is to be taken for. */
export function checkLength(frames: number, source: string): void {
  if (frames === 0) throw new PageError(`${source}: no frames.`);
  if (frames > RECORDING.MOST_FRAMES)
    throw new PageError(`${source}: ${frames} frames, expected ${RECORDING.MOST_FRAMES} at most; cut it into several.`);
}

export function checkRate(fps: number, source: string): number {
  const [low, high] = RECORDING.RATES;
  if (!(low <= fps && fps <= high))
    throw new PageError(`${source}: ${short(fps)} frames a second; expected between ${low} and ${high}.`);
  return fps;
}

function checkBounds(recording: Recording, source: string): void {
  checkRate(recording.fps, source);
  const T = recording.time.length;
  for (const [name, values, most] of [
    ['head_rotation', recording.headRotation, RECORDING.BOUNDS.head_rotation],
    ['head_translation', recording.headTranslation, RECORDING.BOUNDS.head_translation],
    ['gaze', recording.gaze, RECORDING.BOUNDS.gaze],
  ] as const) {
    const at = values.findIndex((value) => Math.abs(value) > most);
    if (at >= 0) {
      const frame = Math.floor((at * T) / values.length);
      throw new PageError(
        `${source}: ${name} has ${short(Math.abs(values[at]!))} in frame ${frame}, expected ${short(most, 4)} at most.`,
      );
    }
  }
  if (recording.time[T - 1]! * recording.fps > RECORDING.MOST_HELD * (T + 30))
    throw new PageError(`${source}: time jumps by far more than the frames that there are.`);
}

function rateOf(time: Float64Array, stated: number | null, say: Say): number {
  const measured = frameRate(time);
  if (stated === null || time.length === 1) return stated ?? measured;
  const [low, high] = RECORDING.CONTRADICTION;
  if (low <= measured / stated && measured / stated <= high) return stated;
  say(
    `It states ${short(stated, 4)} frames a second, its times are those of ${short(measured, 4)}; the times are followed.`,
  );
  return measured;
}

/** Single precision, finite; frames of no confidence rest where they are not. */
function single(name: string, rows: Rows, shape: number[], source: string, sure: Float32Array | null): Float32Array {
  if (rows.shape.join() !== shape.join())
    throw new PageError(`${source}: ${name} has the shape (${rows.shape.join(', ')}), expected (${shape.join(', ')}).`);
  const values = Float32Array.from(rows.values);
  const T = shape[0]!;
  const size = values.length / T;
  if (sure)
    for (let i = 0; i < values.length; i++)
      if (!(sure[Math.floor(i / size)]! > 0) && !Number.isFinite(values[i])) values[i] = 0;
  checkFinite(name, values, T, source);
  return values;
}

function checkFinite(name: string, values: Float32Array | Float64Array, T: number, source: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new PageError(`${source}: ${name} is not a finite number in frame ${Math.floor((at * T) / values.length)}.`);
}
