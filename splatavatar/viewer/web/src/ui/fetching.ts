import { PageError } from '../errors';
import { headerEnd } from '../file/container';
import { LARGEST_FILE } from '../tables';

const FIRST = 1 << 16;
type Progress = (loaded: number, total: number) => void;

/** The avatar file at `url`. Its beginning is asked for alone: what is no avatar is not loaded. Throws a PageError. */
export async function fetchAvatar(url: string, progress: Progress, until?: AbortSignal): Promise<ArrayBuffer> {
  const first = await get(url, { range: `bytes=0-${FIRST - 1}` }, 'avatar', until);
  if (first.status !== 206) return whole(first, 'avatar', LARGEST_FILE, progress);
  const head = new Uint8Array(await whole(first, 'avatar', LARGEST_FILE));
  const total = Number(/\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
  // Most servers of other origins keep from pages how long the file is of which they send a part.
  if (!Number.isInteger(total)) {
    headerEnd(head, LARGEST_FILE);
    return whole(await get(url, {}, 'avatar', until), 'avatar', LARGEST_FILE, progress);
  }
  headerEnd(head, total);
  if (head.length >= total) return head.buffer;
  const rest = await get(url, { range: `bytes=${head.length}-` }, 'avatar', until);
  const tail = await whole(rest, 'avatar', LARGEST_FILE, (loaded) => progress(head.length + loaded, total));
  if (rest.status !== 206 || head.length + tail.byteLength !== total)
    throw new PageError('The avatar file changed while it was loaded; reload the page.');
  const buffer = new ArrayBuffer(total);
  new Uint8Array(buffer).set(head);
  new Uint8Array(buffer).set(new Uint8Array(tail), head.length);
  return buffer;
}

/** The file at `url`, of up to `most` bytes. Throws a PageError. */
export async function fetchFile(url: string, what: string, most: number, until?: AbortSignal): Promise<ArrayBuffer> {
  return whole(await get(url, {}, what, until), what, most);
}

/** What a file at `url` is called. */
export function fileName(url: string): string {
  if (url.startsWith('data:')) return 'signal';
  const name = url
    .replace(/[?#].*$/, '')
    .split('/')
    .at(-1)!;
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // 100%.npz
  }
}

async function get(
  url: string,
  headers: Record<string, string>,
  what: string,
  until: AbortSignal | undefined,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(url, document.baseURI), { headers, cache: 'no-store', signal: until ?? null });
  } catch {
    throw new PageError(
      `The ${what} cannot be fetched: the server does not answer, or its address is not one that this page may load from.`,
    );
  }
  if (!response.ok)
    throw new PageError(`The ${what} cannot be fetched: the server has none there (${response.status}).`);
  return response;
}

/** All of an answer, of up to `most` bytes. Throws a PageError. */
export async function whole(
  response: Response,
  what: string,
  most: number,
  progress: Progress = () => {},
): Promise<ArrayBuffer> {
  const total = Number(response.headers.get('content-length') ?? 0);
  if (total > most) throw new PageError(`The ${what} has ${total >> 20} MB, the limit is ${most >> 20} MB.`);
  const reader = response.body!.getReader();
  const parts: Uint8Array[] = [];
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new PageError(`The ${what} was cut off on its way here: the connection is gone.`);
    });
    if (done) break;
    parts.push(value);
    loaded += value.length;
    if (loaded > most) {
      await reader.cancel();
      throw new PageError(`The ${what} is larger than the limit of ${most >> 20} MB.`);
    }
    progress(loaded, total);
  }
  const out = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out.buffer;
}
