// Whom the page is to connect to: the part of its address that browsers send to nobody.
import { PageError } from '../errors';

export type Target =
  | { kind: 'service'; base: string; session: string; token: string }
  | { kind: 'livekit'; url: string; token: string }
  | { kind: 'pipecat'; offer: string };

/** characters of a field */
const LONGEST = 8_000;

/** The target that `hash` names, of a page at `page`. Throws a PageError. */
export function readTarget(hash: string, page: string): Target {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const field = (name: string) => (fields.get(name) ?? '').slice(0, LONGEST);
  const session = field('session');
  const livekit = field('livekit');
  const pipecat = field('pipecat');
  if ([session, livekit, pipecat].filter(Boolean).length !== 1)
    throw new PageError(
      'The address of this page names nobody to talk to: it is to end in #session=...&token=..., #livekit=...&token=... or #pipecat=...',
    );
  if (pipecat) return { kind: 'pipecat', offer: addressOf(pipecat, page, ['http:', 'https:'], 'the bot') };
  const token = field('token');
  if (!token) throw new PageError('The address of this page has no token: ask for a new link.');
  if (livekit)
    return { kind: 'livekit', url: addressOf(livekit, page, ['ws:', 'wss:', 'http:', 'https:'], 'the room'), token };
  return {
    kind: 'service',
    base: addressOf(field('server') || './', page, ['http:', 'https:'], 'the server'),
    session,
    token,
  };
}

function addressOf(text: string, page: string, schemes: string[], whose: string): string {
  const url = parsed(text, page);
  if (!url || !schemes.includes(url.protocol))
    throw new PageError(`The address of ${whose} is none that this page may connect to: ${text.slice(0, 80)}.`);
  return url.href;
}

function parsed(text: string, page: string): URL | null {
  try {
    return new URL(text, page);
  } catch {
    return null;
  }
}
