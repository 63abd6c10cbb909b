import { beforeAll, describe, expect, it } from 'vitest';
import { LEVELS } from '../../src/detail/levels';
import type { Avatar } from '../../src/file/avatar';
import { readAvatar } from '../../src/file/read_avatar';
import { BUDGET, detail } from '../../src/room/table/detail';
import { fromPlace } from '../../src/room/table/head';
import { places } from '../../src/room/table/seats';
import { framing, lookAt, type Vector } from '../../src/splats/camera';
import { bytesOf, farthest, poses } from '../golden';

let avatar: Avatar;

beforeAll(async () => {
  avatar = await readAvatar(bytesOf(poses.file).buffer);
});

describe('levels of detail', () => {
  const head = (distance: number, before: number | null = null, most = 50_000) => ({
    distance,
    before,
    count: (level: number) => Math.min(LEVELS[level]!.splats, most),
  });

  it('give the near more than the far, and all together no more than there is', () => {
    for (const focal of [200, 800, 2000])
      for (let people = 1; people < 8; people++) {
        const heads = Array.from({ length: people }, (_, i) => head(0.7 + 0.2 * i));
        const levels = detail(heads, focal);
        const counts = levels.map((level, i) => heads[i]!.count(level));
        expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(BUDGET);
        for (let i = 1; i < people; i++) expect(levels[i]).toBeGreaterThanOrEqual(levels[i - 1]!);
      }
  });

  it('show all of an avatar to who is near it', () => {
    expect(detail([head(0.7, null, 22_000)], 900)).toEqual([0]);
    expect(detail([head(3)], 900)).toEqual([LEVELS.length - 1]);
  });

  it('do not flicker', () => {
    // Where the level would change, if nothing had been drawn before.
    let edge = 0.7;
    while (detail([head(edge)], 900)[0] === 0) edge += 0.01;
    expect(detail([head(edge, 0)], 900)).toEqual([0]);
    expect(detail([head(edge - 0.02, 1)], 900)).toEqual([1]);
    expect(detail([head(2 * edge, 0)], 900)[0]).toBeGreaterThan(0);
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
