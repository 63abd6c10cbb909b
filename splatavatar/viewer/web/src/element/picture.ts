// The picture in an element: a canvas while it has a context to draw with, nothing while it has none.
import type { Avatar } from '../file/avatar';
import type { FaceSignal } from '../signal/signal';
import { framing, type Orbit } from '../splats/camera';
import type { Background } from '../splats/renderer';
import { fitCanvas, roomyFraming } from '../ui/canvas_size';
import { OrbitControl } from '../ui/orbit';
import { View } from '../ui/view';
import type { Contexts, Holder } from './contexts';

/** What a picture asks of its element. */
export interface Host {
  face(): { signal: FaceSignal; moving: boolean };
  /** The camera moved, or there is a picture where there was none, or none any more. */
  changed(): void;
  failed(error: unknown): void;
}

export class Picture implements Holder {
  seen = true;
  readonly control: OrbitControl;
  private view: View | null = null;
  private canvas: HTMLCanvasElement | null = null;
  private shown: Avatar | null = null;
  private behind: Background = null;
  private limited: number | null = null;

  /** The canvas lies in `frame`; `surface` is what hands turn the view on. */
  constructor(
    private readonly frame: HTMLElement,
    surface: HTMLElement,
    private readonly contexts: Contexts,
    private readonly host: Host,
  ) {
    this.control = new OrbitControl(surface, () => {
      this.refresh();
      host.changed();
    });
  }

  get avatar(): Avatar | null {
    return this.shown;
  }

  get drawn(): boolean {
    return this.view !== null;
  }

  /** Shows an avatar. Throws a PageError. */
  show(avatar: Avatar, start: Partial<Orbit>): void {
    this.shown = avatar;
    this.look(start);
    this.open();
  }

  /** Shows none any more. */
  clear(): void {
    this.shown = null;
    this.close();
  }

  /** Begins with another view of what is shown: where `start` says nothing, with the usual one. */
  look(start: Partial<Orbit>): void {
    if (!this.shown) return;
    const usual = roomyFraming(framing(this.shown), this.frame);
    this.control.begin(usual, { yaw: 0, pitch: 0, distance: usual.distance, pan: [0, 0], ...start });
    this.refresh();
    this.host.changed();
  }

  set background(background: Background) {
    this.behind = background;
    if (this.view) this.view.background = background;
    this.refresh();
  }

  set limit(limit: number | null) {
    this.limited = limit;
    if (this.view) this.view.limit = limit;
    this.refresh();
  }

  /** Asks for a picture, unless nobody would see it. */
  refresh(): void {
    if (this.seen) this.view?.refresh(true);
  }

  /** Its place has another size. */
  resize(): void {
    if (this.canvas && fitCanvas(this.canvas)) this.view?.refresh();
  }

  /** It came on the screen, or left it. */
  see(seen: boolean): void {
    this.seen = seen;
    if (!seen) this.contexts.idle(this);
    else if (this.view) this.refresh();
    else this.retry();
  }

  retry(): void {
    try {
      if (this.shown && !this.view) this.open();
    } catch (error) {
      this.host.failed(error);
    }
  }

  release(): void {
    this.view?.close();
    this.canvas?.remove();
    this.view = this.canvas = null;
    this.host.changed();
  }

  /** Gives its context and the graphics memory back. */
  close(): void {
    this.release();
    this.contexts.give(this);
  }

  private open(): void {
    if (!this.contexts.take(this)) return;
    try {
      const canvas = document.createElement('canvas');
      this.frame.append(canvas);
      this.canvas = canvas;
      fitCanvas(canvas);
      const scene = { face: () => this.face(), orbit: () => this.control.orbit };
      const view = new View(canvas, scene, null);
      this.view = view;
      view.background = this.behind;
      view.limit = this.limited;
      view.show(this.shown!);
      view.draw();
    } catch (error) {
      this.close();
      throw error;
    }
    this.host.changed();
  }

  private face(): { signal: FaceSignal; moving: boolean } {
    const { signal, moving } = this.host.face();
    return { signal, moving: moving && this.seen };
  }
}
