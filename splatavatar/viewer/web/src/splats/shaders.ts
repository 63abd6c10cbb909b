// From the bytes of a Gaussian and the posed vertices to a splat, and from splats to pixels. The numbers are those of
// `render/native/kernels_project.h` and `kernels_bound.h`.
import { LOG_STEP, SIGNED_STEPS, SPLATTING, UNIT_STEPS } from '../tables';

/** A number as GLSL writes one with a point. */
export const real = (value: number): string => (Number.isInteger(value) ? `${value}.` : String(value));
const DILATION = real(SPLATTING.DILATION);
const NEAR = real(SPLATTING.NEAR);
const MAX_ALPHA = real(SPLATTING.MAX_ALPHA);
/** of opacity to the alpha below which nothing is drawn */
const VISIBLE = real(Math.round(1 / SPLATTING.MIN_ALPHA));
const UNIT = real(UNIT_STEPS);

const PRECISION = `precision highp float; precision highp int; precision highp sampler2D; precision highp usampler2D;
`;

/** Linear in the direction from the camera, in the frame of the triangle. */
const TURNING = `
  vec3 d = normalize(mean - uEye) * R;
  vec4 h0 = s8(g3.y), h1 = s8(g3.z);
  float h8 = s8(g3.x).z;
  colour += uShStep * unpackHalf2x16(g2.y).y * vec3(dot(h0.xyz, d), dot(vec3(h0.w, h1.xy), d), dot(vec3(h1.zw, h8), d));`;

/** `words` of each channel's correctives; `texels` of a Gaussian, of which `perRow` make a row of the texture; `turning`
 * colours change with the direction that they are seen from.
 *
 * What shaders say is a part of the page: comments stand here. `corner` is of a quad: x and y, and which of the 256 of
 * this instance. `uLens` has focal lengths and principal point, pixels, `uPlace` the size of the picture and its lower
 * left pixel in the target. `project` finds the centre, with its depth, and the covariance (xx, xy, yy) in pixels, y
 * down, and colour and opacity; false: nothing to see. The x of its `q` is w. What is not to be seen lies outside.
 * xy of `vConic` has the sign of y up, as gl_FragCoord has it. `white` goes through the Cholesky factor: the square
 * becomes the smallest parallelogram around the ellipse at which alpha is 1/255. */
export function splatVertex(texels: number, perRow: number, words: number, turning: boolean): string {
  let correct = '';
  for (let t = 4; t < texels; t++)
    correct += `
  uvec4 k${t} = texelFetch(uSplats, at + ivec2(${t}, 0), 0);`;
  for (let channel = 0; channel < 6 && words; channel++) {
    const sum = Array.from({ length: words }, (_, i) => {
      const word = 16 + channel * words + i;
      return `dot(s8(k${word >> 2}.${'xyzw'[word & 3]}), uPsi[${channel < 3 ? i : words + i}])`;
    });
    correct += `
  delta[${channel}] = ${sum.join(' + ')};`;
  }
  return `${PRECISION}
in vec3 corner;
uniform usampler2D uSplats, uOrder;
uniform sampler2D uVertices;
uniform mat3 uTurn; uniform vec3 uShift, uEye;
uniform vec4 uLens;
uniform vec4 uPlace;
uniform vec4 uClamp; uniform float uShStep; uniform vec2 uDepth;
uniform vec4 uPsi[${Math.max(2 * words, 1)}];
flat out vec4 vColour; flat out vec3 vConic; flat out vec2 vCentre;

vec2 s16(uint w) { return vec2(ivec2(w << 16, w) >> 16); }
vec4 s8(uint w) { return vec4(ivec4(w << 24, w << 16, w << 8, w) >> 24); }
vec3 vertex(uint i) { return texelFetch(uVertices, ivec2(i & 255u, i >> 8), 0).xyz; }

bool project(uint splat, out vec3 centre, out vec3 spread, out vec4 result) {
  ivec2 at = ivec2(int(splat & ${perRow - 1}u) * ${texels}, int(splat >> ${Math.log2(perRow)}));
  uvec4 g0 = texelFetch(uSplats, at, 0), g1 = texelFetch(uSplats, at + ivec2(1, 0), 0);
  uvec4 g2 = texelFetch(uSplats, at + ivec2(2, 0), 0), g3 = texelFetch(uSplats, at + ivec2(3, 0), 0);
  float opacity = float(g1.y >> 16) / ${UNIT};
  if (!(opacity * ${VISIBLE} > 1.)) return false;
  vec3 v0 = vertex(g0.x), v1 = vertex(g0.y), v2 = vertex(g0.z);
  vec3 edge = v1 - v0, other = v2 - v0;
  float len = length(edge);
  vec3 a0 = edge / max(len, 1e-12), n = cross(edge, other);
  n /= max(length(n), 1e-12);
  vec3 a2 = cross(a0, n);
  float size = .5 * (len + abs(dot(a2, other)));
  mat3 R = mat3(a0, n, a2);
  vec2 uv = vec2(g0.w & 0xffffu, g0.w >> 16);
  vec3 bary = vec3(uv, ${UNIT} - uv.x - uv.y) / ${UNIT};
  float delta[6] = float[6](0., 0., 0., 0., 0., 0.);${correct}
  vec3 position = vec3(unpackHalf2x16(g1.x), unpackHalf2x16(g1.y).x) + unpackHalf2x16(g2.w).y * vec3(delta[0], delta[1], delta[2]);
  vec3 mean = bary.x * v0 + bary.y * v1 + bary.z * v2 + R * position * size;
  vec3 c = uTurn * mean + uShift;
  if (!(c.z > ${NEAR})) return false;
  vec4 q = vec4(s16(g1.z), s16(g1.w)) / ${real(SIGNED_STEPS)};
  q *= inversesqrt(max(dot(q, q), 1e-24));
  mat3 Q = mat3(1. - 2. * (q.z * q.z + q.w * q.w), 2. * (q.y * q.z + q.x * q.w), 2. * (q.y * q.w - q.x * q.z),
    2. * (q.y * q.z - q.x * q.w), 1. - 2. * (q.y * q.y + q.w * q.w), 2. * (q.z * q.w + q.x * q.y),
    2. * (q.y * q.w + q.x * q.z), 2. * (q.z * q.w - q.x * q.y), 1. - 2. * (q.y * q.y + q.z * q.z));
  vec3 scale = size * exp(vec3(s16(g2.x), s16(g2.y).x) * ${real(LOG_STEP)});
  mat3 A = uTurn * (R * Q);
  float iz = 1. / c.z;
  vec2 ray = clamp(c.xy * iz, uClamp.xy, uClamp.zw);
  vec3 jx = uLens.x * iz * scale * vec3(A[0].x - ray.x * A[0].z, A[1].x - ray.x * A[1].z, A[2].x - ray.x * A[2].z);
  vec3 jy = uLens.y * iz * scale * vec3(A[0].y - ray.y * A[0].z, A[1].y - ray.y * A[1].z, A[2].y - ray.y * A[2].z);
  spread = vec3(${DILATION} + dot(jx, jx), dot(jx, jy), ${DILATION} + dot(jy, jy));
  if (!(spread.x * spread.z - spread.y * spread.y > 0.)) return false;
  centre = vec3(uLens.xy * c.xy * iz + uLens.zw, uDepth.x + uDepth.y * iz);
  vec3 colour = vec3(unpackHalf2x16(g2.z), unpackHalf2x16(g2.w).x) + unpackHalf2x16(g3.x).x * vec3(delta[3], delta[4], delta[5]);${turning ? TURNING : ''}
  result = vec4(max(colour, 0.), opacity);
  return true;
}

void main() {
  gl_Position = vec4(0., 0., 2., 1.);
  vCentre = vec2(0.); vConic = vec3(0.); vColour = vec4(0.);
  uint splat = texelFetch(uOrder, ivec2(int(corner.z), gl_InstanceID), 0).x;
  vec3 centre; vec3 S; vec4 colour;
  if (splat == 0xffffffffu || !project(splat, centre, S, colour)) return;
  vColour = colour;
  vConic = vec3(S.z, S.y, S.x) / (S.x * S.z - S.y * S.y);
  vCentre = vec2(centre.x, uPlace.y - centre.y) + uPlace.zw;
  float l0 = sqrt(S.x), l1 = S.y / l0, l2 = sqrt(max(S.z - l1 * l1, 0.));
  vec2 white = sqrt(2. * log(${VISIBLE} * colour.a)) * corner.xy;
  vec2 pixel = centre.xy + vec2(l0 * white.x, l1 * white.x + l2 * white.y);
  gl_Position = vec4(pixel.x / uPlace.x * 2. - 1., 1. - pixel.y / uPlace.y * 2., centre.z, 1.);
}`;
}

/** `uGain` below 1 leaves room for colours above white in targets that clamp. */
export const SPLAT_FRAGMENT = `${PRECISION}
uniform float uGain;
flat in vec4 vColour; flat in vec3 vConic; flat in vec2 vCentre;
out vec4 result;
void main() {
  vec2 d = gl_FragCoord.xy - vCentre;
  float power = -.5 * (vConic.x * d.x * d.x + 2. * vConic.y * d.x * d.y + vConic.z * d.y * d.y);
  float alpha = min(vColour.a * exp(power), ${MAX_ALPHA});
  if (alpha < 1. / ${VISIBLE}) discard;
  result = vec4(uGain * vColour.rgb * alpha, alpha);
}`;

export const WHOLE_VERTEX = `${PRECISION}
in vec3 corner; void main() { gl_Position = vec4(corner.xy, 0., 1.); }`;

/** From the target to the canvas, over a background of which `a` says how much there is. */
export const RESOLVE_FRAGMENT = `${PRECISION}
uniform sampler2D uPicture; uniform vec4 uBackground; uniform vec2 uScale; uniform float uGain;
out vec4 result;
void main() {
  vec2 at = gl_FragCoord.xy * uScale;
  vec4 p = uScale == vec2(1.) ? texelFetch(uPicture, ivec2(at), 0) : texture(uPicture, at / vec2(textureSize(uPicture, 0)));
  float left = 1. - p.a;
  float alpha = p.a + left * uBackground.a;
  result = vec4(min(p.rgb / uGain + left * uBackground.rgb * uBackground.a, alpha), alpha);
}`;
