// Draws the Gaussians of avatars with WebGL2.
import { PageError } from '../errors';
import type { Avatar } from '../file/avatar';
import type { PosedRig } from '../pose/rig';
import type { Mark } from '../trust/mark';
import type { Camera } from './camera';
import { SplatCloud } from './cloud';
import { Marking } from './marking';
import { buildProgram, type Program } from './program';
import { bindQuads, drawWhole } from './quads';
import { RESOLVE_FRAGMENT, WHOLE_VERTEX } from './shaders';
import { blendsHalfFloats, Target, type TargetKind } from './target';

const TARGET_UNIT = 3;

/** RGB in [0, 1], or nothing behind the avatar. */
export type Background = [number, number, number] | null;

/** An avatar in a picture of several. */
export interface Seen {
  cloud: SplatCloud;
  /** in the frame of the avatar */
  camera: Camera;
}

export class Renderer {
  readonly gl: WebGL2RenderingContext;
  private readonly half: boolean;
  private readonly resolveProgram: Program;
  private target: Target | null = null;
  private cloud: SplatCloud | null = null;
  private marking: Marking | null = null;
  private stamp: Mark | null = null;

  /** `forced` names a kind of target instead of the best one. Throws a PageError where there is no WebGL2. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly forced: TargetKind | null = null,
  ) {
    const gl = canvas.getContext('webgl2', {
      alpha: true,
      premultipliedAlpha: true,
      antialias: false,
      depth: false,
      stencil: false,
      powerPreference: 'high-performance',
    });
    if (!gl)
      throw new PageError(
        'This browser shows no WebGL2, which the avatar is drawn with; update it, or turn on graphics acceleration in its settings.',
      );
    this.gl = gl;
    this.half = blendsHalfFloats(gl);
    this.resolveProgram = buildProgram(gl, WHOLE_VERTEX, RESOLVE_FRAGMENT);
    bindQuads(gl);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.CULL_FACE);
  }

  /** The mark that all pictures get from now on, each that of its day; null for none. */
  set mark(mark: Mark | null) {
    this.stamp = mark;
    if (mark) this.marking ??= new Marking(this.gl);
  }

  /** Takes the Gaussians of an avatar to the graphics memory, in place of those of the one before. */
  load(avatar: Avatar): void {
    const cloud = new SplatCloud(this.gl, avatar);
    this.cloud?.close();
    this.cloud = cloud;
  }

  /** Takes a pose and an order of drawing to the graphics memory. Returns the bytes taken. */
  upload(posed: PosedRig, order: Uint32Array): number {
    return this.cloud!.upload(posed, order);
  }

  /** Draws what was uploaded, as `camera` sees it, onto the canvas, whose size is taken as it is. */
  draw(camera: Camera, background: Background): void {
    const { cloud } = this;
    if (cloud) this.paint(camera.width, camera.height, [{ cloud, camera }], background);
  }

  /** Draws several avatars onto the canvas, each over those before it, by cameras of `width` x `height` pixels.
   *
   * `beneath` draws what lies behind them: opaque pixels, their colours times the gain that it is given.
   */
  paint(
    width: number,
    height: number,
    seen: readonly Seen[],
    background: Background,
    beneath?: (gain: number) => void,
  ): void {
    const { gl, canvas } = this;
    if (gl.isContextLost()) return;
    // Ten bits have no alpha to speak of: what is behind must be known.
    const kind = this.forced ?? (this.half ? 'rgba16f' : background ? 'rgb10_a2' : 'rgba8');
    if (this.target?.kind !== kind) this.target = new Target(gl, kind, TARGET_UNIT);
    const target = this.target;
    target.resize(width, height);
    if (!target.complete()) throw new PageError(`The graphics of this device cannot draw into ${kind}.`);
    gl.viewport(0, 0, width, height);
    // Without alpha to keep, what is behind goes in first.
    const within = kind === 'rgb10_a2' && background !== null;
    const [r, g, b] = within ? background.map((x) => x * target.gain) : [0, 0, 0];
    gl.clearColor(r!, g!, b!, within ? 1 : 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    beneath?.(target.gain);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (const { cloud, camera } of seen) cloud.draw(camera, target.gain);
    gl.disable(gl.BLEND);

    const marking = this.stamp ? this.marking : null;
    if (marking && this.stamp) marking.tile = this.stamp();
    gl.bindFramebuffer(gl.FRAMEBUFFER, marking?.begin(canvas.width, canvas.height) ?? null);
    gl.viewport(0, 0, canvas.width, canvas.height);
    const { program, at } = this.resolveProgram;
    gl.useProgram(program);
    gl.uniform1i(at.uPicture!, TARGET_UNIT);
    gl.uniform1f(at.uGain!, target.gain);
    gl.uniform2f(at.uScale!, width / canvas.width, height / canvas.height);
    if (background) gl.uniform4f(at.uBackground!, ...background, 1);
    else gl.uniform4f(at.uBackground!, 0, 0, 0, 0);
    drawWhole(gl);
    marking?.finish();
  }

  /** Waits for the graphics to be done with what was drawn. */
  finish(): void {
    this.gl.readPixels(0, 0, 1, 1, this.gl.RGBA, this.gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  /** Gives up the context of the canvas, and with it all graphics memory at once; the canvas is of no more use. */
  close(): void {
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }

  get kind(): TargetKind | null {
    return this.target?.kind ?? null;
  }
}
