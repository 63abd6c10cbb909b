// What Python computed: `tests/support/page_golden.py` writes it.
import type { FaceSignal } from '../src/signal/signal';
import facesJson from './golden/faces.json';
import filterJson from './golden/filter.json';
import posesJson from './golden/poses.json';
import recordingsJson from './golden/recordings.json';
import trustJson from './golden/trust.json';

type Plain = Record<keyof FaceSignal, number[]> & { time: number; confidence: number };

export const faces = facesJson as unknown as {
  message: string;
  sequence: number;
  given: Plain;
  signal: Plain;
}[];
export const poses = posesJson;
export const filtered = filterJson as unknown as { given: Plain[]; made: Plain[] };
export const recordings = recordingsJson as unknown as ({ name: string; file: string; take: string | null } & Record<
  string,
  number[]
> & { refused?: boolean; fps: number })[];

/** A record of consent as Python writes it. */
type Written = Record<'subject' | 'given_by' | 'how' | 'date', string> & {
  scope: Record<string, boolean>;
  expires?: string;
  revocation?: string;
  spoken?: { begins: number; ends: number; date: string };
};

export const trust = trustJson as unknown as {
  consents: { value: unknown; record: Written | null }[];
  entries: { text: string; signed: string | null }[];
  fingerprint: string;
  name: string;
  /** the file in other bytes, as `spliced` makes them, and what Python says of them on the day of the signature */
  files: ({ what: string; verdict: string } & Splice)[];
  /** what it says of the file on those days */
  days: Record<string, string>;
  /** the first letter of what it says after a change of a bit of each byte */
  flips: string;
  file: string;
};

/** What makes one file of another: bytes that stay at the beginning and at the end, and those between, in base64. */
interface Splice {
  begin: number;
  end: number;
  between: string;
}

export function spliced(bytes: Uint8Array, { begin, end, between }: Splice): ArrayBuffer {
  const parts = [bytes.subarray(0, begin), bytesOf(between), bytes.subarray(bytes.length - end)];
  return Uint8Array.from(parts.flatMap((part) => [...part])).buffer;
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export function signalOf(plain: unknown): FaceSignal {
  const { time, arkit, headRotation, headTranslation, gaze, confidence } = plain as Plain;
  const single = (values: number[]) => Float32Array.from(values);
  return {
    time,
    arkit: single(arkit),
    headRotation: single(headRotation),
    headTranslation: single(headTranslation),
    gaze: single(gaze),
    confidence,
  };
}

/** The largest difference between two lists of numbers of one length. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i]! - b[i]!);
    // NaN counts as far.
    most = off <= most ? most : Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
  }
  return most;
}
