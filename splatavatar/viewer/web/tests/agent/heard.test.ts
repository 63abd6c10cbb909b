import { expect, it } from 'vitest';
import { HeardDelay } from '../../src/agent/heard';

/** Reports of a receiver whose sound is heard `delay(now)` after it came; the packets begin at `first` ticks. */
function listen(
  delay: (now: number) => number,
  first: number,
  withPackets = true,
): { heard: HeardDelay; off: number[] } {
  const heard = new HeardDelay();
  const off: number[] = [];
  let [buffered, emitted] = [0, 0];
  for (let now = 0; now < 10_000; now += 50) {
    buffered += (delay(now) / 1000) * 2400;
    emitted += 2400;
    if (withPackets) heard.handed((first + 48 * (now - delay(now)) + 2 ** 32) % 2 ** 32, now);
    if (now % 500 === 0)
      heard.reported(
        [{ type: 'inbound-rtp', kind: 'audio', jitterBufferDelay: buffered, jitterBufferEmittedCount: emitted }],
        now,
      );
    if (now > 4_000) off.push(heard.delay! - delay(now));
  }
  return { heard, off };
}

it('says how long sound waits, on the average of half a second', () => {
  const { off } = listen(() => 80, 0, false);
  for (const each of off) expect(each).toBeCloseTo(0, 3);
});

it('follows packets at once, wherever they count from', () => {
  for (const first of [0, 2 ** 32 - 48_000, 123_456_789]) {
    const { off } = listen((now) => (now < 7_000 ? 80 : 140), first);
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(1);
  }
});

it('without figures nothing is known', () => {
  const heard = new HeardDelay();
  heard.handed(0, 0);
  heard.reported([], 0);
  heard.reported([], 1_000);
  expect(heard.delay).toBeNull();
});
