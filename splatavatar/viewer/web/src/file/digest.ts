// The checksum that an avatar file may hold of itself; `avatar/format/digest.py` defines it.
import type { Container } from './container';
import { defect } from './container';

const ENTRY = 'sha256';
const LEFT_OUT = [ENTRY, 'signature'];

/** Throws a PageError where the file names a digest that is not its own. Browsers hash on secure origins alone:
 * elsewhere nothing is checked. */
export async function checkDigest({ tensors, texts }: Container): Promise<void> {
  const expected = texts.get(ENTRY);
  const hasher = globalThis.crypto?.subtle;
  if (expected === undefined || !hasher) return;
  const sha256 = async (bytes: Uint8Array): Promise<string> => {
    const hash = new Uint8Array(await hasher.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  const encode = (text: string) => new TextEncoder().encode(text);
  const entries = [...texts].filter(([name]) => !LEFT_OUT.includes(name)).sort(byName);
  const lines = ['splatavatar digest 1'];
  for (const [name, text] of entries) lines.push(`entry ${name} ${await sha256(encode(text))}`);
  for (const [name, { dtype, shape, values }] of [...tensors].sort(byName)) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    lines.push(`tensor ${name} ${dtype} ${shape.join(',') || '-'} ${await sha256(bytes)}`);
  }
  const found = await sha256(encode(`${lines.join('\n')}\n`));
  if (found !== expected) defect('its checksum is another one; it was damaged or cut on its way here');
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
