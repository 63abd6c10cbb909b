// From the bytes of a `.splatavatar` file to an avatar.
import {
  BYTE_STEPS,
  FARTHEST,
  LARGEST_METADATA,
  NARROWEST_VIEW,
  NEAREST,
  POSE_STEP,
  SIGNED_STEPS,
  UNIT_STEPS,
  WIDEST_VIEW,
} from '../tables';
import type { Avatar, Basis, FaceMarks, Framing, Rig, Sizes, Splats } from './avatar';
import { readCalibration } from './calibration';
import { checkNumbers } from './checks';
import { readConsent } from './consent';
import { type Container, defect, isTable, type Numbers, parseJson, readContainer } from './container';
import { checkDigest } from './digest';
import { checkVersion, readDescription } from './schema';
import { signingOf } from './signing';

/** the set of landmarks, and the regions, that say where the face of a rig is */
const LANDMARKS = 'mediapipe';
const WITHIN = ['eye_left', 'eye_right', 'mouth', 'teeth_lower', 'teeth_upper', 'tongue'];

const EXPRESSIONS = 'rig.expression_basis';
const POSE = 'rig.pose_basis';

/** Reads a `.splatavatar` file. Throws a PageError, in one sentence, for anything but an intact avatar. */
export async function readAvatar(buffer: ArrayBuffer): Promise<Avatar> {
  const container = readContainer(buffer);
  checkVersion(container.texts);
  const { sizes, description, scales } = readDescription(container);
  const { digest, checked } = await checkDigest(container);
  const metadataText = container.texts.get('metadata') ?? defect('its metadata description is missing');
  if (metadataText.length > LARGEST_METADATA)
    defect(`its metadata takes ${metadataText.length} characters, the limit is ${LARGEST_METADATA}`);
  const metadata = parseJson(metadataText, 'its metadata');
  if (!isTable(metadata)) defect('its metadata is not a table');
  const get = <T extends Numbers>(name: string) => container.tensors.get(name)!.values as T;
  const rig = readRig(get, sizes, scales);
  if (container.tensors.has(POSE))
    rig.poseBasis = readBasis(get, POSE, sizes.C, sizes.V, () => POSE_STEP * SIGNED_STEPS);
  const joints = container.tensors.get('rig.arkit_joint_map');
  const moving = container.tensors.get('rig.joint_expression_basis');
  rig.jointBasis = moving ? (moving.values as Float32Array) : null;
  rig.arkitJointMap = joints ? (joints.values as Float32Array) : null;
  const range = container.tensors.get('rig.expression_range')?.values;
  for (let e = 0; range && e < sizes.E; e++)
    if (!(range[2 * e]! <= range[2 * e + 1]!))
      defect('rig.expression_range has a least value that is above the largest');
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
    marks: readMarks(container),
    name: typeof metadata.name === 'string' ? metadata.name.slice(0, 1024) : '',
    licence: description.licence,
    framing: readFraming(metadata.camera),
    calibration: metadata.calibration === undefined ? null : readCalibration(metadata.calibration),
    consent: metadata.consent === undefined ? null : readConsent(metadata.consent),
    signing: await signingOf(new Uint8Array(buffer), container, checked),
    digest,
    bytes: buffer.byteLength,
  };
}

function readMarks({ tensors }: Container): FaceMarks {
  const get = (name: string) => tensors.get(name)?.values ?? new Uint16Array(0);
  return { landmarks: get(`rig.landmark.${LANDMARKS}.face`), within: WITHIN.map((name) => get(`rig.region.${name}`)) };
}

/** A basis of `parts` parts from the rows of the vertices that each moves; `scaleOf` a part is of its largest number. */
function readBasis(
  get: <T extends Numbers>(name: string) => T,
  basis: string,
  parts: number,
  V: number,
  scaleOf: (part: number) => number,
): Basis {
  const rows = get<Int16Array>(basis);
  const moved = get<Numbers>(`${basis}.vertex`);
  const count = get<Int32Array>(`${basis}.count`);
  const displacement = new Float32Array(rows.length);
  const ends = new Int32Array(parts + 1);
  let row = 0;
  for (let part = 0; part < parts; part++) {
    const end = row + count[part]!;
    if (count[part]! < 0 || end > moved.length)
      defect(`${basis}.count does not sum to the ${moved.length} rows of ${basis}`);
    const scale = scaleOf(part);
    for (let before = -1; row < end; row++) {
      const vertex = moved[row]!;
      if (vertex < 0 || vertex >= V) defect(`${basis}.vertex holds ${vertex}, the rig has ${V} vertices`);
      if (vertex <= before) defect(`${basis}.vertex is not in ascending order`);
      before = vertex;
      for (let i = 3 * row; i < 3 * row + 3; i++) displacement[i] = Math.fround(rows[i]! / SIGNED_STEPS) * scale;
    }
    ends[part + 1] = row;
  }
  if (row !== moved.length) defect(`${basis}.count does not sum to the ${moved.length} rows of ${basis}`);
  return { ends, moved, displacement };
}

function readRig(
  get: <T extends Numbers>(name: string) => T,
  { E, V }: Sizes,
  scales: Record<string, Float32Array>,
): Rig {
  return {
    template: get('rig.template'),
    faces: get('rig.faces'),
    joints: get('rig.joints'),
    parents: get('rig.parents'),
    skinJoints: get('rig.skin_joints'),
    skinWeights: Float32Array.from(get<Uint16Array>('rig.skin_weights'), (weight) => weight / UNIT_STEPS),
    arkitMap: get('rig.arkit_map'),
    arkitJointMap: null,
    jointBasis: null,
    expressions: readBasis(get, EXPRESSIONS, E, V, (e) => scales[EXPRESSIONS]![e]!),
    poseBasis: null,
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
  if (!Array.isArray(target) || target.length !== 3 || !target.every((part) => fits(part, -FARTHEST, FARTHEST)))
    return bad();
  if (!fits(distance, NEAREST, FARTHEST) || !fits(fovY, NARROWEST_VIEW, WIDEST_VIEW)) return bad();
  return { target: target as [number, number, number], distance: distance as number, fovY: fovY as number };
}
