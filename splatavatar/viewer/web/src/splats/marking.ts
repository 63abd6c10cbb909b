// The watermark as the last pass of a picture: stronger where it is busy; `docs/watermark.md` defines it.
import { WATERMARK } from '../tables';
import { TILE } from '../trust/tile';
import { buildProgram, type Program } from './program';
import { drawWhole } from './quads';
import { real, WHOLE_VERTEX } from './shaders';
import { Target } from './target';

/** pixels a side of the squares that have a strength each */
const SQUARE = 8;
/** texture units: the picture without the mark, how busy its squares are, how many are, what that gives them, the tile */
const PLAIN_UNIT = 4;
const BUSY_UNIT = 5;
const COUNTS_UNIT = 6;
const TILE_UNIT = 7;
const GAINS_UNIT = 8;

const PRECISION = `precision highp float; precision highp int; precision highp sampler2D; precision highp isampler2D;
`;

/** Of each square, counted from the upper left corner, how busy it is: 0 to 63. Columns of a square are taken by fours;
 * those beyond the picture do not count. */
const BUSY = `${PRECISION}
uniform sampler2D uPicture; uniform ivec2 uSize;
out vec4 result;
int sum(ivec4 four) { return four.x + four.y + four.z + four.w; }
int luma(int x, int y) {
  ivec3 c = ivec3(texelFetch(uPicture, ivec2(x, uSize.y - 1 - y), 0).rgb * 255. + .5);
  return (77 * c.r + 150 * c.g + 29 * c.b + 128) >> 8;
}
void main() {
  ivec2 from = ivec2(gl_FragCoord.xy) * ${SQUARE}, held = min(uSize - from, ${SQUARE});
  ivec4 left, right, leftIn, rightIn, left1, right1, left2, right2;
  for (int x = 0; x < 4; x++) leftIn[x] = int(x < held.x), rightIn[x] = int(x + 4 < held.x);
  int total = 0;
  for (int y = 0; y < held.y; y++) {
    for (int x = 0; x < 4; x++) {
      left[x] = luma(from.x + min(x, held.x - 1), from.y + y);
      right[x] = luma(from.x + min(x + 4, held.x - 1), from.y + y);
    }
    total += sum(min(abs(ivec4(left.zw, right.xy) - left), 24) * ivec4(leftIn.zw, rightIn.xy));
    total += sum(min(abs(right.zwzw - right.xyxy), 24) * ivec4(rightIn.zw, 0, 0));
    if (y > 1) total += sum(min(abs(left - left2), 24) * leftIn + min(abs(right - right2), 24) * rightIn);
    left2 = left1; right2 = right1; left1 = left; right1 = right;
  }
  result = vec4(float(min(total >> 5, 63)) / 255., 0., 0., 1.);
}`;

/** levels of busyness that differ in strength */
const LEVELS = WATERMARK.FULL + 1;

/** Of each level and each row of squares, how many squares have it, in two bytes. */
const COUNTS = `${PRECISION}
uniform sampler2D uBusy; uniform ivec2 uSize;
out vec4 result;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  int columns = (uSize.x + ${SQUARE - 1}) / ${SQUARE}, count = 0;
  for (int x = 0; x < columns; x++)
    count += int(min(int(texelFetch(uBusy, ivec2(x, at.y), 0).x * 255. + .5), ${LEVELS - 1}) == at.x);
  result = vec4(count >> 8, count & 255, 0, 0) / 255.;
}`;

/** Of each level the gain, in two bytes: that of the largest strength of the ladder that the whole picture bears. */
const GAINS = `${PRECISION}
uniform sampler2D uCounts; uniform ivec2 uSize;
out vec4 result;
float shares[${LEVELS}];
float change(int ladder, int level) {
  float share = float(level) / ${real(WATERMARK.FULL)};
  float strength = exp2(float(ladder - ${WATERMARK.WEAKER}) / ${real(WATERMARK.OCTAVE)});
  return min(strength * pow(share, ${real(WATERMARK.SHAPE)}), ${real(WATERMARK.LARGEST)});
}
bool bearable(int ladder) {
  vec2 mean = vec2(0.);
  for (int level = 1; level < ${LEVELS}; level++) {
    float a = change(ladder, level);
    mean += shares[level] * vec2(a * a, ${WATERMARK.SEEN} * pow(a, ${WATERMARK.SEEN_POWER}));
  }
  return mean.x <= ${real(WATERMARK.SQUARE_ERROR)} && mean.y <= ${WATERMARK.VISIBLE};
}
void main() {
  ivec2 squares = (uSize + ${SQUARE - 1}) / ${SQUARE};
  for (int level = 0; level < ${LEVELS}; level++) {
    int count = 0;
    for (int y = 0; y < squares.y; y++) {
      ivec4 bytes = ivec4(texelFetch(uCounts, ivec2(level, y), 0) * 255. + .5);
      count += 256 * bytes.x + bytes.y;
    }
    shares[level] = float(count) / float(squares.x * squares.y);
  }
  int low = 0, high = ${WATERMARK.STRENGTHS};
  while (low < high) {
    int at = (low + high) / 2;
    if (bearable(at)) low = at + 1; else high = at;
  }
  int gain = int(change(max(low - 1, 0), int(gl_FragCoord.x)) * ${real((1 << WATERMARK.SHIFT) / WATERMARK.TILE_RMS)} + .5);
  result = vec4(gain >> 8, gain & 255, 0, 0) / 255.;
}`;

/** What is nothing stays nothing, and what is partly there changes in part. */
const MARK = `${PRECISION}
uniform sampler2D uPicture, uBusy, uGains; uniform isampler2D uTile; uniform ivec2 uSize;
out vec4 result;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy), place = ivec2(at.x, uSize.y - 1 - at.y);
  vec4 p = texelFetch(uPicture, at, 0);
  int level = min(int(texelFetch(uBusy, place / ${SQUARE}, 0).x * 255. + .5), ${LEVELS - 1});
  ivec4 bytes = ivec4(texelFetch(uGains, ivec2(level, 0), 0) * 255. + .5);
  int gain = 256 * bytes.x + bytes.y;
  int change = (gain * texelFetch(uTile, place & ${TILE - 1}, 0).x + ${1 << (WATERMARK.SHIFT - 1)}) >> ${WATERMARK.SHIFT};
  result = vec4(clamp(p.rgb + float(change) / 255. * p.a, 0., p.a), p.a);
}`;

/** Puts the mark of one tile into the pictures of a context. */
export class Marking {
  private readonly busy: Program;
  private readonly counts: Program;
  private readonly gains: Program;
  private readonly mark: Program;
  private given: Int8Array | null = null;
  private readonly plainTarget: Target;
  private readonly busyTarget: Target;
  private readonly countsTarget: Target;
  private readonly gainsTarget: Target;
  private readonly texture: WebGLTexture;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.busy = buildProgram(gl, WHOLE_VERTEX, BUSY);
    this.counts = buildProgram(gl, WHOLE_VERTEX, COUNTS);
    this.gains = buildProgram(gl, WHOLE_VERTEX, GAINS);
    this.mark = buildProgram(gl, WHOLE_VERTEX, MARK);
    this.plainTarget = new Target(gl, 'rgba8', PLAIN_UNIT);
    this.busyTarget = new Target(gl, 'rgba8', BUSY_UNIT);
    this.countsTarget = new Target(gl, 'rgba8', COUNTS_UNIT);
    this.gainsTarget = new Target(gl, 'rgba8', GAINS_UNIT);
    this.texture = gl.createTexture();
  }

  /** (128, 128) from the upper left corner; the same array again costs nothing. */
  set tile(tile: Int8Array) {
    if (tile === this.given) return;
    this.given = tile;
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + TILE_UNIT);
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8I, TILE, TILE, 0, gl.RED_INTEGER, gl.BYTE, tile);
    for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER])
      gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
  }

  /** What a picture of that size is to be drawn into; `finish` takes it to the canvas. */
  begin(width: number, height: number): WebGLFramebuffer {
    this.plainTarget.resize(width, height);
    this.busyTarget.resize(Math.ceil(width / SQUARE), Math.ceil(height / SQUARE));
    this.countsTarget.resize(LEVELS, Math.ceil(height / SQUARE));
    this.gainsTarget.resize(LEVELS, 1);
    return this.plainTarget.framebuffer;
  }

  /** Draws the picture with the mark onto the canvas. */
  finish(): void {
    this.pass(this.busy, this.busyTarget);
    this.pass(this.counts, this.countsTarget);
    this.pass(this.gains, this.gainsTarget);
    this.pass(this.mark, null);
  }

  private pass({ program, at }: Program, into: Target | null): void {
    const { gl } = this;
    const { width, height } = this.plainTarget;
    gl.bindFramebuffer(gl.FRAMEBUFFER, into?.framebuffer ?? null);
    gl.viewport(0, 0, into?.width ?? width, into?.height ?? height);
    gl.useProgram(program);
    gl.uniform1i(at.uPicture!, PLAIN_UNIT);
    gl.uniform1i(at.uBusy!, BUSY_UNIT);
    gl.uniform1i(at.uCounts!, COUNTS_UNIT);
    gl.uniform1i(at.uGains!, GAINS_UNIT);
    gl.uniform1i(at.uTile!, TILE_UNIT);
    gl.uniform2i(at.uSize!, width, height);
    drawWhole(gl);
  }
}
