// The watermark of what is drawn of an avatar today.
import { codedBits, NOBODY } from './payload';
import { tileOf } from './tile';
import { universalDay } from './today';

/** The tile that says which avatar it is, by the digest of its file where that is known, and the day. */
export function markOf(digest: string | null): Int8Array {
  return tileOf(codedBits(digest ?? NOBODY, universalDay()));
}
