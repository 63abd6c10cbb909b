// What a picture costs.
import { STAGES } from '../splats/stage';
import { element } from './dom';
import type { View } from './view';

const EVERY = 250;

/** Writes the figures of a view into a list, four times a second. */
export class Figures {
  private last = 0;
  private pictures = 0;
  private bytes = 0;
  private received = 0;

  /** `receivedBytes` says how much came from a driver so far, null where none is followed. */
  constructor(
    private readonly list: HTMLElement,
    private readonly view: View,
    private readonly receivedBytes: () => number | null,
  ) {}

  tick(): void {
    const { stage } = this.view;
    if (!stage) return;
    this.pictures++;
    this.bytes += stage.uploaded;
    const now = performance.now();
    const span = now - this.last;
    if (span < EVERY) return;
    const rows: [string, string][] = [
      ['Pictures a second', (span > 2000 ? 0 : (1000 * this.pictures) / span).toFixed(0)],
      ...STAGES.map((name): [string, string] => [`${name}, ms`, stage.milliseconds[name].toFixed(2)]),
      ['Splats', stage.avatar.sizes.N.toLocaleString('en')],
      ['To the graphics, MB/s', (span > 2000 ? 0 : this.bytes / 1e3 / span).toFixed(1)],
      ['File, MB', (stage.avatar.bytes / 1e6).toFixed(2)],
      [
        'Pixels',
        `${this.view.canvas.width} x ${this.view.canvas.height}, ${(100 * this.view.pace.scale).toFixed(0)} %`,
      ],
      ['Blended in', this.view.kind],
    ];
    const received = this.receivedBytes();
    if (received !== null) {
      const rate = span > 2000 ? 0 : (received - this.received) / span;
      rows.push(['From the driver, kB/s', rate.toFixed(2)]);
      this.received = received;
    }
    this.list.replaceChildren(...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
    this.last = now;
    this.pictures = 0;
    this.bytes = 0;
  }
}
