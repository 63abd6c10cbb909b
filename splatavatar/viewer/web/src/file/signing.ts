// Whether the signature of a file is of this file, by the browser's own Ed25519.
import type { Container } from './container';
import { ENTRY } from './digest';
import { fromHex, hasher } from './hashing';
import { isCanonical } from './layout';
import { readSignature, signedBytes } from './signature';

/** `unchecked`: this browser, or one on an origin that is not secure, cannot tell. */
export type Verdict = 'unsigned' | 'valid' | 'unchecked' | 'wrong';

export interface Signing {
  verdict: Verdict;
  /** how the signer calls themselves, and when they signed; empty where nothing could be read */
  name: string;
  date: string;
  /** the first 32 digits of the key's SHA-256, in groups of four; empty where it could not be computed */
  fingerprint: string;
}

const DIGITS = 32;
/** Points of Ed25519 of order 1, 2, 4 and 8, by their first bytes: for these keys anybody makes signatures, of any content. */
const NOBODYS = /^(0[01]0{60}|e[cde]f{60}|26e8958fc2b2|c7176a703d4d)/;

/** What the signature of `file` is worth, whose content is `container`; `checked` where its digest is the one that it names. */
export async function signingOf(file: Uint8Array, container: Container, checked: boolean): Promise<Signing> {
  const { texts } = container;
  const text = texts.get('signature');
  if (text === undefined) return { verdict: 'unsigned', name: '', date: '', fingerprint: '' };
  const found = readSignature(text);
  if (!found) return { verdict: 'wrong', name: '', date: '', fingerprint: '' };
  const { name, date, key, sha256, signature } = found;
  const fingerprint = (await hasher()?.(fromHex(key)))?.slice(0, DIGITS).replace(/(.{4})(?=.)/g, '$1 ') ?? '';
  let verdict: Verdict = 'unchecked';
  // A change of the layout is one of bytes that no digest covers.
  if (texts.get(ENTRY) !== sha256 || !isCanonical(file, container)) verdict = 'wrong';
  else if (checked) verdict = await verified(key, signature, signedBytes(found));
  return { verdict, name, date, fingerprint };
}

async function verified(key: string, signature: string, signed: Uint8Array<ArrayBuffer>): Promise<Verdict> {
  const { subtle } = globalThis.crypto;
  if (NOBODYS.test(key)) return 'wrong';
  try {
    const imported = await subtle.importKey('raw', fromHex(key), 'Ed25519', false, ['verify']);
    return (await subtle.verify('Ed25519', imported, fromHex(signature), signed)) ? 'valid' : 'wrong';
  } catch (error) {
    // Another error is of a key that is none.
    return (error as Error).name === 'NotSupportedError' ? 'unchecked' : 'wrong';
  }
}
