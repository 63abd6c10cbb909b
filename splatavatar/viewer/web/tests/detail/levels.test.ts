import { beforeAll, describe, expect, it } from 'vitest';
import { chosen, ofFace } from '../../src/detail/face';
import { laid } from '../../src/detail/laid';
import { LEVELS, LeveledAvatar } from '../../src/detail/levels';
import { frontColours, reduced } from '../../src/detail/reduced';
import type { Avatar } from '../../src/file/avatar';
import { floatToHalf, halfToFloat } from '../../src/file/half';
import { readAvatar } from '../../src/file/read_avatar';
import { neutral } from '../../src/pose/parameters';
import { PosedRig } from '../../src/pose/rig';
import { Depths } from '../../src/sort/depth';
import { bytesOf, farthest, poses } from '../golden';

let avatar: Avatar;

beforeAll(async () => {
  avatar = await readAvatar(bytesOf(poses.file).buffer);
});

const floats = (halves: Uint16Array) => Float32Array.from(halves, halfToFloat);
const alike = (kept: Uint32Array) =>
  reduced(
    avatar,
    kept,
    new Float32Array(avatar.sizes.N).fill(1),
    laid(avatar, neutral(avatar.sizes)).means,
    floats(avatar.splats.colour),
  );

describe('a reduced avatar', () => {
  it('has the same Gaussians in the same places', () => {
    const kept = Uint32Array.from({ length: Math.floor(avatar.sizes.N / 3) }, (_, i) => 3 * i);
    const fewer = alike(kept);
    expect(fewer.sizes.N).toBe(kept.length);
    expect(fewer.sizes.V).toBeLessThanOrEqual(avatar.sizes.V);
    const parameters = neutral(avatar.sizes);
    parameters.expression.fill(0.4);
    parameters.rotations.fill(0.1);
    const depths = [avatar, fewer].map((each) => {
      const posed = new PosedRig(each);
      posed.pose(parameters);
      const found = new Depths(each);
      found.measure(posed, [0.6, 0, 0.8], 0.3);
      return found.depth;
    });
    expect(
      farthest(
        depths[1]!,
        Array.from(kept, (n) => depths[0]![n]!),
      ),
    ).toBeLessThan(1e-6);
  });

  it('has larger ones for what they stand for, and the same where nothing is left out', () => {
    const all = alike(Uint32Array.from({ length: avatar.sizes.N }, (_, n) => n));
    expect(all.splats.scale).toEqual(avatar.splats.scale);
    expect(farthest(floats(all.splats.colour), floats(avatar.splats.colour))).toBeLessThan(2e-3);
    const kept = Uint32Array.from({ length: avatar.sizes.N - 1 }, (_, n) => n);
    const fewer = alike(kept).splats.scale;
    const grown = kept.filter((_, i) => fewer[3 * i]! > avatar.splats.scale[3 * i]!);
    expect(grown.length).toBeLessThanOrEqual(1);
  });

  it('rounds colours to the nearest half', () => {
    for (const value of [0, 1, -0.3333, 1.9, 0.00001, 2047.5, 1 - 2 ** -12])
      expect(Math.abs(halfToFloat(floatToHalf(value)) - value)).toBeLessThanOrEqual(
        Math.abs(value) * 2 ** -11 + 2 ** -25,
      );
  });
});

describe('the Gaussians of a level', () => {
  const weights = Float32Array.of(3, 1, 4, 1, 5, 9, 2, 6, 5, 3);

  it('are the most important ones, most of them of the face', () => {
    expect([...chosen(weights, Uint8Array.of(1, 1, 1, 1, 1, 0, 0, 0, 0, 0), 4)]).toEqual([0, 2, 4, 5]);
    expect([...chosen(weights, new Uint8Array(10).fill(1), 3)]).toEqual([4, 5, 7]);
    expect([...chosen(weights, new Uint8Array(10), 3)]).toEqual([4, 5, 7]);
    expect([...chosen(weights, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), 3)]).toEqual([0, 5, 7]);
    expect(chosen(weights, new Uint8Array(10), 10).length).toBe(10);
  });

  it('are of the face near its landmarks, and within mouth and eyes', () => {
    const { face } = avatar.splats;
    const last = face[avatar.sizes.N - 1]!;
    expect(face[0]).not.toBe(last);
    const marked = (landmarks: number[], within: number[]) =>
      ofFace({ ...avatar, marks: { landmarks: Uint16Array.from(landmarks), within: [Uint16Array.from(within)] } });
    const near = marked([face[0]!], []);
    expect(near[0]).toBe(1);
    expect(near.some((of) => !of)).toBe(true);
    const both = marked([face[0]!], [last]);
    expect(both[avatar.sizes.N - 1]).toBe(1);
    expect(both.every((of, n) => !!of === (!!near[n] || face[n] === last))).toBe(true);
    expect(marked([], []).every((of) => of)).toBe(true);
  });
});

describe('an avatar at its levels', () => {
  it('is the avatar itself at the finest', () => {
    const finest = new LeveledAvatar(avatar).at(0);
    expect(finest.avatar).toBe(avatar);
    expect(finest.turning).toBe(true);
  });

  it('has at a coarser one the colours from the front, and no more Gaussians than the level has', () => {
    const leveled = new LeveledAvatar(avatar);
    const { N } = avatar.sizes;
    expect(N).toBeLessThan(LEVELS[1]!.splats);
    const coarser = leveled.at(1);
    expect(coarser.turning).toBe(false);
    expect(coarser.avatar.sizes.N).toBe(N);
    expect(coarser.avatar.splats.scale).toEqual(avatar.splats.scale);
    expect(farthest(floats(coarser.avatar.splats.colour), frontColours(avatar))).toBeLessThan(2e-3);
    expect(LEVELS.map((_, level) => leveled.count(level))).toEqual(LEVELS.map(({ splats }) => Math.min(splats, N)));
    expect(leveled.at(1)).toBe(coarser);
    expect(leveled.owns(coarser)).toBe(true);
    expect(new LeveledAvatar(avatar).owns(coarser)).toBe(false);
  });
});
