import { element } from './dom';

/** The avatar's name, the button that shows and hides the controls, and the label that it is an avatar. */
export class Header {
  readonly root: HTMLElement;
  private readonly title: HTMLElement;
  private readonly toggle: HTMLButtonElement;
  private label: HTMLElement;

  constructor(name: string, label: HTMLElement) {
    this.label = label;
    this.title = element('h1', {}, name);
    this.toggle = element(
      'button',
      {
        type: 'button',
        class: 'toggle',
        'aria-controls': 'controls',
        'aria-expanded': 'true',
        onclick: () => {
          const hidden = document.body.classList.toggle('closed');
          this.toggle.setAttribute('aria-expanded', String(!hidden));
        },
      },
      'Controls',
    );
    this.root = element('header', {}, this.title, this.toggle, label);
  }

  set name(name: string) {
    this.title.textContent = name;
  }

  /** Puts more controls beside the button. */
  before(more: HTMLElement): void {
    this.toggle.before(more);
  }

  /** Shows another label in place of the one before. */
  set trust(label: HTMLElement) {
    this.label.replaceWith(label);
    this.label = label;
  }

  /** Begins with the controls hidden where there is no room for them beside the picture. */
  hideWhereNarrow(): void {
    if (matchMedia('(max-width: 40rem)').matches) this.toggle.click();
  }
}
