// Text in whatever encoding it comes; `input.read_text` defines it.
import { PageError } from '../errors';

/** The text of a file. Throws a PageError for bytes that are none. */
export function decodeText(bytes: Uint8Array, source: string): string {
  try {
    return decoded(bytes);
  } catch {
    throw new PageError(`${source}: not a text in UTF-8 or UTF-16.`);
  }
}

function decoded(bytes: Uint8Array): string {
  const begins = (...mark: number[]) => mark.every((byte, i) => bytes[i] === byte);
  const by = (encoding: string) => new TextDecoder(encoding, { fatal: true }).decode(bytes);
  if (begins(0xff, 0xfe, 0, 0)) return utf32(bytes, true);
  if (begins(0, 0, 0xfe, 0xff)) return utf32(bytes, false);
  if (begins(0xff, 0xfe)) return by('utf-16le');
  if (begins(0xfe, 0xff)) return by('utf-16be');
  const head = bytes.subarray(0, 256);
  if (head.length >= 4 && bytes.length % 2 === 0) {
    const zeros = [0, 0];
    for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 2]!++;
    // Some programs on Windows leave the mark out.
    if (zeros[1]! > head.length >> 2 && !zeros[0]) return by('utf-16le');
    if (zeros[0]! > head.length >> 2 && !zeros[1]) return by('utf-16be');
  }
  return by('utf-8');
}

function utf32(bytes: Uint8Array, little: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length - (bytes.length % 4));
  let text = '';
  for (let at = 4; at < view.byteLength; at += 4) text += String.fromCodePoint(view.getUint32(at, little));
  return text;
}
