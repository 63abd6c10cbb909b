import { expect, it } from 'vitest';
import { readLink } from '../src/ui/link';
import { viewLink } from '../src/ui/view_link';

it('the link of a view asks for that view', () => {
  const page = new URL('http://127.0.0.1:8017/a/?signal=b.npz&yaw=3&ui=0#x');
  const orbit = { yaw: -12.34567, pitch: 4, distance: 1.25, pan: [0.10004, -0.25] as [number, number] };
  const address = viewLink(page, {
    orbit,
    size: { width: 640, height: 480 },
    background: [1, 0.5, 0],
    limit: null,
    frame: 7,
  });
  expect(address.startsWith('http://127.0.0.1:8017/a/?')).toBe(true);
  const link = readLink(new URL(address).search);
  expect(link).toMatchObject({ signal: 'b.npz', frame: 7, yaw: -12.3457, pitch: 4, distance: 1.25, ui: false });
  expect(link).toMatchObject({ pan: [0.1, -0.25], limit: null });
  expect(link.size).toEqual([640, 480]);
  expect(link.background![1]).toBeCloseTo(0.5, 2);
  const again = new URL(address);
  const shown = { orbit: { ...orbit, pan: [0, 0] as [number, number] }, size: { width: 1, height: 1 }, limit: 3 };
  const clear = viewLink(again, { ...shown, background: null, frame: null });
  expect(readLink(new URL(clear).search)).toMatchObject({ background: null, frame: null, pan: [0, 0], limit: 3 });
});
