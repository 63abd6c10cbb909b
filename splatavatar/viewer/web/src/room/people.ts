// Who is there, for eyes and for screen readers: a list, and names under the heads.
import type { Avatar } from '../file/avatar';
import { badge, glance } from '../trust/badge';
import { told } from '../trust/told';
import { element } from '../ui/dom';
import type { Tag } from './table/tableau';
import type { Member } from './wire/room';

/** pixels between names at one side */
const LINE = 48;

/** What a list of people does. */
export interface PeopleActions {
  lookAt(member: Member): void;
}

/** The avatar of somebody; null before it is read. */
export type AvatarOf = (member: Member) => Avatar | null;

/** What there is to say of somebody, in words. */
export function standing(member: Member): string {
  const said = [member.speaking ? 'speaks' : member.person.muted ? 'muted' : 'listens'];
  if (member.person.kind === 'program') said.push('a program');
  said.push(member.direct ? 'direct' : 'through the server');
  return said.join(', ');
}

interface Row {
  row: HTMLElement;
  state: HTMLElement;
  avatar: Avatar | null;
}

export class PeopleList {
  readonly root = element('aside', { class: 'panel', id: 'people', 'aria-label': 'People' });
  private readonly list = element('ul', { class: 'people' });
  private readonly rows = new Map<number, Row>();
  private readonly own = element('li', { class: 'person' });
  private readonly ownState = element('span', { class: 'state' });
  private readonly ownNotice = element('span', { class: 'notice' });

  constructor(
    name: string,
    avatar: Avatar,
    private readonly actions: PeopleActions,
  ) {
    this.own.append(element('strong', {}, `${name} (you)`), this.ownState, this.ownNotice, badge(avatar));
    this.root.append(element('h2', {}, 'People'), this.list);
  }

  /** Shows oneself, and whether there is consent on record for one's avatar. */
  showOwn(notice: string, muted: boolean): void {
    this.ownState.textContent = muted ? 'muted' : 'heard';
    this.ownNotice.textContent = notice;
    if (!this.own.isConnected) this.list.prepend(this.own);
  }

  show(members: readonly Member[], avatarOf: AvatarOf): void {
    const there = new Set(members.map(({ person }) => person.id));
    for (const [id, { row }] of this.rows)
      if (!there.has(id)) {
        row.remove();
        this.rows.delete(id);
      }
    let at = this.own.isConnected ? 1 : 0;
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
        entry = { row, state, avatar: null };
        this.rows.set(person.id, entry);
      }
      const avatar = avatarOf(member);
      if (avatar !== entry.avatar) {
        entry.row.querySelector('.trust')?.remove();
        if (avatar) entry.row.append(badge(avatar));
        entry.avatar = avatar;
      }
      // One that is moved closes, and loses the keys.
      const there = this.list.children[at++] ?? null;
      if (there !== entry.row) this.list.insertBefore(entry.row, there);
      const text = standing(member);
      if (entry.state.textContent !== text) entry.state.textContent = text;
      entry.row.classList.toggle('speaking', member.speaking);
    }
  }
}

interface Tagged {
  tag: HTMLElement;
  name: HTMLElement;
  what: HTMLElement;
  avatar: Avatar | null;
}

/** Names under the heads, and that these are avatars; the list says the same to screen readers. */
export class NameTags {
  readonly root = element('div', { class: 'tags', 'aria-hidden': 'true' });
  private readonly tags = new Map<number, Tagged>();

  /** Puts each name at its place; of those out of the picture at the side where they sit. */
  show(members: readonly Member[], place: (member: Member) => Tag | null, avatarOf: AvatarOf): void {
    const there = new Set(members.map(({ person }) => person.id));
    for (const [id, { tag }] of this.tags)
      if (!there.has(id)) {
        tag.remove();
        this.tags.delete(id);
      }
    const aside: Record<number, number> = { [-1]: 0, 1: 0 };
    for (const member of members) {
      const { person } = member;
      let tagged = this.tags.get(person.id);
      if (!tagged) {
        const [name, what] = [element('span', { class: 'name' }), element('span', { class: 'what' }, 'Avatar')];
        tagged = { tag: element('span', { class: 'tag' }, name, what), name, what, avatar: null };
        this.tags.set(person.id, tagged);
        this.root.append(tagged.tag);
      }
      const { tag } = tagged;
      const avatar = avatarOf(member);
      if (avatar !== tagged.avatar) {
        const { look } = avatar ? told(avatar) : { look: 'plain' as const };
        tagged.what.replaceChildren(...glance(look));
        tagged.what.className = `what ${look}`;
        tagged.avatar = avatar;
      }
      const at = place(member);
      tag.hidden = at === null;
      if (!at) continue;
      const name = person.muted ? `${person.name} (muted)` : person.name;
      const text = at.aside ? (at.aside < 0 ? `\u2039 ${person.name}` : `${person.name} \u203a`) : name;
      if (tagged.name.textContent !== text) tagged.name.textContent = text;
      tag.classList.toggle('speaking', member.speaking);
      const half = tag.offsetWidth / 2;
      const x = Math.min(Math.max(at.x, half), this.root.clientWidth - half);
      // Those at one side are below each other.
      const y = at.y + (at.aside ? LINE * aside[at.aside]!++ : 0);
      tag.style.transform = `translate(-50%, 0) translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    }
  }
}
