// Play, pause and the line of time under the picture.
import { element } from './dom';
import type { Player } from './player';

export class Transport {
  readonly root: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly line: HTMLInputElement;
  private readonly clock = element('output', { class: 'clock' });
  private readonly title = element('span', { class: 'file' });

  constructor(
    private readonly player: Player,
    moved: () => void,
  ) {
    this.button = element('button', { type: 'button', class: 'play', onclick: () => this.toggle() }, 'Play');
    this.line = element('input', {
      type: 'range',
      min: 0,
      max: 1,
      step: 'any',
      value: 0,
      'aria-label': 'Moment of the recording',
      oninput: () => {
        player.pause();
        player.seek(this.line.valueAsNumber);
        moved();
      },
    });
    const loop = element('input', {
      type: 'checkbox',
      onchange: () => {
        player.loop = loop.checked;
      },
    });
    this.root = element(
      'section',
      { class: 'transport', 'aria-label': 'Recording', hidden: true },
      this.button,
      this.line,
      this.clock,
      element('label', { class: 'line' }, 'Loop', loop),
      this.title,
    );
  }

  toggle(): void {
    if (this.player.playing) this.player.pause();
    else this.player.play();
  }

  /** Shows where the player is. */
  update(): void {
    const { player, line } = this;
    const there = player.duration > 0;
    if (this.root.hidden !== !there) this.root.hidden = !there;
    if (!there) return;
    const text = player.playing ? 'Pause' : 'Play';
    if (this.button.textContent !== text) this.button.textContent = text;
    const duration = String(player.duration);
    if (line.max !== duration) line.max = duration;
    line.value = String(player.time);
    line.style.setProperty('--share', `${((100 * player.time) / player.duration).toFixed(2)}%`);
    const clock = `${player.time.toFixed(1)} / ${player.duration.toFixed(1)} s`;
    if (this.clock.textContent !== clock) {
      this.clock.textContent = clock;
      line.setAttribute('aria-valuetext', clock);
    }
    if (this.title.textContent !== player.name) this.title.textContent = player.name;
  }
}
