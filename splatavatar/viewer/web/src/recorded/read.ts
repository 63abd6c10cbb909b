// Recorded face signals, whatever program wrote them; `drive/sources/recorded/read.py` defines which.
import { PageError } from '../errors';
import type { Recording } from '../signal/signal';
import { readArkitJson } from './arkit_json';
import { decodeText } from './bytes';
import type { Say } from './clock';
import { flameRecording, isFlame } from './flame_npz';
import { readNpz } from './npz';
import { signalRecording } from './signal_npz';
import { Table } from './table';
import { readTable } from './table_frames';

export const LARGEST_SIGNAL = 1 << 28;
export type Kind = 'avatar' | 'signal' | 'sound' | 'take' | 'other';

/** What a file is, by its name and its first bytes. */
export function kindOf(name: string, head: Uint8Array): Kind {
  const text = String.fromCharCode(...head.subarray(0, 16));
  if (/\.splatavatar$/i.test(name) || text.slice(8, 12) === '{"__') return 'avatar';
  if (/\.(wav|mp3|m4a|aac|ogg|opus|flac|oga)$/i.test(name) || /^(RIFF|OggS|fLaC|ID3)/.test(text)) return 'sound';
  if (/(^|[/\\])take\.json$/i.test(name)) return 'take';
  if (/\.(npz|csv|tsv|json)$/i.test(name) || text.startsWith('PK\x03\x04')) return 'signal';
  return 'other';
}

/** The recording in a file; `take` is the text of the take.json of Live Link Face beside it. Throws a PageError. */
export async function readRecording(
  name: string,
  bytes: Uint8Array,
  take: string | null,
  say: Say,
): Promise<Recording> {
  if (bytes.length > LARGEST_SIGNAL) throw new PageError(`${name}: more than ${LARGEST_SIGNAL >> 20} MB.`);
  if (!bytes.length) throw new PageError(`${name}: an empty file, expected a face signal (.json, .csv or .npz).`);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw new PageError(`${name}: holds a compressed file; unpack it.`);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const arrays = await readNpz(bytes, name);
    return isFlame(arrays) ? flameRecording(arrays, name, say) : signalRecording(arrays, name, say);
  }
  if (/\.npz$/i.test(name)) throw new PageError(`${name}: damaged, expected an intact npz file of plain arrays.`);
  const text = decodeText(bytes, name);
  if (/^\s*[[{]/.test(text.replace(/^\ufeff/, ''))) return readArkitJson(text, name, say);
  if (!/\.(csv|tsv)$/i.test(name) && !/jaw_?open/i.test(text.slice(0, 4096)))
    throw new PageError(`${name}: unknown kind of face signal, expected .json (ARKit), .csv (Live Link Face) or .npz.`);
  return readTable(new Table(text, name), parsed(take), say);
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
