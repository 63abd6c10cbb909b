// An avatar as the page plays it: the arrays of the file, checked, and of the rest what is needed.
import { BYTE_STEPS, LARGEST_METADATA, NAMES, SIGNED_STEPS, UNIT_STEPS } from '../tables';
import { type Calibration, readCalibration } from './calibration';
import { checkNumbers } from './checks';
import type { Numbers } from './container';
import { defect, isTable, parseJson, readContainer } from './container';
import { checkDigest } from './digest';
import { checkVersion, readDescription } from './schema';

export interface Sizes {
  /** vertices, triangles, expressions, joints, Gaussians, correctives, inputs of the correctives */
  V: number;
  F: number;
  E: number;
  J: number;
  N: number;
  K: number;
  D: number;
}

export interface Rig {
  /** (V, 3) metres */
  template: Float32Array;
  /** (F, 3) */
  faces: Numbers;
  /** (J, 3) metres at rest */
  joints: Float32Array;
  /** (J) -1 for the root */
  parents: Int32Array;
  /** (V, 4) */
  skinJoints: Uint16Array;
  /** (V, 4) */
  skinWeights: Float32Array;
  /** (E, 52) */
  arkitMap: Float32Array;
  /** of each expression the rows [ends[e], ends[e + 1]) of `moved` and `displacement` */
  ends: Int32Array;
  /** (R) vertices */
  moved: Numbers;
  /** (R, 3) metres */
  displacement: Float32Array;
  /** (joint, share) */
  headChain: [number, number][];
  /** left and right, -1 where there is none */
  eyeJoints: [number, number];
}

/** Gaussians and correctives as the file has them: the renderer hands most of these bytes on as they are. */
export interface Splats {
  face: Numbers;
  barycentric: Uint16Array;
  position: Uint16Array;
  rotation: Int16Array;
  scale: Int16Array;
  opacity: Uint16Array;
  colour: Uint16Array;
  sh: Int8Array;
  shShare: Uint16Array;
  /** metres or colour of one step at share 1, for the spherical harmonics */
  shStep: number;
  correctives: {
    /** (K, N, 3) */
    position: Int8Array;
    positionShare: Uint16Array;
    /** (K) of a step at share 1 */
    positionStep: Float32Array;
    colour: Int8Array;
    colourShare: Uint16Array;
    colourStep: Float32Array;
    /** (K, D) */
    weights: Float32Array;
    /** (K) */
    bias: Float32Array;
  };
}

export interface Framing {
  target: [number, number, number];
  /** metres */
  distance: number;
  /** radians */
  fovY: number;
}

export interface Avatar {
  sizes: Sizes;
  rig: Rig;
  splats: Splats;
  name: string;
  licence: string;
  framing: Framing | null;
  calibration: Calibration | null;
  bytes: number;
}

/** Reads a `.splatavatar` file. Throws a PageError, in one sentence, for anything but an intact avatar. */
export async function readAvatar(buffer: ArrayBuffer): Promise<Avatar> {
  const container = readContainer(buffer);
  checkVersion(container.texts);
  const { sizes, description, scales } = readDescription(container);
  await checkDigest(container);
  const metadataText = container.texts.get('metadata') ?? defect('its metadata description is missing');
  if (metadataText.length > LARGEST_METADATA)
    defect(`its metadata takes ${metadataText.length} characters, the limit is ${LARGEST_METADATA}`);
  const metadata = parseJson(metadataText, 'its metadata');
  if (!isTable(metadata)) defect('its metadata is not a table');
  const get = <T extends Numbers>(name: string) => container.tensors.get(name)!.values as T;
  const rig = readRig(get, sizes, scales);
  rig.headChain = description.headChain;
  rig.eyeJoints = description.eyeJoints;
  const step = (name: string) => Float32Array.from(scales[name]!, (scale) => scale / BYTE_STEPS);
  const splats: Splats = {
    face: get('gaussians.face'),
    barycentric: get('gaussians.barycentric'),
    position: get('gaussians.position'),
    rotation: get('gaussians.rotation'),
    scale: get('gaussians.scale'),
    opacity: get('gaussians.opacity'),
    colour: get('gaussians.colour'),
    sh: get('gaussians.sh'),
    shShare: get('gaussians.sh.share'),
    shStep: step('gaussians.sh')[0]!,
    correctives: {
      position: get('correctives.position'),
      positionShare: get('correctives.position.share'),
      positionStep: step('correctives.position'),
      colour: get('correctives.colour'),
      colourShare: get('correctives.colour.share'),
      colourStep: step('correctives.colour'),
      weights: get('correctives.weights'),
      bias: get('correctives.bias'),
    },
  };
  checkNumbers(sizes, rig, splats);
  return {
    sizes,
    rig,
    splats,
    name: typeof metadata.name === 'string' ? metadata.name.slice(0, 1024) : '',
    licence: description.licence,
    framing: readFraming(metadata.camera),
    calibration: metadata.calibration === undefined ? null : readCalibration(metadata.calibration),
    bytes: buffer.byteLength,
  };
}

function readRig(
  get: <T extends Numbers>(name: string) => T,
  { E, V }: Sizes,
  scales: Record<string, Float32Array>,
): Rig {
  const basis = 'rig.expression_basis';
  const rows = get<Int16Array>(basis);
  const moved = get<Numbers>(`${basis}.vertex`);
  const count = get<Int32Array>(`${basis}.count`);
  const displacement = new Float32Array(rows.length);
  const ends = new Int32Array(E + 1);
  let row = 0;
  for (let e = 0; e < E; e++) {
    const end = row + count[e]!;
    if (count[e]! < 0 || end > moved.length)
      defect(`${basis}.count does not sum to the ${moved.length} rows of ${basis}`);
    const scale = scales[basis]![e]!;
    for (let before = -1; row < end; row++) {
      const vertex = moved[row]!;
      if (vertex < 0 || vertex >= V) defect(`${basis}.vertex holds ${vertex}, the rig has ${V} vertices`);
      if (vertex <= before) defect(`${basis}.vertex is not in ascending order`);
      before = vertex;
      for (let i = 3 * row; i < 3 * row + 3; i++) displacement[i] = Math.fround(rows[i]! / SIGNED_STEPS) * scale;
    }
    ends[e + 1] = row;
  }
  if (row !== moved.length) defect(`${basis}.count does not sum to the ${moved.length} rows of ${basis}`);
  return {
    template: get('rig.template'),
    faces: get('rig.faces'),
    joints: get('rig.joints'),
    parents: get('rig.parents'),
    skinJoints: get('rig.skin_joints'),
    skinWeights: Float32Array.from(get<Uint16Array>('rig.skin_weights'), (weight) => weight / UNIT_STEPS),
    arkitMap: get('rig.arkit_map'),
    ends,
    moved,
    displacement,
    headChain: [],
    eyeJoints: [-1, -1],
  };
}

function readFraming(value: unknown): Framing | null {
  if (value === undefined) return null;
  const bad = () => defect('its camera is not a target, a distance and a fov_y');
  if (!isTable(value)) return bad();
  const { target, distance, fov_y: fovY } = value;
  const fits = (number: unknown, low: number, high: number) =>
    typeof number === 'number' && number >= low && number <= high;
  if (!Array.isArray(target) || target.length !== 3 || !target.every((part) => fits(part, -1000, 1000))) return bad();
  if (!fits(distance, 1e-3, 1000) || !fits(fovY, 8.7e-4, 2.97)) return bad();
  return { target: target as [number, number, number], distance: distance as number, fovY: fovY as number };
}

/** The number that 16 bits of F16 stand for. */
export function halfToFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  const size =
    exponent === 0
      ? mantissa * 2 ** -24
      : exponent === 31
        ? mantissa
          ? Number.NaN
          : Number.POSITIVE_INFINITY
        : (1 + mantissa / 1024) * 2 ** (exponent - 15);
  return half & 0x8000 ? -size : size;
}

export const COEFFICIENTS = NAMES.length;
