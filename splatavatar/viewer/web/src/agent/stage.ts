// The picture: an avatar that is drawn here, or pictures that somebody else drew.
import type { Avatar } from '../file/avatar';
import { readAvatar } from '../file/read_avatar';
import { decode } from '../live/protocol';
import { restSignal } from '../signal/signal';
import { badge, glance } from '../trust/badge';
import { fitCanvas, roomyFraming } from '../ui/canvas_size';
import { themeColour } from '../ui/colours';
import { describe } from '../ui/description';
import { element } from '../ui/dom';
import { OrbitControl } from '../ui/orbit';
import { View } from '../ui/view';
import { FaceStep } from './step';

/** Whether this browser can draw avatars. */
export function draws(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null;
}

export class AgentStage {
  readonly root = element('div', { class: 'stage' });
  readonly step = new FaceStep();
  /** the avatar that is drawn; null before there is one, and where pictures are shown */
  avatar: Avatar | null = null;
  private view: View | null = null;
  private control: OrbitControl | null = null;
  private sizes: ResizeObserver | null = null;
  private told = false;

  /** `wrong` is told once what is wrong with the faces that come. */
  constructor(private readonly wrong: (error: unknown) => void) {}

  /** Draws this avatar from now on; the label that says what it is. Throws a PageError. */
  async show(content: ArrayBuffer): Promise<HTMLElement> {
    const avatar = await readAvatar(content);
    this.view?.close();
    const canvas = element('canvas', { id: 'picture', role: 'img', tabindex: 0 });
    this.root.replaceChildren(canvas);
    fitCanvas(canvas);
    const control = new OrbitControl(canvas, () => this.changed());
    const view = new View(
      canvas,
      {
        face: (now) => ({ signal: this.step.at(now) ?? restSignal(), moving: true }),
        orbit: () => control.orbit,
      },
      null,
    );
    [this.avatar, this.view, this.control] = [avatar, view, control];
    view.background = themeColour();
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => {
      view.background = themeColour();
    });
    view.show(avatar);
    this.frame(canvas);
    this.sizes?.disconnect();
    this.sizes = new ResizeObserver(() => {
      if (fitCanvas(canvas)) this.frame(canvas);
    });
    this.sizes.observe(canvas);
    control.listen();
    view.draw();
    view.refresh(true);
    return badge(avatar);
  }

  /** Shows these pictures from now on; the label that says what they show. */
  play(track: MediaStreamTrack): HTMLElement {
    this.close();
    const video = element('video', { id: 'picture', autoplay: true, playsinline: true, 'aria-label': 'The avatar' });
    video.muted = true;
    video.srcObject = new MediaStream([track]);
    this.root.replaceChildren(video);
    return element('p', { class: 'trust plain' }, element('span', { class: 'word' }, ...glance('plain')));
  }

  /** Takes a message of a face. */
  take(message: ArrayBuffer): void {
    try {
      this.step.push(decode(message), performance.now());
    } catch (error) {
      if (!this.told) this.wrong(error);
      this.told = true;
    }
  }

  close(): void {
    this.sizes?.disconnect();
    this.sizes = null;
    this.view?.close();
    this.view = this.control = this.avatar = null;
  }

  private frame(canvas: HTMLCanvasElement): void {
    const usual = roomyFraming(this.view!.stage!.frame, canvas);
    this.control!.begin(usual, { yaw: 0, pitch: 0, distance: usual.distance, pan: [0, 0] });
    this.changed();
  }

  private changed(): void {
    const { view, avatar, control } = this;
    if (!view || !avatar || !control) return;
    const seen = describe(avatar.name, control.orbit);
    view.canvas.setAttribute('aria-label', `${seen}. Arrow keys turn, plus and minus zoom, 0 resets.`);
    view.refresh(true);
  }
}
