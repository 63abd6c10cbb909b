// The entry `signature` of a file's header; `avatar/format/signature.py` defines it.
import { SIGNATURE } from '../tables';
import { isTable } from './container';
import { isDay, isHex, isLine } from './fields';

/** Who signed which content, and when, as the file says it; whether that is true only the key can tell. */
export interface Signature {
  /** public, of Ed25519, 64 hexadecimal digits */
  key: string;
  /** how the signer calls themselves */
  name: string;
  /** YYYY-MM-DD */
  date: string;
  /** the digest of the file that was signed */
  sha256: string;
  /** 128 hexadecimal digits */
  signature: string;
}

/** The entry; null for anything but the text that Python writes. */
export function readSignature(text: string): Signature | null {
  let value: unknown;
  try {
    value = [...text].length <= SIGNATURE.LONGEST ? JSON.parse(text) : null;
  } catch {
    return null;
  }
  if (!isTable(value)) return null;
  const { key, name, date, sha256, signature } = value;
  if (!isHex(key, 64) || !isLine(name, SIGNATURE.LONGEST_NAME, true) || !isDay(date)) return null;
  if (!isHex(sha256, 64) || !isHex(signature, 128)) return null;
  // In the order in which it is written, which is that of their names: another field, or another spelling, shows.
  return JSON.stringify({ date, key, name, sha256, signature }) === text
    ? { key, name, date, sha256, signature }
    : null;
}

/** What the signature is of. */
export function signedBytes({ date, key, name, sha256 }: Signature): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(SIGNATURE.FIRST + JSON.stringify({ date, key, name, sha256 }));
}
