// The controls beside the picture.
import { element, icon } from './dom';
import { MOVEMENTS, regions } from './faces';

/** What the controls do. */
export interface Actions {
  set(index: number, value: number): void;
  head(axis: number, degrees: number): void;
  resetFace(): void;
  move(name: string): void;
  background(colour: string | null): void;
  limit(on: boolean): void;
  frameFace(): void;
  turn(yaw: number, pitch: number): void;
  zoom(factor: number): void;
  open(files: File[]): void;
  picture(): void;
  film(): void;
  copyLink(): void;
}

const HEAD: [string, string][] = [
  ['Turn', 'to the left and right'],
  ['Nod', 'down and up'],
  ['Tilt', 'to the side'],
];
const MOST_DEGREES = 40;

/** The panel; `set` shows coefficients in it, `filming` what the film button does. */
export class Panel {
  readonly root: HTMLElement;
  readonly stats = element('dl', { class: 'stats' });
  private readonly sliders: HTMLInputElement[] = [];
  private readonly heads: HTMLInputElement[] = [];
  private readonly filmButton: HTMLButtonElement;
  private readonly colour: HTMLInputElement;

  constructor(
    private readonly actions: Actions,
    background: string | null,
    limit: boolean | null,
  ) {
    const button = (text: string | Node, act: () => void, more: Record<string, string> = {}) =>
      element('button', { type: 'button', onclick: act, ...more }, text);
    this.filmButton = button('Record film', () => actions.film(), { 'aria-pressed': 'false' });
    this.colour = element('input', {
      type: 'color',
      value: background ?? '#7f7f7f',
      'aria-label': 'Background colour',
      oninput: () => {
        clear.checked = false;
        actions.background(this.colour.value);
      },
    });
    const clear = element('input', {
      type: 'checkbox',
      checked: background === null,
      onchange: () => actions.background(clear.checked ? null : this.colour.value),
    });
    this.root = element(
      'aside',
      { class: 'panel', 'aria-label': 'Controls', id: 'controls' },
      element(
        'section',
        { class: 'row' },
        ...Object.keys(MOVEMENTS).map((name) => button(name, () => actions.move(name))),
        button('Rest', () => this.rest()),
      ),
      element(
        'section',
        { class: 'row' },
        button('Open file', () => choose((files) => actions.open(files))),
        button('Save picture', () => actions.picture()),
        this.filmButton,
        button('Copy link', () => actions.copyLink()),
      ),
      group('View', true, [
        element(
          'div',
          { class: 'row' },
          button('Face', () => actions.frameFace(), { 'aria-label': 'Frame the face' }),
          button(icon('M13 8H3M7 4L3 8L7 12'), () => actions.turn(-15, 0), {
            'aria-label': "Look from the subject's right",
          }),
          button(icon('M3 8H13M9 4L13 8L9 12'), () => actions.turn(15, 0), {
            'aria-label': "Look from the subject's left",
          }),
          button(icon('M8 13V3M4 7L8 3L12 7'), () => actions.turn(0, 10), { 'aria-label': 'Look from above' }),
          button(icon('M8 3V13M4 9L8 13L12 9'), () => actions.turn(0, -10), { 'aria-label': 'Look from below' }),
          button(icon('M3 8H13M8 3V13'), () => actions.zoom(0.85), { 'aria-label': 'Nearer' }),
          button(icon('M3 8H13'), () => actions.zoom(1 / 0.85), { 'aria-label': 'Farther' }),
        ),
        element('label', { class: 'line' }, 'Background', this.colour),
        element('label', { class: 'line' }, 'Transparent', clear),
        limit === null
          ? null
          : element(
              'label',
              { class: 'line', title: 'Softly holds expressions near those that the avatar was made from' },
              'Hold to what was learnt',
              element('input', {
                type: 'checkbox',
                checked: limit,
                onchange: (event) => actions.limit((event.target as HTMLInputElement).checked),
              }),
            ),
      ]),
      group(
        'Head',
        false,
        HEAD.map(([label, hint], axis) => {
          const slider = this.slider(label, -MOST_DEGREES, MOST_DEGREES, 1, (value) => actions.head(axis, value));
          slider.input.setAttribute('aria-label', `Head: ${label.toLowerCase()} ${hint}, degrees`);
          this.heads.push(slider.input);
          return slider.row;
        }),
      ),
      ...regions().map(({ title, sliders }, i) =>
        group(
          title,
          i === 0,
          sliders.map(({ index, label }) => {
            const slider = this.slider(label, 0, 1, 0.01, (value) => actions.set(index, value));
            slider.input.setAttribute('aria-label', `${title}: ${label}`);
            slider.input.dataset.index = String(index);
            this.sliders[index] = slider.input;
            return slider.row;
          }),
        ),
      ),
      group('Figures', false, [this.stats]),
    );
  }

  /** Shows coefficients in the sliders, but for the one that is being moved. */
  show(arkit: Float32Array): void {
    this.sliders.forEach((slider, index) => {
      const value = arkit[index]!.toFixed(2);
      if (slider !== document.activeElement && slider.value !== value) {
        slider.value = value;
        fill(slider);
      }
    });
  }

  filming(on: boolean): void {
    this.filmButton.textContent = on ? 'Stop film' : 'Record film';
    this.filmButton.setAttribute('aria-pressed', String(on));
  }

  private rest(): void {
    for (const slider of [...this.sliders, ...this.heads]) {
      slider.value = '0';
      fill(slider);
    }
    this.actions.resetFace();
  }

  private slider(
    label: string,
    min: number,
    max: number,
    step: number,
    act: (value: number) => void,
  ): { row: HTMLElement; input: HTMLInputElement } {
    const input = element('input', {
      type: 'range',
      min,
      max,
      step,
      value: 0,
      oninput: () => {
        fill(input);
        act(input.valueAsNumber);
      },
      ondblclick: () => {
        input.value = '0';
        fill(input);
        act(0);
      },
    });
    fill(input);
    return { row: element('label', { class: 'slider' }, element('span', {}, label), input), input };
  }
}

/** Asks for files. The field exists while it is needed only: hidden ones are in the way of keys and screen readers. */
function choose(chosen: (files: File[]) => void): void {
  const field = element('input', { type: 'file', multiple: true, onchange: () => chosen([...(field.files ?? [])]) });
  field.click();
}

function group(title: string, open: boolean, children: (Node | null)[]): HTMLElement {
  return element('details', { open }, element('summary', {}, title), ...children);
}

/** The share of a slider's track that is filled. */
function fill(slider: HTMLInputElement): void {
  const share = (slider.valueAsNumber - Number(slider.min)) / (Number(slider.max) - Number(slider.min));
  slider.style.setProperty('--share', `${(100 * share).toFixed(1)}%`);
}
