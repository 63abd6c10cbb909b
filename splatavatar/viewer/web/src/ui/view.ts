// What is drawn when: one picture for every change, and one of every frame of the screen while something moves.
import type { Avatar } from '../file/avatar';
import { ExpressionLimit } from '../signal/limit';
import { retarget } from '../signal/retarget';
import type { FaceSignal } from '../signal/signal';
import { type Orbit, orbitCamera } from '../splats/camera';
import { type Background, Renderer } from '../splats/renderer';
import { Stage } from '../splats/stage';
import type { TargetKind } from '../splats/target';
import { markOf } from '../trust/mark';
import { Pace } from './pace';

/** milliseconds after the last movement until the picture is drawn whole */
const STILL = 160;

export interface Scene {
  /** the face at this moment, and whether it will move on by itself */
  face(now: number): { signal: FaceSignal; moving: boolean };
  orbit(): Orbit;
}

export class View {
  stage: Stage | null = null;
  background: Background = null;
  /** standard deviations, null for no limit */
  limit: number | null = 3;
  readonly pace = new Pace();
  /** called after every picture */
  drawn: () => void = () => {};
  private renderer: Renderer;
  private paused = false;
  private limiter: ExpressionLimit | null = null;
  private limitedAt: number | null = null;
  private asked = 0;
  private movedAt = Number.NEGATIVE_INFINITY;
  private whole = false;
  private readonly closing = new AbortController();

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly scene: Scene,
    target: TargetKind | null,
    private readonly marked = true,
  ) {
    this.renderer = new Renderer(canvas, target);
    const { signal } = this.closing;
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault(), { signal });
    canvas.addEventListener(
      'webglcontextrestored',
      () => {
        this.renderer = new Renderer(canvas, target);
        if (this.stage) this.show(this.stage.avatar);
        this.refresh();
      },
      { signal },
    );
  }

  /** Draws nothing any more and gives the graphics memory back. */
  close(): void {
    this.closing.abort();
    cancelAnimationFrame(this.asked);
    this.stage = null;
    this.renderer.close();
  }

  show(avatar: Avatar): void {
    this.stage = new Stage(avatar, this.renderer);
    this.renderer.mark = this.marked ? markOf(avatar.digest) : null;
    this.limitedAt = null;
  }

  get kind(): string {
    return this.renderer.kind ?? '';
  }

  /** Asks for a picture; `moving` ones may be coarser, until nothing moves. */
  refresh(moving = false): void {
    if (this.closing.signal.aborted || this.paused) return;
    if (moving) this.movedAt = performance.now();
    this.asked ||= requestAnimationFrame((now) => this.frame(now));
  }

  /** Draws nothing while something else does, and the whole picture after that. */
  pause(is: boolean): void {
    this.paused = is;
    this.refresh();
  }

  /** Draws now, whole. */
  draw(): void {
    const { signal } = this.scene.face(performance.now());
    this.picture(signal, 1);
    this.renderer.finish();
  }

  private frame(now: number): void {
    this.asked = 0;
    const { signal, moving } = this.scene.face(now);
    const busy = moving || performance.now() - this.movedAt < STILL;
    this.picture(signal, busy ? this.pace.scale : 1);
    this.pace.tick(now, busy);
    if (moving) this.refresh();
    else if (busy && (this.pace.scale < 1 || !this.whole)) setTimeout(() => this.refresh(), STILL);
    this.whole = !busy;
  }

  private picture(signal: FaceSignal, scale: number): void {
    const { stage, canvas } = this;
    if (!stage) return;
    const width = Math.max(1, Math.round(canvas.width * scale));
    const height = Math.max(1, Math.round(canvas.height * scale));
    const camera = orbitCamera(stage.frame, this.scene.orbit(), width, height);
    stage.draw(retarget(signal, stage.avatar, this.limitOf(stage.avatar)), camera, this.background);
    this.drawn();
  }

  private limitOf(avatar: Avatar): ExpressionLimit | null {
    if (this.limit === null || !avatar.calibration) return null;
    if (this.limitedAt !== this.limit || !this.limiter) {
      this.limiter = new ExpressionLimit(avatar.calibration, this.limit);
      this.limitedAt = this.limit;
    }
    return this.limiter;
  }
}
