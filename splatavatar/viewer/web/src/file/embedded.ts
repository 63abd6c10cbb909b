// Files inside the page itself, where it is one file; `viewer/one_file.py` puts them there.

export interface Embedded {
  name: string;
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

type Kind = 'avatar' | 'signal' | 'sound';

function holderOf(kind: Kind): HTMLElement | null {
  return document.querySelector<HTMLElement>(`script.embedded[data-kind="${kind}"]`);
}

export function hasEmbedded(kind: Kind): boolean {
  return holderOf(kind) !== null;
}

/** The file of that kind; null where the page has none. */
export function embedded(kind: Kind): Embedded | null {
  const holder = holderOf(kind);
  if (!holder) return null;
  const text = atob(holder.textContent ?? '');
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return { name: holder.dataset.name ?? kind, type: holder.dataset.type ?? '', bytes };
}
