// The controls beside the picture.
import { choose } from './choose';
import { element, icon } from './dom';
import { type FaceActions, FaceSliders, group } from './face_sliders';
import { MOVEMENTS } from './faces';

/** What the controls do. */
export interface Actions extends FaceActions {
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

/** The panel; `set` shows coefficients in it, `filming` what the film button does. */
export class Panel {
  readonly root: HTMLElement;
  readonly stats = element('dl', { class: 'stats' });
  private readonly sliders: FaceSliders;
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
    this.sliders = new FaceSliders(actions);
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
      ...this.sliders.groups,
      group('Figures', false, [this.stats]),
    );
  }

  /** Shows coefficients in the sliders, but for the one that is being moved. */
  show(arkit: Float32Array): void {
    this.sliders.show(arkit);
  }

  /** Adds a row of buttons beneath the others. */
  add(row: HTMLElement): void {
    this.root.querySelector(':scope > section:last-of-type')!.after(row);
  }

  filming(on: boolean): void {
    this.filmButton.textContent = on ? 'Stop film' : 'Record film';
    this.filmButton.setAttribute('aria-pressed', String(on));
  }

  private rest(): void {
    this.sliders.rest();
    this.actions.resetFace();
  }
}
