// The table and what is around it: one quad, whose pixels look along their own ray.
import type { Camera } from '../../splats/camera';
import { buildProgram, type Program } from '../../splats/program';
import { drawWhole } from '../../splats/quads';
import { WHOLE_VERTEX } from '../../splats/shaders';
import { TABLE_HEIGHT } from './seats';

const FRAGMENT = `precision highp float; precision highp int;
uniform mat3 uTurn; uniform vec3 uEye; uniform vec4 uLens; uniform float uHeight, uRadius, uGain; uniform vec3 uColour;
out vec4 result;

void main() {
  vec2 pixel = vec2(gl_FragCoord.x, uHeight - gl_FragCoord.y);
  vec3 ray = normalize(vec3((pixel - uLens.zw) / uLens.xy, 1.) * uTurn);
  // A wall that is lightest at the height of the eyes, a floor that is darker.
  vec3 colour = uColour * (ray.y > 0. ? mix(1., .86, smoothstep(0., .7, ray.y)) : mix(1., .7, smoothstep(0., .4, -ray.y)));
  // The plane of the table, but for its horizon, where derivatives know no bounds.
  vec2 at = uEye.xz + (${TABLE_HEIGHT} - uEye.y) / min(ray.y, -.02) * ray.xz;
  float away = length(at), soft = fwidth(away);
  float inside = ray.y < -.02 ? 1. - smoothstep(uRadius - soft, uRadius + soft, away) : 0.;
  float rim = smoothstep(uRadius - .035, uRadius - .03, away);
  float grain = .03 * sin(90. * at.x + 4. * sin(7. * at.y));
  vec3 wood = vec3(.46, .31, .2) * (1.05 - .3 * away / uRadius + grain) * mix(1., .78, rim);
  colour = mix(colour, wood, inside);
  result = vec4(uGain * colour, 1.);
}`;

export class Surroundings {
  private readonly program: Program;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.program = buildProgram(gl, WHOLE_VERTEX, FRAGMENT);
  }

  /** Draws a table of `radius` metres as `camera` sees it, over all of the picture; `colour` is that of the walls. */
  draw(camera: Camera, radius: number, colour: readonly [number, number, number], gain: number): void {
    const { gl } = this;
    const { at, program } = this.program;
    gl.useProgram(program);
    gl.uniformMatrix3fv(at.uTurn!, true, camera.rows.flat());
    gl.uniform3fv(at.uEye!, camera.eye);
    gl.uniform4f(at.uLens!, camera.focal, camera.focal, camera.cx, camera.cy);
    gl.uniform1f(at.uHeight!, camera.height);
    gl.uniform1f(at.uRadius!, radius);
    gl.uniform1f(at.uGain!, gain);
    gl.uniform3fv(at.uColour!, colour);
    drawWhole(gl);
  }
}
