import { PageError } from '../errors';

/** A linked program and the places of its uniforms. */
export interface Program {
  program: WebGLProgram;
  at: Record<string, WebGLUniformLocation | null>;
}

/** Compiles two shaders of GLSL ES 3.00; the attribute `corner` is number 0. */
export function buildProgram(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program {
  const program = gl.createProgram();
  for (const [type, text] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new PageError('The graphics of this device were lost; reload the page.');
    gl.shaderSource(shader, `#version 300 es\n${text}`);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost())
      throw new PageError(`The graphics of this device refuse the page's shader: ${gl.getShaderInfoLog(shader)}`);
  }
  gl.bindAttribLocation(program, 0, 'corner');
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
    throw new PageError(`The graphics of this device refuse the page's shader: ${gl.getProgramInfoLog(program)}`);
  const at: Program['at'] = {};
  const count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) as number;
  for (let i = 0; i < count; i++) {
    const name = gl.getActiveUniform(program, i)!.name;
    at[name.replace('[0]', '')] = gl.getUniformLocation(program, name);
  }
  return { program, at };
}
