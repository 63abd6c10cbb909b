// The watermark of what is drawn of an avatar today.
import type { Avatar } from '../file/avatar';
import { codedBits, NOBODY } from './payload';
import { tileOf } from './tile';
import { thisDay } from './today';

/** The tile that says which avatar it is, and the day. */
export function markOf({ digest }: Avatar): Int8Array {
  return tileOf(codedBits(digest ?? NOBODY, thisDay()));
}
