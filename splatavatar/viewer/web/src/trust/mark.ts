// The watermark of what is drawn of an avatar today.
import { codedBits, NOBODY } from './payload';
import { tileOf } from './tile';
import { universalDay } from './today';

/** The tile of now: another array only when the day is another one. */
export type Mark = () => Int8Array;

/** The mark that says which avatar it is, by the digest of its file where that is known, and the day. */
export function markOf(digest: string | null): Mark {
  let day = '';
  let tile: Int8Array = new Int8Array();
  return () => {
    const today = universalDay();
    if (today !== day) {
      day = today;
      tile = tileOf(codedBits(digest ?? NOBODY, today));
    }
    return tile;
  };
}
