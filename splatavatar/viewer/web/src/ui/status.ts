import { sentence } from '../errors';
import { element } from './dom';

/** milliseconds that a sentence stays, and one about something wrong */
const SHOWN = 5_000;
const SHOWN_WRONG = 12_000;

/** A line that tells whoever looks or listens, for a few seconds. */
export class Status {
  readonly root = element('p', { class: 'status', role: 'status', 'aria-live': 'polite' });
  private timer = 0;

  say(text: string, wrong = false): void {
    clearTimeout(this.timer);
    if (this.root.textContent !== text) this.root.textContent = text;
    this.root.classList.toggle('wrong', wrong);
    if (text) this.timer = window.setTimeout(() => this.say(''), wrong ? SHOWN_WRONG : SHOWN);
  }

  /** Does something, and says in one sentence why it could not be done. */
  async trying(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.say(sentence(error), true);
    }
  }
}
