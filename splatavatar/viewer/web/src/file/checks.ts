// Whether the numbers of an avatar make sense, so that nothing after this has to ask.
import { LARGEST_VALUE, TOLERANCE, UNIT_STEPS } from '../tables';
import type { Rig, Sizes, Splats } from './avatar';
import { defect, type Numbers } from './container';

/** Throws a PageError unless all indices are in range and all numbers finite. */
export function checkNumbers({ V, F, J, W, N, K }: Sizes, rig: Rig, splats: Splats): void {
  if (!V || !F || !J) defect(`its rig has ${V} vertices, ${F} triangles and ${J} joints, expected some of each`);
  if (!N) defect('it has no Gaussians');
  finite('rig.template', rig.template);
  finite('rig.joints', rig.joints);
  finite('rig.arkit_map', rig.arkitMap);
  if (rig.arkitJointMap) finite('rig.arkit_joint_map', rig.arkitJointMap);
  if (rig.jointBasis) finite('rig.joint_expression_basis', rig.jointBasis);
  finite('rig.expression_basis', rig.expressions.displacement);
  indices('rig.faces', rig.faces, V, 'vertices');
  indices('rig.skin_joints', rig.skinJoints, J, 'joints');
  for (let v = 0; v < V; v++) {
    let sum = 0;
    for (let i = W * v; i < W * (v + 1); i++) sum += rig.skinWeights[i]!;
    if (Math.abs(sum - 1) > TOLERANCE) defect('rig.skin_weights has a row that does not sum to one');
  }
  if (rig.parents[0] !== -1) defect(`rig.parents begins with ${rig.parents[0]}, expected -1 for the root`);
  for (let j = 1; j < J; j++) {
    const parent = rig.parents[j]!;
    if (parent < 0 || parent >= j)
      defect(`rig.parents gives joint ${j} the parent ${parent}, expected an earlier joint`);
  }
  checkHead(rig, J);
  indices('gaussians.face', splats.face, F, 'triangles');
  for (let n = 0; n < N; n++)
    if (splats.barycentric[2 * n]! + splats.barycentric[2 * n + 1]! > UNIT_STEPS * (1 + TOLERANCE))
      defect('gaussians.barycentric holds a point outside of its triangle');
  for (let n = 0; n < N; n++) {
    const q = 4 * n;
    const { rotation } = splats;
    if (!(rotation[q] || rotation[q + 1] || rotation[q + 2] || rotation[q + 3]))
      defect('gaussians.rotation holds a zero quaternion');
  }
  halves('gaussians.position', splats.position);
  halves('gaussians.colour', splats.colour);
  halves('gaussians.sh.share', splats.shShare);
  const { correctives } = splats;
  halves('correctives.position.share', correctives.positionShare);
  halves('correctives.colour.share', correctives.colourShare);
  finite('correctives.weights', correctives.weights);
  finite('correctives.bias', correctives.bias);
  // Sums in single precision stay finite below this.
  if ([splats.shStep, ...correctives.positionStep, ...correctives.colourStep].some((step) => !(step < 1e30)) || K < 0)
    defect('a scale of its correctives is too large');
}

function checkHead(rig: Rig, J: number): void {
  let sum = 0;
  for (const [joint, share] of rig.headChain) {
    if (joint < 0 || joint >= J || !(share >= -1 && share <= 2))
      defect(`rig.head_chain holds joint ${joint} with share ${share}, the rig has ${J} joints`);
    sum += share;
  }
  if (rig.headChain.length && !(Math.abs(sum - 1) <= TOLERANCE))
    defect('the shares of rig.head_chain do not sum to one');
  for (const joint of rig.eyeJoints)
    if (joint < -1 || joint >= J) defect(`rig.eye_joints holds ${joint}, the rig has ${J} joints`);
}

function finite(name: string, values: Float32Array): void {
  for (let i = 0; i < values.length; i++)
    if (!(Math.abs(values[i]!) <= LARGEST_VALUE))
      defect(`${name} holds a number that is not finite or beyond ${LARGEST_VALUE}`);
}

function halves(name: string, values: Uint16Array): void {
  for (let i = 0; i < values.length; i++)
    if ((values[i]! & 0x7c00) === 0x7c00) defect(`${name} holds a number that is not finite`);
}

function indices(name: string, values: Numbers, count: number, what: string): void {
  for (let i = 0; i < values.length; i++)
    if (values[i]! < 0 || values[i]! >= count) defect(`${name} holds ${values[i]}, the rig has ${count} ${what}`);
}
