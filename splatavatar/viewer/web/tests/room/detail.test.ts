import { beforeAll, describe, expect, it } from 'vitest';
import type { Avatar } from '../../src/file/avatar';
import { readAvatar } from '../../src/file/read_avatar';
import { PosedRig } from '../../src/pose/rig';
import { BUDGET, detail } from '../../src/room/table/detail';
import { fromPlace } from '../../src/room/table/head';
import { places } from '../../src/room/table/seats';
import { retarget } from '../../src/signal/retarget';
import { Depths } from '../../src/sort/depth';
import { DepthOrder } from '../../src/sort/radix';
import { framing, lookAt, type Vector } from '../../src/splats/camera';
import { packSplats } from '../../src/splats/pack';
import { growth, scattered } from '../../src/splats/scattered';
import { bytesOf, farthest, poses, signalOf } from '../golden';
import { unpack } from '../unpacked';

let avatar: Avatar;

beforeAll(async () => {
  avatar = await readAvatar(bytesOf(poses.file).buffer);
});

const pose = (of: Avatar) => {
  const rig = new PosedRig(of);
  rig.pose(retarget(signalOf(poses.cases[1]!.signal), of, null));
  return rig;
};

describe('levels of detail', () => {
  const head = (distance: number, before = 0, most = 50_000) => ({ distance, before, most });

  it('give the near more than the far, and all together no more than there is', () => {
    for (const focal of [200, 800, 2000])
      for (let people = 1; people < 8; people++) {
        const heads = Array.from({ length: people }, (_, i) => head(0.7 + 0.2 * i));
        const counts = detail(heads, focal);
        expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(BUDGET);
        for (let i = 1; i < people; i++) expect(counts[i]).toBeLessThanOrEqual(counts[i - 1]!);
        expect(Math.min(...counts)).toBeGreaterThan(1000);
      }
  });

  it('show all of an avatar to who is near it', () => {
    expect(detail([head(0.7, 0, 22_000)], 900)).toEqual([22_000]);
    expect(detail([head(0.7, 0, 100)], 900)).toEqual([100]);
  });

  it('do not flicker', () => {
    const [count] = detail([head(2)], 900);
    expect(detail([head(2.05, count)], 900)).toEqual([count]);
    expect(detail([head(3, count)], 900)[0]).toBeLessThan(count!);
  });
});

describe('a scattered avatar', () => {
  it('has the same Gaussians', () => {
    const rig = pose(avatar);
    const other = scattered(avatar);
    const eye: Vector = [0.1, 0.2, 1];
    const of = (each: Avatar) => {
      const packed = packSplats(each, 4096);
      return Array.from({ length: each.sizes.N }, (_, n) => {
        const { mean, rotation, scale, colour } = unpack(packed, n, rig, eye, each.splats.shStep);
        return [...mean, ...rotation, ...scale, ...colour].map((x) => x.toFixed(6)).join();
      });
    };
    const [before, after] = [of(avatar), of(other)];
    expect(after).not.toEqual(before);
    expect(after.sort()).toEqual(before.sort());
  });

  it('is sorted in part as in whole', () => {
    const other = scattered(avatar);
    const rig = pose(other);
    const [whole, part] = [new Depths(other), new Depths(other)];
    whole.measure(rig, [0.2, 0.1, -0.97], 2);
    part.measure(rig, [0.2, 0.1, -0.97], 2, 100);
    const order = new DepthOrder(other.sizes.N, 256);
    order.sort(whole.depth);
    const found = order.sort(part.depth, 100);
    expect([...found].sort((a, b) => a - b)).toEqual([...found.keys()]);
    for (let i = 1; i < 100; i++) {
      expect(part.depth[found[i]!]).toBe(whole.depth[found[i]!]);
      expect(part.depth[found[i]!]! - part.depth[found[i - 1]!]!).toBeLessThan(1e-4);
    }
    expect(new Set(order.padded.subarray(100))).toEqual(new Set([0xffffffff]));
  });

  it('grows the more the fewer are drawn', () => {
    expect(growth(1000, 1000)).toBe(1);
    expect(growth(250, 1000)).toBeGreaterThan(growth(500, 1000));
  });
});

describe('a head at its place', () => {
  it('is looked at in its own frame as in the world', () => {
    const [, place] = places([0, 3, 5]).values();
    const camera = lookAt([0.1, 1.3, 0.9], [0, 1.1, 0], 0.8, 640, 480);
    const middle = framing(avatar).target;
    const own = fromPlace(camera, place!, middle);
    const view = ({ rows, shift }: typeof camera, point: Vector) =>
      rows.map((row, i) => row[0] * point[0] + row[1] * point[1] + row[2] * point[2] + shift[i]!);
    expect(farthest(view(own, middle), view(camera, [place!.x, place!.y, place!.z]))).toBeLessThan(1e-9);
    // Half a metre before the face is half a metre nearer to the middle of the table.
    const before: Vector = [middle[0], middle[1], middle[2] + 0.5];
    const there: Vector = [place!.x + 0.5 * Math.sin(place!.turn), place!.y, place!.z + 0.5 * Math.cos(place!.turn)];
    expect(farthest(view(own, before), view(camera, there))).toBeLessThan(1e-9);
    expect(farthest(view(own, own.eye), [0, 0, 0])).toBeLessThan(1e-9);
  });
});
