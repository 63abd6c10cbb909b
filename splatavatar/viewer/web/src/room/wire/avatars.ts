// The avatar files of a room: handing over the own one, fetching those of others.
import { PageError } from '../../errors';
import type { Avatar } from '../../file/avatar';
import { readAvatar } from '../../file/read_avatar';
import { LARGEST_FILE } from '../../tables';
import { whole } from '../../ui/fetching';
import { roomAddress } from './address';

export interface HandedOver {
  sha256: string;
  name: string;
  /** whether consent is on record, one line */
  notice: string;
}

/** A file that somebody chose, checked. Throws a PageError. */
export async function chosenAvatar(file: File): Promise<{ bytes: ArrayBuffer; avatar: Avatar }> {
  if (file.size > LARGEST_FILE)
    throw new PageError(`${file.name} has ${file.size >> 20} MB, the limit is ${LARGEST_FILE >> 20} MB.`);
  const bytes = await file.arrayBuffer();
  return { bytes, avatar: await readAvatar(bytes) };
}

/** statuses of a server that may take later what it does not take now */
const LATER = [408, 429, 500, 502, 503, 504];

/** Puts an avatar where the others of the room find it. Throws a PageError where the room refuses it, and another error
 * where its server does not answer or asks for patience. */
export async function handOver(bytes: ArrayBuffer): Promise<HandedOver> {
  const response = await fetch(roomAddress('avatar'), { method: 'PUT', body: bytes });
  const text = await response.text();
  if (LATER.includes(response.status)) throw new Error(text);
  if (!response.ok) throw new PageError(refusal(response.status, text));
  const answer = JSON.parse(text) as HandedOver;
  if (!/^[0-9a-f]{64}$/.test(answer.sha256))
    throw new PageError('The room took the avatar without saying which it is.');
  return answer;
}

/** It did not come; it may another time. */
export class Missed extends PageError {}

/** The avatar of somebody else. Throws a PageError, a Missed where it is worth another try. */
export async function fetchMember(sha256: string): Promise<Avatar> {
  return readAvatar(await fetched(sha256));
}

async function fetched(sha256: string): Promise<ArrayBuffer> {
  let response: Response;
  try {
    response = await fetch(roomAddress(`avatars/${sha256}`));
    if (response.ok) return await whole(response, 'avatar', LARGEST_FILE);
  } catch (error) {
    throw new Missed(
      error instanceof PageError
        ? error.message
        : 'The avatar cannot be fetched: the server of the room does not answer.',
    );
  }
  const Kind = LATER.includes(response.status) ? Missed : PageError;
  throw new Kind(refusal(response.status, await response.text().catch(() => '')));
}

/** The server's own sentence, or what its status means. */
export function refusal(status: number, text: string): string {
  const said = text.trim();
  if (said && said.length < 400 && !said.startsWith('<') && !said.startsWith('{')) return said;
  if (status === 403) return 'This invitation is not valid (any more): ask the host for a new link.';
  if (status === 404 || status === 405) return 'There is no room at this address (any more): ask the host.';
  if (status === 409) return 'The room is full.';
  if (status === 413) return 'The avatar is larger than this room takes.';
  return `The room refuses (${status}).`;
}
