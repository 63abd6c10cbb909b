// In the room: the table, the people, one's own face and voice.
import { PageError, sentence } from '../errors';
import type { Avatar } from '../file/avatar';
import { Sources } from '../signal/source';
import { ByHand } from '../ui/by_hand';
import { choose } from '../ui/choose';
import { element } from '../ui/dom';
import { FaceSliders } from '../ui/face_sliders';
import { MOVEMENTS } from '../ui/faces';
import { Files } from '../ui/files';
import { OwnFaceButtons } from '../ui/own_face_buttons';
import { Player } from '../ui/player';
import { Status } from '../ui/status';
import type { Guest } from './join';
import { NameTags, PeopleList, standing } from './people';
import { Voice } from './sound/voice';
import { LookControl } from './table/look';
import { Tableau } from './table/tableau';
import { roomAddress } from './wire/address';
import { fetchMember, handOver, Missed } from './wire/avatars';
import { type Member, Room } from './wire/room';

/** milliseconds until an avatar that did not come is asked for again, at first and at most */
const SOON = 500;
const LATEST = 8_000;
/** milliseconds between two faces that are sent */
const FACE_EVERY = 1000 / 30;

export interface MeetingListener {
  /** the server has let the person in */
  entered(): void;
  /** it does not answer yet: one sentence */
  waiting(why: string): void;
  /** it has not let them in: one sentence */
  refused(why: string): void;
  /** the person has left, or the room is over: one sentence */
  ended(why: string): void;
}

export class Meeting {
  readonly root = element('div', { class: 'meeting' });
  private readonly status = new Status();
  private readonly canvas = element('canvas', { id: 'picture', role: 'img', tabindex: 0 });
  private readonly tableau = new Tableau(this.canvas);
  private readonly tags = new NameTags();
  private readonly look: LookControl;
  private readonly people: PeopleList;
  /** of the others, by their ids, once they are read */
  private readonly avatars = new Map<number, Avatar>();
  private readonly hand = new ByHand();
  private readonly player = new Player(
    () => {},
    (why) => this.status.say(why, true),
  );
  private readonly sources = new Sources(this.player);
  private readonly files = new Files();
  private readonly voice: Voice;
  private readonly room: Room;
  private notice = '';
  private inside = false;
  private readonly avatarOf = (member: Member): Avatar | null => this.avatars.get(member.person.id) ?? null;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(
    guest: Guest,
    private readonly listener: MeetingListener,
  ) {
    this.people = new PeopleList(guest.name, guest.avatar, { lookAt: (member) => this.lookAt(member) });
    this.look = new LookControl(this.canvas, () => this.tableau.refresh());
    const address = roomAddress('ws');
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    const ticket = {
      name: guest.name,
      handOver: async () => {
        const answer = await handOver(guest.bytes);
        this.notice = answer.notice;
        return answer.sha256;
      },
    };
    this.room = new Room(address.href, ticket, {
      changed: () => this.changed(),
      say: (text) => this.status.say(text),
      joined: (member) => void this.fetch(member),
      left: (member) => {
        this.tableau.remove(member.person.id);
        this.avatars.delete(member.person.id);
        this.voice.hear(member.person.id, null);
      },
      sound: (member, stream) => this.voice.hear(member.person.id, stream),
      lost: () => {
        document.documentElement.dataset.room = 'lost';
        this.avatars.clear();
        this.people.show([], this.avatarOf);
        this.tag();
        if (this.inside) this.status.say('The connection is gone; the page looks for it.', true);
        else listener.waiting('The server of the room does not answer; the page goes on asking.');
      },
      ended: (why) => this.end(why),
    });
    this.voice = new Voice(this.room, (text) => this.status.say(text, true));
    this.build();
    this.timer = setInterval(() => this.send(), FACE_EVERY);
    this.tableau.start({
      frame: (now) => {
        if (this.room.listen(now)) this.changed();
        const members = this.room.members;
        for (const member of members) {
          const face = this.room.face(member, now);
          if (face) this.tableau.show(member.person.id, face);
        }
        return this.look.at(now);
      },
      drawn: () => this.tag(),
    });
  }

  /** Takes the keys. */
  focus(): void {
    this.canvas.focus();
  }

  /** Plays recordings, with their sound for oneself, and takes no avatar: one sits as who one came. */
  async open(files: File[]): Promise<void> {
    await this.status.trying(async () => {
      const opened = await this.files.read(files);
      if (opened.avatar)
        throw new PageError('One keeps one avatar in a room; leave, and come back with the other one.');
      if (opened.recording) this.player.load(opened.recording, opened.names.signal ?? '');
      if (opened.sound) this.player.loadSound(opened.sound);
      this.player.loop = !opened.sound;
      this.player.play();
      if (opened.sound) await this.voice.play(this.player.audio);
      if (opened.recording) this.status.say(`${opened.names.signal} moves your face.${opened.notes}`);
    });
  }

  private send(): void {
    if (!this.inside) return;
    const now = performance.now();
    const face = this.hand.over(this.sources.now(), now);
    this.room.send(this.look.turned(face));
  }

  private async fetch(member: Member, wait = SOON): Promise<void> {
    const { id, name, avatar } = member.person;
    if (!this.room.members.includes(member)) return;
    try {
      const read = await fetchMember(avatar);
      if (!this.room.members.includes(member)) return;
      this.avatars.set(id, read);
      this.tableau.add(id, read);
      this.changed();
    } catch (error) {
      this.status.say(`${name}: ${sentence(error)}`, true);
      if (error instanceof Missed) setTimeout(() => void this.fetch(member, Math.min(2 * wait, LATEST)), wait);
    }
  }

  private changed(): void {
    const { welcome } = this.room;
    if (!welcome) return;
    if (!this.inside) {
      this.inside = true;
      this.root.append(this.status.root);
      this.listener.entered();
      const { length } = this.room.members;
      this.status.say(
        length
          ? `You are in the room, with ${length} other${length > 1 ? 's' : ''}.`
          : 'You are the first in the room.',
      );
    }
    const { dataset } = document.documentElement;
    const { members } = this.room;
    dataset.room = 'in';
    dataset.people = String(members.length + 1);
    this.tableau.seat(welcome.seat, new Map(members.map(({ person }) => [person.id, person.seat])));
    this.people.showOwn(this.notice, this.room.muted);
    this.people.show(members, this.avatarOf);
    this.tag();
    this.voice.relay(this.room.relays);
    this.canvas.setAttribute('aria-label', this.described(members));
  }

  private tag(): void {
    this.tags.show(this.room.members, (member) => this.tableau.tag(member.person.id), this.avatarOf);
  }

  private described(members: readonly Member[]): string {
    const who = members.map((member) => `${member.person.name} (${standing(member)})`).join('; ');
    return `A table${who ? ` with ${who}` : ', nobody else is there yet'}. Arrow keys look around, plus and minus look nearer, 0 looks ahead.`;
  }

  private lookAt(member: Member): void {
    const yaw = this.tableau.towards(member.person.id);
    if (yaw !== null) this.look.turnTo(yaw);
    this.status.say(`You look at ${member.person.name}.`);
  }

  private build(): void {
    const button = (text: string, act: () => void, more: Record<string, string> = {}) =>
      element('button', { type: 'button', onclick: act, ...more }, text);
    const sliders = new FaceSliders({
      set: (index, value) => this.hand.set(index, value),
      head: (axis, degrees) => this.hand.head(axis, degrees),
    });
    const face = element(
      'aside',
      { class: 'panel', id: 'face', 'aria-label': 'Your face', hidden: true },
      element('h2', {}, 'Your face'),
      element(
        'div',
        { class: 'row' },
        ...Object.keys(MOVEMENTS).map((name) => button(name, () => this.hand.move(name))),
        button('Rest', () => {
          sliders.rest();
          this.hand.reset();
          this.player.pause();
          this.player.recording = null;
        }),
        button('Open a recording', () => choose((files) => void this.open(files))),
      ),
      ...sliders.groups,
    );
    const own = new OwnFaceButtons(
      { begin: (source) => this.sources.begin(source), end: (source) => this.sources.end(source), moved: () => {} },
      this.status,
    );
    face.querySelector('.row')!.after(own.root);
    const panels = [face, this.people.root];
    const toggle = (text: string, panel: HTMLElement) => {
      const made = button(text, () => {
        const shown = panel.hidden;
        for (const [i, each] of panels.entries()) {
          each.hidden = each !== panel || !shown;
          toggles[i]!.setAttribute('aria-expanded', String(!each.hidden));
        }
        document.body.classList.toggle('closed', !shown);
      });
      made.setAttribute('aria-controls', panel.id);
      made.setAttribute('aria-expanded', 'false');
      return made;
    };
    const toggles = [toggle('Face', face), toggle('People', this.people.root)];
    this.people.root.hidden = true;
    document.body.classList.add('closed');
    this.root.append(
      this.canvas,
      this.tags.root,
      ...panels,
      element(
        'nav',
        { class: 'bar', 'aria-label': 'Room' },
        this.voice.button,
        ...toggles,
        button('Leave', () => this.leave(), { class: 'leave' }),
      ),
    );
  }

  private leave(): void {
    this.room.leave();
    this.end('You have left the room.');
  }

  private end(why: string): void {
    clearInterval(this.timer);
    this.tableau.stop();
    this.voice.close();
    this.sources.begin(null);
    this.player.close();
    document.documentElement.dataset.room = 'ended';
    if (this.inside) this.listener.ended(why);
    else this.listener.refused(why);
  }
}
