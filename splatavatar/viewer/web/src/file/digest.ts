// The checksum that an avatar file may hold of itself; `avatar/format/digest.py` defines it.
import type { Container } from './container';
import { byName, defect, shown } from './container';
import { hasher } from './hashing';

export const ENTRY = 'sha256';
const LEFT_OUT = [ENTRY, 'signature'];
const KNOWN = ['format', 'version', 'rig', 'scales', 'metadata', ...LEFT_OUT];

/** The digest of a file. Where the browser cannot compute it, the one that the file names, if any: `checked` says which. Throws a PageError where the file names another one than its own. */
export async function checkDigest(container: Container): Promise<{ digest: string | null; checked: boolean }> {
  const { texts } = container;
  const expected = texts.get(ENTRY) ?? null;
  const unknown = [...texts.keys()].find((name) => !KNOWN.includes(name));
  // No version wrote such a file. The name of the checksum itself may have been damaged.
  if (expected === null && unknown !== undefined)
    defect(`it has no checksum, but the unknown entry '${shown(unknown)}'`);
  if (!hasher()) return { digest: expected, checked: false };
  const digest = await digestOf(container);
  if (expected !== null && digest !== expected)
    defect('its checksum is another one; it was damaged or cut on its way here');
  return { digest, checked: true };
}

async function digestOf({ tensors, texts }: Container): Promise<string> {
  const sha256 = hasher()!;
  const encode = (text: string) => new TextEncoder().encode(text);
  const entries = [...texts].filter(([name]) => !LEFT_OUT.includes(name)).sort(byName);
  const lines = ['splatavatar digest 1'];
  for (const [name, text] of entries) lines.push(`entry ${plain(name)} ${await sha256(encode(text))}`);
  for (const [name, { dtype, shape, values }] of [...tensors].sort(byName)) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    lines.push(`tensor ${plain(name)} ${dtype} ${shape.join(',') || '-'} ${await sha256(bytes)}`);
  }
  return sha256(encode(`${lines.join('\n')}\n`));
}

/** A name that has one place in a line. */
function plain(name: string): string {
  return /^[\w.-]{1,200}$/.test(name) ? name : defect(`it holds the name '${shown(name)}'`);
}
