// What an avatar file must hold: the tensors of the generated table, in type and shape, and the description of the rig.
import { PageError } from '../errors';
import {
  type DTYPES,
  FORMAT,
  LARGEST,
  LARGEST_BASIS,
  LARGEST_LICENCE,
  LARGEST_NAME,
  OPTIONAL,
  POSE_TENSORS,
  RIG_FIELDS,
  SCALES,
  TENSORS,
  VERSION,
} from '../tables';
import type { Sizes } from './avatar';
import { type Container, defect, isTable, parseJson, shown, type Tensor } from './container';

export interface Description {
  licence: string;
  expressions: string[];
  joints: string[];
  regions: string[];
  landmarks: string[];
  headChain: [number, number][];
  eyeJoints: [number, number];
}

type Shape = readonly (string | number)[];

/** Throws a PageError unless the texts are those of an avatar of this version. */
export function checkVersion(texts: Map<string, string>): void {
  if (texts.get('format') !== FORMAT) defect('it is a safetensors file without an avatar in it');
  const version = texts.get('version') ?? '';
  if (/^[1-9]\d?$/.test(version) && Number(version) <= VERSION) return;
  if (/^\d{1,9}$/.test(version) && Number(version) > VERSION)
    throw new PageError(
      `This avatar was made by a newer version of splatavatar (format ${Number(version)}, this page reads ${VERSION}).`,
    );
  defect(`its format version is '${shown(version).slice(0, 20)}', expected 1 to ${VERSION}`);
}

/** The rig's description, the sizes and the scales. Throws a PageError unless all tensors are there and fit. */
export function readDescription(container: Container): {
  sizes: Sizes;
  description: Description;
  scales: Record<string, Float32Array>;
} {
  const { tensors, texts } = container;
  const version = Number(texts.get('version'));
  for (const [name, [, , since]] of Object.entries(OPTIONAL))
    if (tensors.has(name) && since > version)
      defect(`it has the tensor ${name} of version ${since}, but says that it is of ${version}`);
  const rigText = texts.get('rig') ?? defect('its rig description is missing');
  const description = readRigDescription(parseJson(rigText, 'the description of its rig'));
  const sizes = checkTensors(tensors, description);
  const scaleText = texts.get('scales') ?? defect('its scales description is missing');
  return { sizes, description, scales: readScales(parseJson(scaleText, 'its table of scales'), sizes) };
}

function readRigDescription(value: unknown): Description {
  if (!isTable(value) || Object.keys(value).sort().join() !== [...RIG_FIELDS].sort().join())
    defect(`the description of its rig does not consist of ${RIG_FIELDS.join(', ')}`);
  for (const [name, longest] of [
    ['kind', LARGEST_NAME],
    ['licence', LARGEST_LICENCE],
  ] as const) {
    const text = value[name];
    if (typeof text !== 'string' || text.length > longest)
      defect(`${name} of its rig is not a text of up to ${longest} characters`);
  }
  const { head_chain: chain, eye_joints: eyes } = value;
  if (!Array.isArray(chain) || chain.length > LARGEST.J || !chain.every(isShare))
    defect('head_chain of its rig is not a list of joints and shares');
  if (!Array.isArray(eyes) || eyes.length !== 2 || !eyes.every(Number.isInteger))
    defect('eye_joints of its rig are not two joints');
  return {
    licence: value.licence as string,
    expressions: names(value, 'expression_names', false),
    joints: names(value, 'joint_names', false),
    regions: names(value, 'regions', true),
    landmarks: names(value, 'landmarks', true),
    headChain: chain as [number, number][],
    eyeJoints: eyes as [number, number],
  };
}

function names(table: Record<string, unknown>, field: string, plain: boolean): string[] {
  const items = table[field];
  if (
    !Array.isArray(items) ||
    items.length > LARGEST.E ||
    !items.every((item) => typeof item === 'string' && item.length <= LARGEST_NAME)
  )
    defect(`${field} of its rig is not up to ${LARGEST.E} texts of up to ${LARGEST_NAME} characters`);
  if (plain && !items.every((item) => /^[A-Za-z0-9_-]{1,64}$/.test(item)))
    defect(`${field} of its rig has a name of other than letters, digits, _ and -`);
  if (plain && items.some((item, i) => i > 0 && item <= items[i - 1]))
    defect(`${field} of its rig are not sorted, or not unique`);
  return items;
}

function isShare(item: unknown): boolean {
  return Array.isArray(item) && item.length === 2 && Number.isInteger(item[0]) && typeof item[1] === 'number';
}

function checkTensors(tensors: Map<string, Tensor>, description: Description): Sizes {
  const expected = new Map<string, readonly [string, Shape]>(Object.entries(TENSORS));
  const together: readonly string[] = POSE_TENSORS.some((name) => tensors.has(name)) ? POSE_TENSORS : [];
  for (const [name, [kind, shape]] of Object.entries(OPTIONAL))
    if (tensors.has(name) || together.includes(name)) expected.set(name, [kind, shape]);
  for (const name of description.regions)
    expected.set(`rig.region.${name}`, ['index F', [`triangles of region ${name}`]]);
  for (const name of description.landmarks) {
    expected.set(`rig.landmark.${name}.face`, ['index F', [`points of landmark set ${name}`]]);
    expected.set(`rig.landmark.${name}.barycentric`, ['F32', [`points of landmark set ${name}`, 3]]);
  }
  for (const name of expected.keys()) if (!tensors.has(name)) defect(`it has no tensor ${name}`);
  for (const name of tensors.keys()) if (!expected.has(name)) defect(`it has the unknown tensor '${shown(name)}'`);
  const E = description.expressions.length;
  const J = description.joints.length;
  const C = 9 * Math.max(J - 1, 0);
  const sizes: Record<string, number> = { E, J, D: E + 3 * J, C };
  // The first tensor that has a size says it for all.
  const sizeOf = (symbol: string | number, first: number): number => {
    if (typeof symbol === 'number') return symbol;
    sizes[symbol] ??= first;
    return sizes[symbol];
  };
  for (const [name, [, shape]] of expected) {
    const found = tensors.get(name)!.shape;
    const fits = found.length === shape.length && shape.every((symbol, i) => found[i] === sizeOf(symbol, found[i]!));
    if (!fits)
      defect(`${name} has the shape (${found.join(', ')}), expected (${shape.map((s) => sizes[s] ?? s).join(', ')})`);
  }
  for (const [size, largest] of Object.entries(LARGEST))
    if (sizes[size]! > largest) defect(`${size} = ${sizes[size]} is above the limit of ${largest}`);
  if (sizes.E! * sizes.V! > LARGEST_BASIS) defect(`an expression basis of ${E} x ${sizes.V} vertices is too large`);
  if (together.length && C * sizes.V! > LARGEST_BASIS)
    defect(`a pose basis of ${C} x ${sizes.V} vertices is too large`);
  for (const [name, [kind]] of expected) {
    const dtype = kind.startsWith('index') ? (sizes[kind.slice(-1)]! <= 65536 ? 'U16' : 'I32') : kind;
    const found = tensors.get(name)!.dtype;
    if (found !== (dtype as keyof typeof DTYPES)) defect(`${name} is stored as ${found}, expected ${dtype}`);
  }
  return sizes as unknown as Sizes;
}

function readScales(value: unknown, sizes: Sizes): Record<string, Float32Array> {
  if (!isTable(value) || Object.keys(value).sort().join() !== Object.keys(SCALES).sort().join())
    defect(`its scales are not those of ${Object.keys(SCALES).join(', ')}`);
  const scales: Record<string, Float32Array> = {};
  for (const [name, size] of Object.entries(SCALES)) {
    const count = typeof size === 'number' ? size : sizes[size];
    const numbers = value[name];
    if (
      !Array.isArray(numbers) ||
      numbers.length !== count ||
      !numbers.every((x) => typeof x === 'number' && x >= 0 && x <= 1e30)
    )
      defect(`the scales of ${name} are not ${count} numbers from 0 to 1e30`);
    scales[name] = Float32Array.from(numbers);
  }
  return scales;
}
