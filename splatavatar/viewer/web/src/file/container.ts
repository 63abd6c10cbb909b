// The safetensors container of an avatar file, read as strictly as Python reads it: nothing in it is trusted.
import { PageError } from '../errors';
import { DTYPES, LARGEST_FILE, LARGEST_HEADER } from '../tables';

export type Numbers = Float32Array | Int32Array | Int16Array | Uint16Array | Int8Array | Uint8Array;

export interface Tensor {
  dtype: keyof typeof DTYPES;
  shape: number[];
  /** the elements; F16 as the 16 bits of each */
  values: Numbers;
}

export interface Container {
  tensors: Map<string, Tensor>;
  texts: Map<string, string>;
}

interface Span {
  dtype: keyof typeof DTYPES;
  shape: number[];
  begin: number;
  end: number;
}

const VIEWS = {
  F32: Float32Array,
  F16: Uint16Array,
  I32: Int32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;
const DIMENSIONS = 4;
/** bytes before the header: how many it has */
export const START = 8;

/** Throws a PageError that ends the sentence of a file that is no intact avatar. */
export function defect(what: string): never {
  throw new PageError(`This is not an intact avatar: ${what}.`);
}

/** The bytes up to the end of the header, of a file of `size` bytes that begins with `head` (8 at least). */
export function headerEnd(head: Uint8Array, size: number): number {
  if (size === 0) defect('the file is empty');
  if (size > LARGEST_FILE) defect(`it has ${size >> 20} MB, the limit is ${LARGEST_FILE >> 20} MB`);
  if (head.length < START) defect(`it ends after ${head.length} bytes`);
  const view = new DataView(head.buffer, head.byteOffset, START);
  const length = view.getUint32(0, true);
  if (head[0] === 0x50 && head[1] === 0x4b) defect('it is a zip archive');
  if (view.getUint32(4, true) !== 0 || length > LARGEST_HEADER)
    defect(`its header claims more than the limit of ${LARGEST_HEADER} bytes`);
  if (START + length > size) defect(`its header claims ${length} bytes, the file has ${size}`);
  return START + length;
}

/** The tensors and the texts of a whole file. Tensors are views of `buffer`. */
export function readContainer(buffer: ArrayBuffer): Container {
  const bytes = new Uint8Array(buffer);
  const start = headerEnd(bytes, bytes.length);
  const header = parseJson(decodeText(bytes.subarray(START, start)), 'its header');
  if (!isTable(header)) defect('its header is not a JSON object');
  const texts = readTexts(header.__metadata__ ?? {});
  const spans = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]): [string, Span] => [name, readSpan(name, entry)]);
  spans.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const [name, span] of spans) {
    if (span.begin !== end) defect(`${shown(name)} begins at byte ${span.begin}, expected ${end}`);
    end = span.end;
  }
  if (end !== bytes.length - start) defect(`its tensors take ${end} bytes, the file has ${bytes.length - start}`);
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of spans) {
    const size = DTYPES[dtype];
    const at = start + begin;
    // Files of other programs may lie across the size of an element.
    const data = at % size ? buffer.slice(at, start + end) : buffer;
    tensors.set(name, { dtype, shape, values: new VIEWS[dtype](data, at % size ? 0 : at, (end - begin) / size) });
  }
  return { tensors, texts };
}

export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return defect(`${what} is not valid JSON`);
  }
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The order of entries by their names. */
export function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A name fit for a sentence, however long or odd it is. */
export function shown(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]/g, '?');
  return plain.length <= 60 ? plain : `${plain.slice(0, 40)}...`;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return defect('its header is not text');
  }
}

function readTexts(value: unknown): Map<string, string> {
  if (!isTable(value)) defect('its __metadata__ is not a table of strings');
  const texts = new Map<string, string>();
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') defect('its __metadata__ is not a table of strings');
    texts.set(name, text);
  }
  return texts;
}

function readSpan(name: string, entry: unknown): Span {
  const fields = isTable(entry) ? Object.keys(entry).sort().join() : '';
  if (!isTable(entry) || fields !== 'data_offsets,dtype,shape')
    defect(`${shown(name)} is not described by dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPES, dtype))
    defect(`${shown(name)} has the unknown dtype '${shown(String(dtype)).slice(0, 20)}'`);
  if (!isCounts(shape) || shape.length > DIMENSIONS || product(shape.map((size) => Math.max(size, 1))) > LARGEST_FILE)
    defect(`the shape of ${shown(name)} is not a list of up to ${DIMENSIONS} counts`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!)
    defect(`the data_offsets of ${shown(name)} are not a begin and an end`);
  const [begin, end] = offsets as [number, number];
  const kind = dtype as keyof typeof DTYPES;
  const size = product(shape) * DTYPES[kind];
  if (end - begin !== size) defect(`${shown(name)} takes ${end - begin} bytes, its shape needs ${size}`);
  return { dtype: kind, shape, begin, end };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function product(sizes: number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
