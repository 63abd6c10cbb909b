import { describe, expect, it } from 'vitest';
import { outlook, type Place, places, radius, towards } from '../../src/room/table/seats';

const all = (count: number) => [...places(Array.from({ length: count }, (_, i) => i)).values()];
const between = (a: Place, b: Place) => Math.hypot(a.x - b.x, a.z - b.z);

describe('a table', () => {
  it.each([2, 3, 4, 5, 6, 7, 8])('of %s people', (count) => {
    const table = all(count);
    for (const [i, place] of table.entries()) {
      expect(Math.hypot(place.x, place.z)).toBeCloseTo(radius(count), 9);
      // Who faces +Z and turns by `turn` looks at the middle.
      const ahead = [place.x + radius(count) * Math.sin(place.turn), place.z + radius(count) * Math.cos(place.turn)];
      expect(Math.hypot(...(ahead as [number, number]))).toBeLessThan(1e-9);
      for (const other of table.slice(i + 1)) expect(between(place, other)).toBeGreaterThan(0.69);
    }
  });

  it('is the same for everybody, whatever the order in which people are told', () => {
    expect(places([5, 0, 2])).toEqual(places([0, 2, 5, 2]));
    const [a, b] = [places([1, 6]).get(1)!, places([1, 6]).get(6)!];
    expect(between(a, b)).toBeCloseTo(1.3, 9);
  });

  it.each([2, 3, 5, 8])('everybody sees the %s others at once on a wide screen', (count) => {
    const table = all(count);
    const aspect = 16 / 9;
    for (const own of table) {
      const others = table.filter((place) => place !== own);
      const { eye, target, fovY } = outlook(own, others, aspect);
      const half = Math.atan(Math.tan(fovY / 2) * aspect);
      for (const place of others) {
        const angle = Math.atan2(target[0] - eye[0], target[2] - eye[2]);
        const away = Math.atan2(place.x - eye[0], place.z - eye[2]) - angle;
        expect(Math.abs(Math.atan2(Math.sin(away), Math.cos(away)))).toBeLessThan(half);
        expect(Math.hypot(place.x - eye[0], place.z - eye[2])).toBeGreaterThan(0.5);
      }
    }
  });

  it('who turns to somebody has them in the middle of even a narrow picture', () => {
    const table = all(8);
    const own = table[0]!;
    for (const place of table.slice(1)) {
      const others = table.slice(1);
      const { eye } = outlook(own, others, 0.5);
      const { target } = outlook(own, others, 0.5, { yaw: towards(eye, own, place), pitch: 0, zoom: 1 });
      const cross = (target[0] - eye[0]) * (place.z - eye[2]) - (target[2] - eye[2]) * (place.x - eye[0]);
      expect(cross).toBeCloseTo(0, 9);
    }
    // The neighbour with the next seat sits to the right of who faces the middle.
    expect(towards([own.x, 0, own.z], own, table[1]!)).toBeLessThan(0);
  });
});
