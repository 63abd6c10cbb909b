// Whether a file has the very bytes that Python writes; `avatar/format/container.py` defines them.
import { DTYPES } from '../tables';
import { byName, type Container, START, type Tensor } from './container';

const PADDING = 8;
const SPACE = 0x20;

/** Whether the file of which `container` is the content has the layout in which it was written. */
export function isCanonical(file: Uint8Array, container: Container): boolean {
  // JSON can spell halves of characters, Python writes none.
  if ([...container.texts].flat().some((text) => /\p{Surrogate}/u.test(text))) return false;
  const written = new TextEncoder().encode(headerOf(container));
  const length = Math.ceil(written.length / PADDING) * PADDING;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== length || view.getUint32(4, true) !== 0) return false;
  for (let at = 0; at < length; at++) if (file[START + at] !== (written[at] ?? SPACE)) return false;
  return true;
}

/** The header anew. It says where each tensor lies, so the order of these is in it. */
function headerOf({ tensors, texts }: Container): string {
  const entries = [...texts].sort(byName).map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`);
  const parts = [`"__metadata__":{${entries.join()}}`];
  let begin = 0;
  for (const [name, { dtype, shape, values }] of [...tensors].sort(byWidth)) {
    const end = begin + values.byteLength;
    parts.push(`${JSON.stringify(name)}:{"dtype":"${dtype}","shape":[${shape}],"data_offsets":[${begin},${end}]}`);
    begin = end;
  }
  return `{${parts.join()}}`;
}

function byWidth(a: [string, Tensor], b: [string, Tensor]): number {
  return DTYPES[b[1].dtype] - DTYPES[a[1].dtype] || byName(a, b);
}
