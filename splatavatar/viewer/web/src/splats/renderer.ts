// Draws the Gaussians of an avatar with WebGL2.
import { PageError } from '../errors';
import type { Avatar } from '../file/avatar';
import { type PosedRig, ROW } from '../pose/rig';
import type { Camera } from './camera';
import { type Packed, packSplats } from './pack';
import { buildProgram, type Program } from './program';
import { RESOLVE_FRAGMENT, SPLAT_FRAGMENT, splatVertex, WHOLE_VERTEX } from './shaders';
import { blendsHalfFloats, Target, type TargetKind } from './target';

/** Quads of an instance: an instance of one costs software renderers a draw call each. */
export const QUADS = 256;
/** of the ray in the Jacobian of the projection, in halves of the picture beyond its border */
const CLAMP = 0.15;
const UNIT = { splats: 0, vertices: 1, order: 2, target: 3 } as const;

/** RGB in [0, 1], or nothing behind the avatar. */
export type Background = [number, number, number] | null;

export class Renderer {
  readonly gl: WebGL2RenderingContext;
  private readonly half: boolean;
  private readonly resolveProgram: Program;
  private splatProgram: Program | null = null;
  private packed: Packed | null = null;
  private target: Target | null = null;
  private avatar: Avatar | null = null;
  private orderRows = 0;
  private textures: WebGLTexture[] = [];
  private readonly psi: { values: Float32Array } = { values: new Float32Array(4) };

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
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, corners(), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 3, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles(), gl.STATIC_DRAW);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.CULL_FACE);
  }

  /** Takes the Gaussians of an avatar to the graphics memory. */
  load(avatar: Avatar): void {
    const { gl } = this;
    const largest = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    const packed = packSplats(avatar, largest);
    const orderRows = Math.ceil(avatar.sizes.N / QUADS);
    const vertexRows = Math.ceil(avatar.sizes.V / ROW);
    const uniforms = 2 * packed.words + 16;
    const room = gl.getParameter(gl.MAX_VERTEX_UNIFORM_VECTORS) as number;
    if (Math.max(packed.height, packed.width, orderRows, vertexRows) > largest || uniforms > room)
      throw new PageError(
        `This avatar has ${avatar.sizes.N} Gaussians and ${avatar.sizes.K} correctives, more than the graphics of this device take.`,
      );
    for (const texture of this.textures) gl.deleteTexture(texture);
    this.textures = [];
    this.texture(UNIT.splats, gl.RGBA32UI, packed.width, packed.height);
    gl.texSubImage2D(
      gl.TEXTURE_2D,
      0,
      0,
      0,
      packed.width,
      packed.height,
      gl.RGBA_INTEGER,
      gl.UNSIGNED_INT,
      packed.data,
    );
    this.texture(UNIT.vertices, gl.RGBA32F, ROW, vertexRows);
    this.texture(UNIT.order, gl.R32UI, QUADS, orderRows);
    if (this.splatProgram) gl.deleteProgram(this.splatProgram.program);
    this.splatProgram = buildProgram(gl, splatVertex(packed.texels, packed.perRow, packed.words), SPLAT_FRAGMENT);
    this.psi.values = new Float32Array(4 * Math.max(2 * packed.words, 1));
    this.packed = packed;
    this.orderRows = orderRows;
    this.avatar = avatar;
  }

  /** Takes a pose and an order of drawing to the graphics memory. Returns the bytes taken. */
  upload(posed: PosedRig, order: Uint32Array): number {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + UNIT.vertices);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, ROW, posed.rows, gl.RGBA, gl.FLOAT, posed.vertices);
    gl.activeTexture(gl.TEXTURE0 + UNIT.order);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, QUADS, this.orderRows, gl.RED_INTEGER, gl.UNSIGNED_INT, order);
    const { words } = this.packed!;
    const { values } = this.psi;
    values.set(posed.psiPosition, 0);
    values.set(posed.psiColour, 4 * words);
    return posed.vertices.byteLength + order.byteLength;
  }

  /** Draws what was uploaded, as `camera` sees it, onto the canvas, whose size is taken as it is. */
  draw(camera: Camera, background: Background): void {
    const { gl, canvas } = this;
    if (!this.splatProgram || !this.avatar || gl.isContextLost()) return;
    // Ten bits have no alpha to speak of: what is behind must be known.
    const kind = this.forced ?? (this.half ? 'rgba16f' : background ? 'rgb10_a2' : 'rgba8');
    if (this.target?.kind !== kind) this.target = new Target(gl, kind, UNIT.target);
    const target = this.target;
    target.resize(camera.width, camera.height);
    if (!target.complete()) throw new PageError(`The graphics of this device cannot draw into ${kind}.`);
    gl.viewport(0, 0, camera.width, camera.height);
    // Without alpha to keep, what is behind goes in first.
    const within = kind === 'rgb10_a2' && background !== null;
    const [r, g, b] = within ? background.map((x) => x * target.gain) : [0, 0, 0];
    gl.clearColor(r!, g!, b!, within ? 1 : 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.useProgram(this.splatProgram.program);
    this.look(this.splatProgram.at, camera, target.gain);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.drawElementsInstanced(gl.TRIANGLES, 6 * QUADS, gl.UNSIGNED_SHORT, 0, this.orderRows);
    gl.disable(gl.BLEND);

    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.viewport(0, 0, canvas.width, canvas.height);
    const { program, at } = this.resolveProgram;
    gl.useProgram(program);
    gl.uniform1i(at.uPicture!, UNIT.target);
    gl.uniform1f(at.uGain!, target.gain);
    gl.uniform2f(at.uScale!, camera.width / canvas.width, camera.height / canvas.height);
    if (background) gl.uniform4f(at.uBackground!, ...background, 1);
    else gl.uniform4f(at.uBackground!, 0, 0, 0, 0);
    gl.drawElements(gl.TRIANGLES, 6, gl.UNSIGNED_SHORT, 0);
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

  private look(at: Program['at'], camera: Camera, gain: number): void {
    const { gl } = this;
    const { focal, width, height, cx, cy } = camera;
    const beyondX = (CLAMP * width) / focal;
    const beyondY = (CLAMP * height) / focal;
    gl.uniform1i(at.uSplats!, UNIT.splats);
    gl.uniform1i(at.uVertices!, UNIT.vertices);
    gl.uniform1i(at.uOrder!, UNIT.order);
    gl.uniformMatrix3fv(at.uTurn!, true, camera.rows.flat());
    gl.uniform3fv(at.uShift!, camera.shift);
    gl.uniform3fv(at.uEye!, camera.eye);
    gl.uniform4f(at.uLens!, focal, focal, cx, cy);
    gl.uniform2f(at.uSize!, width, height);
    gl.uniform4f(
      at.uClamp!,
      -cx / focal - beyondX,
      -cy / focal - beyondY,
      (width - cx) / focal + beyondX,
      (height - cy) / focal + beyondY,
    );
    gl.uniform1f(at.uShStep!, this.avatar!.splats.shStep);
    gl.uniform1f(at.uGain!, gain);
    if (at.uPsi) gl.uniform4fv(at.uPsi, this.psi.values);
  }

  private texture(unit: number, format: number, width: number, height: number): void {
    const { gl } = this;
    const texture = gl.createTexture();
    this.textures.push(texture);
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  }
}

/** (QUADS, 4, 3) corners of quads, and which one it is. */
function corners(): Float32Array {
  const out = new Float32Array(12 * QUADS);
  for (let vertex = 0; vertex < 4 * QUADS; vertex++)
    out.set([vertex & 1 ? 1 : -1, vertex & 2 ? 1 : -1, vertex >> 2], 3 * vertex);
  return out;
}

function triangles(): Uint16Array {
  return Uint16Array.from({ length: 6 * QUADS }, (_, i) => 4 * Math.floor(i / 6) + [0, 1, 2, 2, 1, 3][i % 6]!);
}
