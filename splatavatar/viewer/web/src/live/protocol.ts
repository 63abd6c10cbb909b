import { PageError } from '../errors';
import { COEFFICIENTS, type FaceSignal } from '../signal/signal';

/** The bytes of a face, as `viewer/protocol.py` writes them. */
export const VERSION = 1;
export const FACE = 1;
export const LOST = 1 << 7;
export const SIZE = 80;
const SEQUENCES = 1 << 16;
const STEPS = 32767;
const ANGLE = Math.PI / STEPS;
const LENGTH = 4 / STEPS;

export interface Face {
  signal: FaceSignal;
  sequence: number;
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
      arkit: Float32Array.from({ length: COEFFICIENTS }, (_, i) => view.getUint8(8 + i) / 255),
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
