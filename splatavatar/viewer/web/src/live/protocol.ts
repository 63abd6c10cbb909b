import { PageError } from '../errors';
import { COEFFICIENTS, type FaceSignal } from '../signal/signal';

/** The bytes of a face, as `viewer/protocol.py` writes them. */
export const VERSION = 1;
export const FACE = 1;
export const LOST = 1 << 7;
export const SIZE = 80;
const SEQUENCES = 1 << 16;
const TICKS = 2 ** 32;
const LEVELS = 255;
const STEPS = 32767;
const ANGLE = Math.PI / STEPS;
const LENGTH = 4 / STEPS;

export interface Face {
  signal: FaceSignal;
  sequence: number;
}

/** The message of a face; `sequence` counts the messages of whoever sends them, `time` is in seconds of their clock. */
export function encode(signal: FaceSignal, sequence: number, time = signal.time): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, signal.confidence > 0 ? FACE : FACE | LOST);
  view.setUint16(2, sequence % SEQUENCES, true);
  view.setUint32(4, rint(time / 1e-3) % TICKS, true);
  signal.arkit.forEach((value, i) => {
    view.setUint8(8 + i, rint(Math.fround(Math.min(Math.max(value, 0), 1) * LEVELS)));
  });
  const write = (offset: number, values: Float32Array, step: number) =>
    values.forEach((value, i) => {
      const steps = Math.fround(value / Math.fround(step));
      view.setInt16(offset + 2 * i, rint(Math.min(Math.max(steps, -STEPS), STEPS)), true);
    });
  write(60, shortest(signal.headRotation), ANGLE);
  write(66, signal.headTranslation, LENGTH);
  write(72, signal.gaze, ANGLE);
  return bytes;
}

/** The same rotation by at most half a turn. */
function shortest(rotation: Float32Array): Float32Array {
  const angle = Math.hypot(...rotation);
  if (angle <= Math.PI || !Number.isFinite(angle)) return rotation;
  const left = angle - 2 * Math.PI * rint(angle / (2 * Math.PI));
  return rotation.map((part) => part * Math.fround(left / angle));
}

/** The nearest whole number, of two the even one: how Python rounds. */
function rint(value: number): number {
  const low = Math.floor(value);
  const over = value - low;
  return over === 0.5 ? low + (low & 1) : low + (over > 0.5 ? 1 : 0);
}

export function decode(content: ArrayBuffer): Face {
  if (content.byteLength !== SIZE)
    throw new PageError(`The driver sent a message of ${content.byteLength} bytes, expected ${SIZE}.`);
  const view = new DataView(content);
  const [version, kind] = [view.getUint8(0), view.getUint8(1)];
  if (version !== VERSION) throw new PageError(`The driver sent a message of version ${version}, expected ${VERSION}.`);
  if (kind !== FACE && kind !== (FACE | LOST)) {
    throw new PageError(`The driver sent a message of kind ${kind}, expected ${FACE} or ${FACE | LOST}.`);
  }
  const numbers = (offset: number, count: number, step: number) =>
    Float32Array.from({ length: count }, (_, i) => {
      const steps = view.getInt16(offset + 2 * i, true);
      if (steps < -STEPS) throw new PageError('The driver sent a message with a number out of range.');
      return steps * step;
    });
  return {
    sequence: view.getUint16(2, true),
    signal: {
      time: view.getUint32(4, true) / 1000,
      arkit: Float32Array.from({ length: COEFFICIENTS }, (_, i) => view.getUint8(8 + i) / LEVELS),
      headRotation: numbers(60, 3, ANGLE),
      headTranslation: numbers(66, 3, LENGTH),
      gaze: numbers(72, 4, ANGLE),
      confidence: kind & LOST ? 0 : 1,
    },
  };
}

/** Whether a message comes after another, by their sequence numbers (RFC 1982). */
export function isNewer(sequence: number, than: number): boolean {
  const ahead = (sequence - than + SEQUENCES) % SEQUENCES;
  return ahead > 0 && ahead < SEQUENCES / 2;
}
