// Who is there, for eyes and for screen readers: a list, and names under the heads.
import { element } from '../ui/dom';
import type { Tag } from './table/tableau';
import type { Member } from './wire/room';

/** pixels between names at one side */
const LINE = 32;

/** What a list of people does. */
export interface PeopleActions {
  lookAt(member: Member): void;
}

/** What there is to say of somebody, in words. */
export function standing(member: Member): string {
  const said = [member.speaking ? 'speaks' : member.person.muted ? 'muted' : 'listens'];
  if (member.person.kind === 'program') said.push('a program');
  said.push(member.direct ? 'direct' : 'through the server');
  return said.join(', ');
}

export class PeopleList {
  readonly root = element('aside', { class: 'panel', id: 'people', 'aria-label': 'People' });
  private readonly list = element('ul', { class: 'people' });
  private readonly rows = new Map<number, { row: HTMLElement; state: HTMLElement }>();
  private readonly own = element('li', { class: 'person' });

  constructor(private readonly actions: PeopleActions) {
    this.root.append(element('h2', {}, 'People'), this.list);
  }

  /** Shows oneself, and whether there is consent on record for one's avatar. */
  showOwn(name: string, notice: string, muted: boolean): void {
    this.own.replaceChildren(
      element('strong', {}, `${name} (you)`),
      element('span', { class: 'state' }, muted ? 'muted' : 'heard'),
      element('span', { class: 'notice' }, notice),
    );
    if (!this.own.isConnected) this.list.prepend(this.own);
  }

  show(members: readonly Member[]): void {
    const there = new Set(members.map(({ person }) => person.id));
    for (const [id, { row }] of this.rows)
      if (!there.has(id)) {
        row.remove();
        this.rows.delete(id);
      }
    for (const member of members) {
      const { person } = member;
      let entry = this.rows.get(person.id);
      if (!entry) {
        const state = element('span', { class: 'state' });
        const row = element(
          'li',
          { class: 'person' },
          element('strong', {}, person.name),
          state,
          element('span', { class: 'notice' }, person.notice),
          element(
            'button',
            { type: 'button', 'aria-label': `Look at ${person.name}`, onclick: () => this.actions.lookAt(member) },
            'Look at',
          ),
        );
        entry = { row, state };
        this.rows.set(person.id, entry);
      }
      this.list.append(entry.row);
      const text = standing(member);
      if (entry.state.textContent !== text) entry.state.textContent = text;
      entry.row.classList.toggle('speaking', member.speaking);
    }
  }
}

/** Names under the heads; the list says the same to screen readers. */
export class NameTags {
  readonly root = element('div', { class: 'tags', 'aria-hidden': 'true' });
  private readonly tags = new Map<number, HTMLElement>();

  /** Puts each name at its place; of those out of the picture at the side where they sit. */
  show(members: readonly Member[], place: (member: Member) => Tag | null): void {
    const there = new Set(members.map(({ person }) => person.id));
    for (const [id, tag] of this.tags)
      if (!there.has(id)) {
        tag.remove();
        this.tags.delete(id);
      }
    const aside: Record<number, number> = { [-1]: 0, 1: 0 };
    for (const member of members) {
      const { person } = member;
      let tag = this.tags.get(person.id);
      if (!tag) {
        tag = element('span', { class: 'tag' });
        this.tags.set(person.id, tag);
        this.root.append(tag);
      }
      const at = place(member);
      tag.hidden = at === null;
      if (!at) continue;
      const name = person.muted ? `${person.name} (muted)` : person.name;
      const text = at.aside ? (at.aside < 0 ? `\u2039 ${person.name}` : `${person.name} \u203a`) : name;
      if (tag.textContent !== text) tag.textContent = text;
      tag.classList.toggle('speaking', member.speaking);
      const half = tag.offsetWidth / 2;
      const x = Math.min(Math.max(at.x, half), this.root.clientWidth - half);
      // Those at one side are below each other.
      const y = at.y + (at.aside ? LINE * aside[at.aside]!++ : 0);
      tag.style.transform = `translate(-50%, 0) translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    }
  }
}
