// The Gaussians of one avatar in the graphics memory.
import { PageError } from '../errors';
import type { Avatar } from '../file/avatar';
import { type PosedRig, ROW } from '../pose/rig';
import type { Camera, Within } from './camera';
import { type Packed, packSplats } from './pack';
import { buildProgram, type Program } from './program';
import { QUADS } from './quads';
import { SPLAT_FRAGMENT, splatVertex } from './shaders';

/** of the ray in the Jacobian of the projection, in halves of the picture beyond its border */
const CLAMP = 0.15;
const UNIT = { splats: 0, vertices: 1, order: 2 } as const;
const ALONE: Omit<Within, 'focalY'> = { origin: [0, 0], depth: [0, 0] };

export class SplatCloud {
  private readonly packed: Packed;
  private readonly program: Program;
  private readonly textures: WebGLTexture[];
  private readonly psi: Float32Array;
  private readonly shStep: number;
  /** of the order */
  private readonly rows: number;

  /** Takes the Gaussians of an avatar to the graphics memory; `turning` colours change with the direction that they are
   * seen from. Throws a PageError where they do not fit. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    avatar: Avatar,
    turning = true,
  ) {
    const largest = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number;
    const packed = packSplats(avatar, largest);
    this.rows = Math.ceil(avatar.sizes.N / QUADS);
    const vertexRows = Math.ceil(avatar.sizes.V / ROW);
    const uniforms = 2 * packed.words + 16;
    const room = gl.getParameter(gl.MAX_VERTEX_UNIFORM_VECTORS) as number;
    if (Math.max(packed.height, packed.width, this.rows, vertexRows) > largest || uniforms > room)
      throw new PageError(
        `This avatar has ${avatar.sizes.N} Gaussians and ${avatar.sizes.K} correctives, more than the graphics of this device take.`,
      );
    const splats = this.texture(UNIT.splats, gl.RGBA32UI, packed.width, packed.height);
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
    const vertices = this.texture(UNIT.vertices, gl.RGBA32F, ROW, vertexRows);
    const order = this.texture(UNIT.order, gl.R32UI, QUADS, this.rows);
    this.textures = [splats, vertices, order];
    this.program = buildProgram(gl, splatVertex(packed.texels, packed.perRow, packed.words, turning), SPLAT_FRAGMENT);
    this.psi = new Float32Array(4 * Math.max(2 * packed.words, 1));
    this.packed = packed;
    this.shStep = avatar.splats.shStep;
  }

  /** Takes a pose and an order of drawing, padded to whole rows, to the graphics memory. Returns the bytes taken. */
  upload(posed: PosedRig, order: Uint32Array): number {
    const { gl, rows } = this;
    this.bind();
    gl.activeTexture(gl.TEXTURE0 + UNIT.vertices);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, ROW, posed.rows, gl.RGBA, gl.FLOAT, posed.vertices);
    gl.activeTexture(gl.TEXTURE0 + UNIT.order);
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, QUADS, rows, gl.RED_INTEGER, gl.UNSIGNED_INT, order);
    this.psi.set(posed.psiPosition, 0);
    this.psi.set(posed.psiColour, 4 * this.packed.words);
    return posed.vertices.byteLength + 4 * QUADS * rows;
  }

  /** Blends the Gaussians, as they were uploaded and as `camera` sees them, into what is bound; `gain` scales colours. */
  draw(camera: Camera, gain: number): void {
    const { gl } = this;
    const { at, program } = this.program;
    const { focal, width, height, cx, cy } = camera;
    const { focalY, origin, depth } = camera.within ?? { ...ALONE, focalY: focal };
    const beyondX = (CLAMP * width) / focal;
    const beyondY = (CLAMP * height) / focalY;
    this.bind();
    gl.useProgram(program);
    gl.uniform1i(at.uSplats!, UNIT.splats);
    gl.uniform1i(at.uVertices!, UNIT.vertices);
    gl.uniform1i(at.uOrder!, UNIT.order);
    gl.uniformMatrix3fv(at.uTurn!, true, camera.rows.flat());
    gl.uniform3fv(at.uShift!, camera.shift);
    if (at.uEye) gl.uniform3fv(at.uEye, camera.eye);
    gl.uniform4f(at.uLens!, focal, focalY, cx, cy);
    gl.uniform4f(at.uPlace!, width, height, ...origin);
    gl.uniform2f(at.uDepth!, ...depth);
    gl.uniform4f(
      at.uClamp!,
      -cx / focal - beyondX,
      -cy / focalY - beyondY,
      (width - cx) / focal + beyondX,
      (height - cy) / focalY + beyondY,
    );
    if (at.uShStep) gl.uniform1f(at.uShStep, this.shStep);
    gl.uniform1f(at.uGain!, gain);
    if (at.uPsi) gl.uniform4fv(at.uPsi, this.psi);
    gl.drawElementsInstanced(gl.TRIANGLES, 6 * QUADS, gl.UNSIGNED_SHORT, 0, this.rows);
  }

  /** Gives the graphics memory back. */
  close(): void {
    for (const texture of this.textures) this.gl.deleteTexture(texture);
    this.gl.deleteProgram(this.program.program);
  }

  private bind(): void {
    const { gl } = this;
    this.textures.forEach((texture, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
    });
  }

  private texture(unit: number, format: number, width: number, height: number): WebGLTexture {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
    return texture;
  }
}
