import { beforeAll, describe, expect, it } from 'vitest';
import type { Avatar } from '../src/file/avatar';
import { readAvatar } from '../src/file/read_avatar';
import { PosedRig } from '../src/pose/rig';
import { ExpressionLimit } from '../src/signal/limit';
import { retarget } from '../src/signal/retarget';
import { Depths } from '../src/sort/depth';
import { DepthOrder } from '../src/sort/radix';
import { framing, orbitCamera } from '../src/splats/camera';
import { packSplats } from '../src/splats/pack';
import { bytesOf, farthest, poses, signalOf } from './golden';
import { unpack } from './unpacked';

const MILLIMETRE = 1e-3;
let avatar: Avatar;

beforeAll(async () => {
  avatar = await readAvatar(bytesOf(poses.file).buffer);
});

describe.each(poses.cases.map((golden, i) => ({ golden, i })))('pose $i', ({ golden }) => {
  const parameters = () => {
    const limit = golden.limit ? new ExpressionLimit(avatar.calibration!) : null;
    return retarget(signalOf(golden.signal), avatar, limit);
  };
  const camera = () => {
    const frame = framing(avatar);
    const orbit = { yaw: golden.yaw, pitch: golden.pitch, distance: golden.distance ?? frame.distance, pan: [0, 0] };
    return orbitCamera(frame, orbit as Parameters<typeof orbitCamera>[1], golden.width, golden.height);
  };
  const posed = () => {
    const rig = new PosedRig(avatar);
    rig.pose(parameters());
    return rig;
  };

  it('has the parameters of Python', () => {
    const { expression, rotations, translation } = parameters();
    expect(farthest(expression, golden.expression)).toBeLessThan(2e-6);
    expect(farthest(rotations, golden.rotations)).toBeLessThan(1e-6);
    expect(farthest(translation, golden.translation)).toBeLessThan(1e-6);
  });

  it('has the camera of Python', () => {
    const { rows, shift, focal, cx, cy } = camera();
    const T = rows.flatMap((row, i) => [...row, shift[i]!]);
    expect(farthest([...T, 0, 0, 0, 1], golden.T_camera_world)).toBeLessThan(1e-6);
    expect(farthest([focal, 0, cx, 0, focal, cy, 0, 0, 1], golden.K)).toBeLessThan(1e-4);
  });

  it('has the vertices of Python', () => {
    const { vertices } = posed();
    const plain = Array.from({ length: golden.vertices.length }, (_, i) => vertices[4 * Math.floor(i / 3) + (i % 3)]!);
    expect(farthest(plain, golden.vertices)).toBeLessThan(0.005 * MILLIMETRE);
  });

  it('has the Gaussians of Python', () => {
    const packed = packSplats(avatar, 4096);
    const rig = posed();
    const { eye } = camera();
    for (let n = 0; n < avatar.sizes.N; n++) {
      const world = unpack(packed, n, rig, eye, avatar.splats.shStep);
      expect(farthest(world.mean, golden.mean.slice(3 * n, 3 * n + 3))).toBeLessThan(0.05 * MILLIMETRE);
      expect(angle(world.rotation, golden.rotation.slice(4 * n, 4 * n + 4))).toBeLessThan(0.05);
      expect(farthest(world.colour, golden.colour.slice(3 * n, 3 * n + 3))).toBeLessThan(1 / 255);
      for (let i = 0; i < 3; i++) expect(world.scale[i]! / golden.scale[3 * n + i]!).toBeCloseTo(1, 3);
    }
  });

  it('has the order of Python', () => {
    const depths = new Depths(avatar);
    const { rows, shift } = camera();
    depths.measure(posed(), rows[2], shift[2]);
    expect(farthest(depths.depth, golden.depth)).toBeLessThan(0.005 * MILLIMETRE);
    const order = new DepthOrder(avatar.sizes.N, 256).sort(depths.depth, depths.range);
    const range = Math.max(...golden.depth) - Math.min(...golden.depth);
    // Ties: what lies within a step of the keys.
    for (let i = 1; i < order.length; i++)
      expect(golden.depth[order[i]!]! - golden.depth[order[i - 1]!]!).toBeLessThan(range / 65535 + 1e-6);
    expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
  });
});

/** Degrees between a matrix (3, 3) and a quaternion wxyz. */
function angle(matrix: number[], [w, x, y, z]: number[]): number {
  const other = [
    [1 - 2 * (y! * y! + z! * z!), 2 * (x! * y! - w! * z!), 2 * (x! * z! + w! * y!)],
    [2 * (x! * y! + w! * z!), 1 - 2 * (x! * x! + z! * z!), 2 * (y! * z! - w! * x!)],
    [2 * (x! * z! - w! * y!), 2 * (y! * z! + w! * x!), 1 - 2 * (x! * x! + y! * y!)],
  ].flat();
  // Of small angles the arc cosine knows nothing: the length of the difference does.
  const off = Math.sqrt(other.reduce((sum, value, i) => sum + (value - matrix[i]!) ** 2, 0));
  return (2 * Math.asin(Math.min(off / Math.sqrt(8), 1)) * 180) / Math.PI;
}
