// The buttons that let the viewer's own camera or microphone drive the face. What they need is loaded by the first click.
import type { OwnFace } from '../drive/own_face';
import type { Webcam } from '../drive/webcam';
import { sentence } from '../errors';
import type { FaceSource } from '../signal/source';
import { element } from './dom';
import type { Status } from './status';

type Kind = 'webcam' | 'microphone';
const NAMES: Record<Kind, string> = { webcam: 'Webcam', microphone: 'Microphone' };

/** Where a source is shown. */
export interface Stage {
  begin(source: FaceSource): void;
  end(source: FaceSource): void;
  moved(): void;
}

/** `data-own` of the page says what drives, or what is asked for: `asking`, `webcam`, `microphone`. */
export class OwnFaceButtons {
  readonly root: HTMLElement;
  private readonly buttons: Record<Kind, HTMLButtonElement>;
  private readonly calibrate: HTMLButtonElement;
  private running: { kind: Kind; source: OwnFace } | null = null;
  private asking = false;

  constructor(
    private readonly stage: Stage,
    private readonly status: Status,
  ) {
    const button = (text: string, act: () => void) =>
      element('button', { type: 'button', onclick: act, 'aria-pressed': 'false' }, text);
    this.buttons = {
      webcam: button(NAMES.webcam, () => void this.toggle('webcam')),
      microphone: button(NAMES.microphone, () => void this.toggle('microphone')),
    };
    this.calibrate = element(
      'button',
      { type: 'button', onclick: () => (this.running?.source as Webcam | undefined)?.calibrate(), hidden: true },
      'Calibrate',
    );
    this.root = element(
      'section',
      { class: 'row', 'aria-label': 'Your own face' },
      this.buttons.webcam,
      this.buttons.microphone,
      this.calibrate,
    );
  }

  private async toggle(kind: Kind): Promise<void> {
    const { running, status } = this;
    if (this.asking) return;
    if (running) this.stage.end(running.source);
    if (running?.kind === kind) return;
    this.asking = true;
    this.update();
    status.say(`The browser asks whether this page may use the ${kind}.`);
    try {
      const source = await this.open(kind);
      this.running = { kind, source };
      this.stage.begin(source);
      status.say(`Your ${kind} drives the face. ${kind === 'webcam' ? 'No picture' : 'No sound'} leaves this device.`);
    } catch (error) {
      status.say(sentence(error), true);
    } finally {
      this.asking = false;
      this.update();
    }
  }

  private async open(kind: Kind): Promise<OwnFace> {
    const told = {
      changed: () => this.stage.moved(),
      ended: (error?: unknown) => this.ended(kind, error),
      say: (text: string) => this.status.say(text),
    };
    if (kind === 'webcam') return (await import('../drive/webcam')).openWebcam(told);
    return (await import('../drive/microphone')).openMicrophone(told);
  }

  private ended(kind: Kind, error?: unknown): void {
    const { running } = this;
    if (running?.kind !== kind) return;
    this.running = null;
    this.stage.end(running.source);
    if (error) this.status.say(sentence(error), true);
    this.update();
  }

  private update(): void {
    const kind = this.running?.kind;
    for (const name of ['webcam', 'microphone'] as const) {
      const button = this.buttons[name];
      button.textContent = kind === name ? `Stop ${name}` : NAMES[name];
      button.setAttribute('aria-pressed', String(kind === name));
      button.disabled = this.asking;
    }
    this.calibrate.hidden = kind !== 'webcam';
    const { dataset } = document.documentElement;
    const state = this.asking ? 'asking' : kind;
    if (state) dataset.own = state;
    else delete dataset.own;
  }
}
