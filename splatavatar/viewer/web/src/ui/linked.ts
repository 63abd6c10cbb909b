// What a link names, or the page has inside: the avatar, the recording and its sound.
import { PageError } from '../errors';
import type { Avatar } from '../file/avatar';
import { embedded } from '../file/embedded';
import { readAvatar } from '../file/read_avatar';
import { LARGEST_SIGNAL, readRecording } from '../recorded/read';
import type { Recording } from '../signal/signal';
import { fetchAvatar, fetchFile, fileName } from './fetching';
import type { Link } from './link';

type Say = (text: string) => void;

/** The avatar inside the page, or else the one of the link. Throws a PageError. */
export async function linkedAvatar(link: Link, say: Say): Promise<Avatar> {
  say('Loading the avatar');
  const inside = embedded('avatar');
  if (inside) return readAvatar(inside.bytes.buffer);
  const buffer = await fetchAvatar(link.avatar, (loaded, total) => {
    if (total) say(`Loading the avatar: ${Math.round((100 * loaded) / total)} %`);
  });
  return readAvatar(buffer);
}

/** The recording of the link, or else the one inside the page; null where there is none. Throws a PageError. */
export async function linkedRecording(
  { signal, frame }: Link,
  say: Say,
): Promise<{ name: string; recording: Recording } | null> {
  const inside = signal ? null : embedded('signal');
  if (!signal && !inside) return null;
  const name = inside ? inside.name : fileName(signal!);
  const bytes = inside ? inside.bytes : new Uint8Array(await fetchFile(signal!, 'signal', LARGEST_SIGNAL));
  const recording = await readRecording(name, bytes, null, say);
  const count = recording.time.length;
  if (frame !== null && frame >= count)
    throw new PageError(`The link asks for frame ${frame}; the signal has ${count} frames, counted from 0.`);
  return { name, recording };
}

/** The address of the sound inside the page, or else of the one that the link names with a signal. */
export function linkedSound({ signal, sound }: Link): { url: string; inside: boolean } | null {
  const inside = embedded('sound');
  if (inside) return { url: URL.createObjectURL(new Blob([inside.bytes], { type: inside.type })), inside: true };
  return signal && sound ? { url: new URL(sound, document.baseURI).href, inside: false } : null;
}
