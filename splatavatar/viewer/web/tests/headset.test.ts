import { Object3D, PerspectiveCamera, Quaternion, Vector3, Vector4 } from 'three';
import { describe, expect, it } from 'vitest';
import { LEVELS } from '../src/detail/levels';
import { cameraOf } from '../src/scene/placed';
import { Budget } from '../src/xr/budget';
import { Placement } from '../src/xr/placement';
import { code, decode, Measured } from '../src/xr/report';

describe('a camera of three.js', () => {
  it('sees points of a head where three.js would', () => {
    const eye = new PerspectiveCamera(60, 1.5, 0.1, 20);
    eye.position.set(0.3, 1.5, 0.8);
    eye.rotation.set(0.1, 0.4, -0.05);
    eye.projectionMatrix.elements[8] = 0.2;
    eye.projectionMatrix.elements[9] = -0.1;
    eye.updateMatrixWorld();
    const head = new Object3D();
    head.position.set(0.1, 1.2, -0.4);
    head.rotation.y = 0.7;
    head.scale.setScalar(1.3);
    head.updateMatrixWorld();
    const viewport = new Vector4(300, 40, 600, 400);
    const { rows, shift, focal, cx, cy, within } = cameraOf(eye, viewport, head.matrixWorld);
    for (const point of [new Vector3(), new Vector3(0.1, 0.2, 0.05)]) {
      const [x, y, z] = rows.map((row, i) => row[0] * point.x + row[1] * point.y + row[2] * point.z + shift[i]!) as [
        number,
        number,
        number,
      ];
      const seen = point.clone().applyMatrix4(head.matrixWorld).applyMatrix4(eye.matrixWorldInverse);
      seen.applyMatrix4(eye.projectionMatrix);
      expect((focal * x) / z + cx).toBeCloseTo((300 * (seen.x + 1)) / 1, 6);
      expect((within!.focalY * y) / z + cy).toBeCloseTo(200 * (1 - seen.y), 6);
      expect(within!.depth[0] + within!.depth[1] / z).toBeCloseTo(seen.z, 6);
    }
    expect(within!.origin).toEqual([300, 40]);
  });
});

describe('a budget of time', () => {
  const run = (budget: Budget, pictures: number, interval: number, work: number) => {
    for (let i = 0; i < pictures; i++) budget.tick(interval, work);
    return budget.level;
  };

  it('goes to coarser levels while pictures are late, and no further than there are', () => {
    expect(run(new Budget(1, 3), 36, 28, 5)).toBe(2);
    expect(run(new Budget(1, 3), 1000, 28, 5)).toBe(3);
  });

  it('tries a finer one after long, where the processor has time, and waits longer after it failed', () => {
    const budget = new Budget(2, 3);
    expect(run(budget, 36 * 19, 13.9, 2)).toBe(2);
    expect(run(budget, 36, 13.9, 2)).toBe(1);
    expect(run(budget, 36, 28, 2)).toBe(2);
    expect(run(budget, 36 * 39, 13.9, 2)).toBe(2);
    expect(run(budget, 36, 13.9, 2)).toBe(1);
    expect(run(new Budget(2, 3), 36 * 100, 13.9, 9)).toBe(2);
  });

  it('says nothing about a headset that was taken off', () => {
    expect(run(new Budget(1, 3), 100, 5000, 5)).toBe(1);
  });
});

describe('hands', () => {
  it('turn a head about themselves, and leave it upright', () => {
    const thing = new Object3D();
    thing.position.set(0, 1, -1);
    const placement = new Placement(thing);
    const turned = (angle: number) => new Quaternion().setFromAxisAngle(new Vector3(0, 1, 0), angle);
    placement.grab(0, new Vector3(0, 1, 0), turned(0));
    placement.follow(() => ({ position: new Vector3(0, 1, 0), rotation: turned(Math.PI / 2) }));
    expect(thing.position.x).toBeCloseTo(-1, 6);
    expect(thing.position.z).toBeCloseTo(0, 6);
    expect(thing.rotation.y).toBeCloseTo(Math.PI / 2, 6);
    placement.release(0);
    placement.follow(() => ({ position: new Vector3(5, 5, 5), rotation: turned(0) }));
    expect(thing.position.y).toBeCloseTo(1, 6);
  });

  it('that let go near life size leave it life size', () => {
    const thing = new Object3D();
    const placement = new Placement(thing);
    const still = new Quaternion();
    const at = (half: number) => (hand: number) => ({
      position: new Vector3(hand ? half : -half, 0, 0),
      rotation: still,
    });
    for (const hand of [0, 1]) placement.grab(hand, at(0.5)(hand).position, still);
    placement.follow(at(0.52));
    expect(thing.scale.x).toBeCloseTo(1.04, 6);
    for (const hand of [0, 1]) placement.release(hand);
    expect(thing.scale.x).toBe(1);
  });
});

describe('a report', () => {
  it('is read back from its code', () => {
    const measured = new Measured();
    for (const frame of [14, 13.89, 30])
      measured.add(1, { pose: 0.35, depth: 1.2, sort: 0.31, upload: 0.1, draw: 0.2, frame });
    const text = code(measured, 'headset');
    expect(decode(text)).toEqual({ where: 'headset', levels: [[1, 0.35, 1.2, 0.31, 0.1, 0.2, 14]] });
    expect(text.length).toBeLessThan(30);
    expect(decode('1h-1.2')).toBeNull();
    expect(LEVELS.length).toBeGreaterThan(1);
  });
});
