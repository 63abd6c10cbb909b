import { element } from './dom';

/** The avatar's name, and the button that shows and hides the controls. */
export class Header {
  readonly root: HTMLElement;
  private readonly title: HTMLElement;
  private readonly toggle: HTMLButtonElement;

  constructor(name: string) {
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
    this.root = element('header', {}, this.title, this.toggle);
  }

  set name(name: string) {
    this.title.textContent = name;
  }

  /** Begins with the controls hidden where there is no room for them beside the picture. */
  hideWhereNarrow(): void {
    if (matchMedia('(max-width: 40rem)').matches) this.toggle.click();
  }
}
