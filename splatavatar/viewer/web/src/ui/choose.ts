import { element } from './dom';

/** Asks for files. The field exists while it is needed only: hidden ones are in the way of keys and screen readers. */
export function choose(chosen: (files: File[]) => void): void {
  const field = element('input', { type: 'file', multiple: true, onchange: () => chosen([...(field.files ?? [])]) });
  field.click();
}
