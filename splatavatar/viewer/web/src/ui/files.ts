// Files that are dropped on the page or chosen.
import { PageError } from '../errors';
import type { Avatar } from '../file/avatar';
import { readAvatar } from '../file/read_avatar';
import { type Kind, kindOf, LARGEST_SIGNAL, readRecording } from '../recorded/read';
import type { Recording } from '../signal/signal';
import { LARGEST_FILE } from '../tables';

/** What was in files of several kinds; of each kind the first one counts. */
export interface Opened {
  avatar: Avatar | null;
  recording: Recording | null;
  /** an object URL */
  sound: string | null;
  /** the names of the files of each kind */
  names: Partial<Record<Kind, string>>;
  /** what there is to say about the recording */
  notes: string;
}

/** Reads files of avatars, recordings and sounds. */
export class Files {
  /** the text of the take.json that was opened last, which recordings of Live Link Face lie beside */
  private take: string | null = null;

  /** Throws a PageError for a file that is none of them, or no intact one. */
  async read(files: File[]): Promise<Opened> {
    const found: Partial<Record<Kind, File>> = {};
    for (const file of files) found[await kindOfFile(file)] ??= file;
    const { avatar, signal, sound, take, other } = found;
    if (other)
      throw new PageError(
        `${other.name}: expected an avatar (.splatavatar), a face signal (.json, .csv, .npz) or a sound.`,
      );
    if (take) this.take = await take.text();
    const opened: Opened = { avatar: null, recording: null, sound: null, names: {}, notes: '' };
    for (const [kind, file] of Object.entries(found)) opened.names[kind as Kind] = file.name;
    if (avatar) opened.avatar = await readAvatar(await content(avatar, LARGEST_FILE));
    if (signal) {
      const bytes = new Uint8Array(await content(signal, LARGEST_SIGNAL));
      opened.recording = await readRecording(signal.name, bytes, this.take, (note) => {
        opened.notes += ` ${note}`;
      });
    }
    if (sound) opened.sound = URL.createObjectURL(sound);
    return opened;
  }
}

/** Calls `open` with files that are dropped on the page. */
export function listenForFiles(open: (files: File[]) => void): void {
  const over = (on: boolean) => document.body.classList.toggle('dropping', on);
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) over(false);
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    over(false);
    open([...(event.dataTransfer?.files ?? [])]);
  });
}

async function kindOfFile(file: File): Promise<Kind> {
  return kindOf(file.name, new Uint8Array(await file.slice(0, 64).arrayBuffer()));
}

async function content(file: File, most: number): Promise<ArrayBuffer> {
  if (file.size > most) throw new PageError(`${file.name}: more than ${most >> 20} MB.`);
  return file.arrayBuffer();
}
