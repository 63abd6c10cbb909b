// The small label that says that this is an avatar, and what opens below it.
import type { Avatar } from '../file/avatar';
import { element, icon } from '../ui/dom';
import { type Look, told } from './told';

const SHIELD = 'M8 1.5L13.5 3.5V8C13.5 11.2 11 13.6 8 14.5C5 13.6 2.5 11.2 2.5 8V3.5Z';
const ICONS: Record<Look, string> = {
  valid: `${SHIELD}M5.5 8L7.3 9.8L10.6 6.3`,
  plain: SHIELD,
  wrong: 'M8 2L14.5 13.5H1.5ZM8 6.5V9.5M8 11.5V11.6',
};

/** A label for an avatar: a disclosure, which Escape and going elsewhere close. */
export function badge(avatar: Avatar): HTMLDetailsElement {
  const { look, alert, spoken, rows } = told(avatar);
  const made = element(
    'details',
    { class: `trust ${look}` },
    element('summary', { title: spoken, 'aria-label': spoken }, ...glance(look), alert && element('b', {}, alert)),
    element(
      'dl',
      { tabindex: -1 },
      ...rows.flatMap(([name, text]) => [element('dt', {}, name), element('dd', {}, text)]),
    ),
  );
  made.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !made.open) return;
    made.open = false;
    made.querySelector('summary')!.focus();
    event.stopPropagation();
  });
  made.addEventListener('focusout', ({ relatedTarget }) => {
    if (!made.contains(relatedTarget as Node | null)) made.open = false;
  });
  return made;
}

/** The sign and the word, where there is no room for more. */
export function glance(look: Look): Node[] {
  return [icon(ICONS[look]), document.createTextNode('Avatar')];
}
