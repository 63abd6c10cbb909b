// What splats are blended into: half floats where the device can, else ten bits, else eight.

export type TargetKind = 'rgba16f' | 'rgb10_a2' | 'rgba8';

/** An off-screen picture. */
export class Target {
  /** colours are stored times this, so that those above white have room in a target that clamps */
  readonly gain: number;
  width = 0;
  height = 0;
  readonly framebuffer: WebGLFramebuffer;
  private texture: WebGLTexture | null = null;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    readonly kind: TargetKind,
    private readonly unit: number,
  ) {
    this.gain = kind === 'rgb10_a2' ? 0.5 : 1;
    this.framebuffer = gl.createFramebuffer();
  }

  resize(width: number, height: number): void {
    if (this.width === width && this.height === height) return;
    const { gl } = this;
    if (this.texture) gl.deleteTexture(this.texture);
    this.texture = gl.createTexture();
    gl.activeTexture(gl.TEXTURE0 + this.unit);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    const format = { rgba16f: gl.RGBA16F, rgb10_a2: gl.RGB10_A2, rgba8: gl.RGBA8 }[this.kind];
    gl.texStorage2D(gl.TEXTURE_2D, 1, format, width, height);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    // All three formats can be filtered: a smaller target is stretched.
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.LINEAR);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
    this.width = width;
    this.height = height;
  }

  complete(): boolean {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    return gl.checkFramebufferStatus(gl.FRAMEBUFFER) === gl.FRAMEBUFFER_COMPLETE;
  }
}

/** The best kind that the device blends into. Ten bits have no alpha to speak of: what is behind must be known. */
export function bestKind(gl: WebGL2RenderingContext, opaque: boolean): TargetKind {
  if (gl.getExtension('EXT_color_buffer_float') || gl.getExtension('EXT_color_buffer_half_float')) {
    const trial = new Target(gl, 'rgba16f', 7);
    trial.resize(4, 4);
    if (trial.complete()) return 'rgba16f';
  }
  return opaque ? 'rgb10_a2' : 'rgba8';
}
