// npz files: zip archives of numpy arrays. Nothing is believed of them; `arrays.py` has the same bounds.
import { PageError } from '../errors';
import { halfToFloat } from '../file/half';

export interface NpyArray {
  /** numpy's letter: f, i, u, b numbers, U texts */
  kind: string;
  shape: number[];
  numbers: Float64Array;
  texts: string[];
}

const MOST = 1 << 29;
const MOST_MEMBERS = 1 << 14;
const MOST_HEADER = 1 << 16;
const DEFLATE_RATIO = 1032;
const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

interface Member {
  name: string;
  method: number;
  crc: number;
  packed: number;
  size: number;
  at: number;
}

/** The arrays of an npz file by name. Throws a PageError for what is damaged, too large or no plain array. */
export async function readNpz(bytes: Uint8Array, source: string): Promise<Map<string, NpyArray>> {
  const unfit = (what: string): never => {
    throw new PageError(`${source}: ${what}, expected an intact npz file of plain arrays.`);
  };
  const members = directory(bytes, unfit);
  if (members.reduce((sum, member) => sum + member.size, 0) > MOST) unfit('too large');
  const arrays = new Map<string, NpyArray>();
  for (const member of members) {
    const name = member.name.replace(/\.npy$/, '');
    if (arrays.has(name)) unfit('two arrays of one name');
    arrays.set(name, parseNpy(await content(bytes, member, unfit), name, unfit));
  }
  return arrays;
}

function directory(bytes: Uint8Array, unfit: (what: string) => never): Member[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let end = bytes.length - 22;
  while (end >= 0 && end > bytes.length - 22 - 65536 && view.getUint32(end, true) !== END) end--;
  if (end < 0 || view.getUint32(end, true) !== END) unfit('damaged');
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count > MOST_MEMBERS) unfit(`${count} arrays`);
  const members: Member[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) unfit('damaged');
    const flags = view.getUint16(at + 8, true);
    const [name, extra, comment] = [28, 30, 32].map((o) => view.getUint16(at + o, true)) as [number, number, number];
    const member = {
      name: new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name)),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    };
    if (flags & 1) unfit('an encrypted array');
    if (member.method !== 0 && member.method !== 8) unfit('an array in a compression that numpy does not use');
    const largest = member.method === 0 ? member.packed : DEFLATE_RATIO * (member.packed + 1);
    if (member.packed > bytes.length || member.size > largest) unfit('damaged');
    if (!member.name.endsWith('/')) members.push(member);
    at += 46 + name + extra + comment;
  }
  return members;
}

async function content(bytes: Uint8Array, member: Member, unfit: (what: string) => never): Promise<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (member.at + 30 > bytes.length || view.getUint32(member.at, true) !== LOCAL) unfit('damaged');
  const start = member.at + 30 + view.getUint16(member.at + 26, true) + view.getUint16(member.at + 28, true);
  const packed = bytes.subarray(start, start + member.packed);
  if (packed.length !== member.packed) unfit('cut off');
  const out = member.method === 0 ? packed : await inflate(packed, member.size, unfit);
  if (out.length !== member.size || crc32(out) !== member.crc) unfit('damaged');
  return out;
}

async function inflate(packed: Uint8Array, size: number, unfit: (what: string) => never): Promise<Uint8Array> {
  const out = new Uint8Array(size);
  let at = 0;
  try {
    const stream = new Blob([packed as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new DecompressionStream('deflate-raw'));
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      out.set(value, at);
      at += value.length;
    }
  } catch {
    unfit('damaged');
  }
  return at === size ? out : unfit('cut off');
}

function parseNpy(bytes: Uint8Array, name: string, unfit: (what: string) => never): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes[0] !== 0x93 || String.fromCharCode(...bytes.subarray(1, 6)) !== 'NUMPY')
    unfit(`a member '${name.slice(0, 60)}' that is no array`);
  const wide = bytes[6]! > 1;
  if (bytes.length < 12) unfit('damaged');
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = (wide ? 12 : 10) + length;
  if (length > MOST_HEADER || start > bytes.length) unfit('damaged');
  const header = new TextDecoder('latin1').decode(bytes.subarray(wide ? 12 : 10, start));
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]{0,64})['"]/.exec(header)?.[1] ?? '';
  const byColumns = /['"]fortran_order['"]\s*:\s*(True|False)\b/.exec(header)?.[1];
  const shapeText = /['"]shape['"]\s*:\s*\(([\d\s,L]{0,1000})\)/.exec(header)?.[1];
  if (/^[<>|=]?O/.test(descr)) unfit('pickled objects, which are never read');
  const type = /^([<>|=]?)([?biufcSU])(\d{0,9})$/.exec(descr);
  if (!type || byColumns === undefined || shapeText === undefined) return unfit('damaged, or of several fields');
  const shape = shapeText
    .split(',')
    .map((size) => size.trim())
    .filter(Boolean)
    .map((size) => Number.parseInt(size, 10));
  const kind = type[2] === '?' ? 'b' : type[2]!;
  const size = Number(type[3] || 1) * (kind === 'U' ? 4 : 1);
  const count = shape.reduce((a, b) => a * b, 1);
  if (count * size !== bytes.length - start) unfit('damaged');
  const data = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  const little = type[1] !== '>';
  const array: NpyArray = { kind, shape, numbers: new Float64Array(0), texts: [] };
  const source = (i: number) => (byColumns === 'True' ? fromColumns(i, shape) : i);
  if (kind === 'U') array.texts = Array.from({ length: count }, (_, i) => textAt(data, source(i) * size, size, little));
  else {
    const read = readerOf(kind, size, data, little);
    if (read) array.numbers = Float64Array.from({ length: count }, (_, i) => read(source(i) * size));
    else array.kind = 'V';
  }
  return array;
}

/** Where the element `i` of rows lies in an array stored by columns. */
function fromColumns(i: number, shape: number[]): number {
  let rest = i;
  let at = 0;
  const steps = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at += (rest % shape[axis]!) * steps[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return at;
}

function textAt(data: DataView, at: number, size: number, little: boolean): string {
  let text = '';
  for (let i = 0; i < size; i += 4) {
    const code = data.getUint32(at + i, little);
    if (code === 0) break;
    text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  }
  return text;
}

function readerOf(kind: string, size: number, data: DataView, little: boolean): ((at: number) => number) | null {
  switch (`${kind}${size}`) {
    case 'f8':
      return (at) => data.getFloat64(at, little);
    case 'f4':
      return (at) => data.getFloat32(at, little);
    case 'f2':
      return (at) => halfToFloat(data.getUint16(at, little));
    case 'i8':
      return (at) => Number(data.getBigInt64(at, little));
    case 'u8':
      return (at) => Number(data.getBigUint64(at, little));
    case 'i4':
      return (at) => data.getInt32(at, little);
    case 'u4':
      return (at) => data.getUint32(at, little);
    case 'i2':
      return (at) => data.getInt16(at, little);
    case 'u2':
      return (at) => data.getUint16(at, little);
    case 'i1':
      return (at) => data.getInt8(at);
    case 'u1':
      return (at) => data.getUint8(at);
    case 'b1':
      return (at) => +(data.getUint8(at) !== 0);
    default:
      return null;
  }
}

let crcTable: Uint32Array | null = null;

function crc32(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = crcTable[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
