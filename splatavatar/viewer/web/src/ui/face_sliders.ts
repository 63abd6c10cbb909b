// A slider for every coefficient and for the head.
import { element } from './dom';
import { regions } from './faces';

/** What the sliders move. */
export interface FaceActions {
  set(index: number, value: number): void;
  /** turns the head about an axis: 0 turn, 1 nod, 2 tilt */
  head(axis: number, degrees: number): void;
}

const HEAD: [string, string][] = [
  ['Turn', 'to the left and right'],
  ['Nod', 'down and up'],
  ['Tilt', 'to the side'],
];
const MOST_DEGREES = 40;

/** Groups of sliders: the head, and the regions of the face, of which the first is open. */
export class FaceSliders {
  readonly groups: HTMLElement[];
  private readonly sliders: HTMLInputElement[] = [];
  private readonly heads: HTMLInputElement[] = [];

  constructor(actions: FaceActions) {
    const head = group(
      'Head',
      false,
      HEAD.map(([label, hint], axis) => {
        const { row, input } = slider(label, -MOST_DEGREES, MOST_DEGREES, 1, (value) => actions.head(axis, value));
        input.setAttribute('aria-label', `Head: ${label.toLowerCase()} ${hint}, degrees`);
        this.heads.push(input);
        return row;
      }),
    );
    const faces = regions().map(({ title, sliders }, i) =>
      group(
        title,
        i === 0,
        sliders.map(({ index, label }) => {
          const { row, input } = slider(label, 0, 1, 0.01, (value) => actions.set(index, value));
          input.setAttribute('aria-label', `${title}: ${label}`);
          input.dataset.index = String(index);
          this.sliders[index] = input;
          return row;
        }),
      ),
    );
    this.groups = [head, ...faces];
  }

  /** Shows coefficients in the sliders, but for the one that is being moved. */
  show(arkit: Float32Array): void {
    this.sliders.forEach((input, index) => {
      const value = arkit[index]!.toFixed(2);
      if (input !== document.activeElement && input.value !== value) {
        input.value = value;
        fill(input);
      }
    });
  }

  /** All back to nothing. */
  rest(): void {
    for (const input of [...this.sliders, ...this.heads]) {
      input.value = '0';
      fill(input);
    }
  }
}

/** A part of the controls that opens and closes. */
export function group(title: string, open: boolean, children: (Node | null)[]): HTMLElement {
  return element('details', { open }, element('summary', {}, title), ...children);
}

function slider(
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

/** The share of a slider's track that is filled. */
function fill(input: HTMLInputElement): void {
  const share = (input.valueAsNumber - Number(input.min)) / (Number(input.max) - Number(input.min));
  input.style.setProperty('--share', `${(100 * share).toFixed(1)}%`);
}
