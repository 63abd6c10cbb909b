// Before the room: a name, an avatar, a seat.
import { PageError, sentence } from '../errors';
import type { Avatar } from '../file/avatar';
import { element } from '../ui/dom';
import { chosenAvatar } from './wire/avatars';
import { LONGEST_NAME } from './wire/protocol';

/** Who comes in, and as whom. */
export interface Guest {
  name: string;
  avatar: Avatar;
  bytes: ArrayBuffer;
}

/** The form; `seat` is called when name and avatar are there. */
export class JoinForm {
  readonly root: HTMLElement;
  private readonly name = element('input', {
    id: 'name',
    name: 'name',
    autocomplete: 'name',
    maxlength: LONGEST_NAME,
    required: true,
  });
  private readonly file = element('input', {
    id: 'avatar',
    type: 'file',
    accept: '.splatavatar',
    class: 'visually-hidden',
  });
  private readonly chosen = element('span', { class: 'chosen', id: 'chosen' }, 'None yet');
  private readonly said = element('p', { class: 'said', role: 'alert' });
  private readonly button = element('button', { type: 'submit', class: 'play' }, 'Take a seat');
  private avatar: { bytes: ArrayBuffer; avatar: Avatar } | null = null;

  constructor(private readonly seat: (guest: Guest) => void) {
    this.file.setAttribute('aria-describedby', 'chosen');
    this.file.addEventListener('change', () => {
      const file = this.file.files?.[0];
      if (file) void this.open([file]);
    });
    this.root = element(
      'main',
      { class: 'join' },
      element('h1', {}, 'A room'),
      element(
        'form',
        { onsubmit: (event) => this.submit(event) },
        element('label', { for: 'name' }, 'Your name'),
        this.name,
        element('label', { for: 'avatar' }, 'Your avatar'),
        element(
          'div',
          { class: 'line' },
          this.chosen,
          element('label', { for: 'avatar', class: 'pick' }, 'Choose a file'),
        ),
        this.file,
        element(
          'p',
          { class: 'hint' },
          'A .splatavatar file; it can be dropped on the page, too. Everybody in the room loads it. The server keeps it in ' +
            'its memory, and only while you are there. The page asks for your microphone when you turn it on, not before.',
        ),
        this.button,
        this.said,
      ),
    );
  }

  /** Takes an avatar file that was chosen or dropped. */
  async open(files: File[]): Promise<void> {
    const file = files.find(({ name }) => name.toLowerCase().endsWith('.splatavatar')) ?? files[0];
    if (!file) return;
    this.said.textContent = '';
    this.chosen.textContent = `Reading ${file.name}`;
    try {
      this.avatar = await chosenAvatar(file);
      const { avatar } = this.avatar;
      this.chosen.textContent = `${avatar.name || file.name}, ${(avatar.bytes / 1e6).toFixed(1)} MB`;
    } catch (error) {
      this.avatar = null;
      this.chosen.textContent = 'None yet';
      this.say(sentence(error));
    }
  }

  /** Shows what went wrong, and lets the person try again. */
  say(text: string): void {
    this.said.textContent = text;
    this.button.disabled = false;
  }

  /** Says what the page waits for. */
  wait(text: string): void {
    this.said.textContent = text;
  }

  private submit(event: Event): void {
    event.preventDefault();
    const name = this.name.value.trim();
    if (!name) this.say('Say your name: the others see it under your head.');
    else if (!this.avatar) this.say('Choose an avatar: a .splatavatar file, as a bake writes it.');
    else {
      this.said.textContent = '';
      this.button.disabled = true;
      this.seat({ name, ...this.avatar });
    }
  }
}

/** Throws a PageError where the browser cannot be in a room. */
export function checkBrowser(): void {
  if (!document.createElement('canvas').getContext('webgl2'))
    throw new PageError(
      'This browser shows no WebGL2, which avatars are drawn with; update it, or turn on graphics acceleration in its settings.',
    );
}
