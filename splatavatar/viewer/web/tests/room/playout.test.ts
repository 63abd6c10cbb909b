import { describe, expect, it } from 'vitest';
import type { Face } from '../../src/live/protocol';
import { PacketSchedule, PieceClock } from '../../src/room/sound/clock';
import { FacePlayout, soundDelay, waited } from '../../src/room/sound/playout';
import { restSignal } from '../../src/signal/signal';

const face = (sequence: number, milliseconds: number): Face => ({ sequence, signal: restSignal(milliseconds / 1000) });

/** A small generator of numbers in [0, 1), always the same. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Plays 30 faces a second over a network that takes 40 ms and up to `jitter` more, while sound is heard `sound`
 * milliseconds after it was spoken. How far the shown face is from the sound, in milliseconds, over the last seconds. */
function apart(jitter: number, sound: number, told: (playout: FacePlayout, now: number) => void): number[] {
  const clocks = 123_456;
  const next = random(7);
  const arrivals = Array.from({ length: 450 }, (_, i) => {
    const time = (1000 * i) / 30;
    return { face: face(i, time), at: time + clocks + 40 + jitter * next() };
  }).sort((a, b) => a.at - b.at);
  const playout = new FacePlayout();
  const off: number[] = [];
  for (let now = clocks, i = 0; now < clocks + 14_900; now += 1000 / 60) {
    for (; i < arrivals.length && arrivals[i]!.at <= now; i++) playout.push(arrivals[i]!.face, arrivals[i]!.at);
    told(playout, now);
    const shown = playout.at(now);
    if (shown && now > clocks + 8_000) off.push(now - clocks - sound - 1000 * shown.signal.time);
  }
  return off;
}

describe('faces and their sound', () => {
  // Sound waits in a jitter buffer; a face that was shown as it came would be as much ahead of it.
  it.each([
    [5, 130],
    [60, 160],
    [90, 280],
  ])('%s ms of jitter, sound heard after %s ms', (jitter, sound) => {
    const off = apart(jitter, sound, (playout) => playout.follow(sound - 40));
    expect(Math.min(...off)).toBeGreaterThan(-45);
    expect(Math.max(...off)).toBeLessThan(45);
    expect(Math.abs(off.reduce((sum, x) => sum + x, 0) / off.length)).toBeLessThan(10);
  });

  it('without it they would be ahead', () => {
    expect(Math.min(...apart(5, 160, () => {}))).toBeLessThan(-45);
  });

  it('by the times of relayed sound', () => {
    const off = apart(40, 190, (playout, now) => playout.heard(now - 123_456 - 190, now));
    expect(Math.min(...off)).toBeGreaterThan(-45);
    expect(Math.max(...off)).toBeLessThan(45);
  });

  it('a delay that changes is followed without a jump', () => {
    const playout = new FacePlayout();
    const shown: number[] = [];
    for (let now = 0; now < 4000; now += 10) {
      playout.push(face(now / 10, now), now);
      if (now === 1000) playout.follow(200);
      shown.push(1000 * playout.at(now)!.signal.time);
    }
    const steps = shown.slice(1).map((time, i) => time - shown[i]!);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...steps)).toBeLessThanOrEqual(20);
    expect(shown.at(-1)).toBeGreaterThan(3800);
  });

  it('the newest wins, whatever the order of arrival', () => {
    const playout = new FacePlayout();
    playout.push(face(10, 1000), 5000);
    playout.push(face(12, 1066), 5000);
    playout.push(face(11, 1033), 5001);
    expect(playout.at(5100)?.sequence).toBe(12);
    playout.push(face(11, 1033), 5100);
    expect(playout.at(5200)?.sequence).toBe(12);
  });

  it('the present face is seen at once, and a clock that begins anew is followed', () => {
    const playout = new FacePlayout();
    playout.follow(300);
    expect(playout.at(0)).toBeNull();
    playout.push(face(500, 90_000), 10);
    expect(playout.at(11)?.sequence).toBe(500);
    playout.push(face(0, 0), 2000);
    expect(playout.at(2400)?.sequence).toBe(0);
  });

  it('nothing piles up where nothing is drawn', () => {
    const playout = new FacePlayout();
    for (let i = 0; i < 10_000; i++) playout.push(face(i & 0xffff, 33 * i), 33 * i);
    expect(playout.at(330_000)?.sequence).toBe(9_999);
  });
});

describe('how long sound waits', () => {
  it('is what the figures of the browser grew by', () => {
    const report = (buffered: number, emitted: number, played: number, samples: number) =>
      waited([
        { type: 'inbound-rtp', kind: 'video', jitterBufferDelay: 99 },
        { type: 'inbound-rtp', kind: 'audio', jitterBufferDelay: buffered, jitterBufferEmittedCount: emitted },
        { type: 'media-playout', totalPlayoutDelay: played, totalSamplesCount: samples },
      ]);
    const [before, now] = [report(10, 48_000, 5, 48_000), report(10 + 48_000 * 0.06, 96_000, 5 + 480, 96_000)];
    expect(soundDelay(before, now)).toBeCloseTo(20 + 60 + 10, 6);
    expect(soundDelay(now, now)).toBeNull();
    expect(soundDelay(waited([]), waited([]))).toBeNull();
  });
});

describe('packets of sound', () => {
  it('get even times, however unevenly they are handed over', () => {
    const next = random(3);
    const clock = new PieceClock();
    const times = Array.from({ length: 200 }, (_, i) => clock.next(1020 + 20 * i + 15 * next()));
    const steps = times.slice(1).map((time, i) => time - times[i]!);
    expect(Math.max(...steps.slice(100))).toBeLessThan(20.1);
    expect(Math.abs(times.at(-1)! - (1000 + 20 * 199))).toBeLessThan(3);
    expect(clock.next(60_000)).toBe(59_980); // a pause begins anew
  });

  it('are played in step, later where the network needs it', () => {
    const next = random(5);
    const schedule = new PacketSchedule();
    const late: number[] = [];
    let at = Number.NaN;
    for (let i = 0; i < 500; i++) {
      const now = 20 * i + 80 * next();
      const played = schedule.next(20 * i, now);
      if (played === null) continue;
      expect(played).toBeGreaterThanOrEqual(now);
      if (i > 300) late.push(Math.abs(played - at - 20));
      at = played;
    }
    expect(Math.max(...late)).toBeLessThan(1e-6);
  });

  it('that come again or overtaken are left out, and a pause ends the old beat', () => {
    const schedule = new PacketSchedule();
    const first = schedule.next(0, 1000)!;
    expect(schedule.next(20, 1020)).toBe(first + 20);
    expect(schedule.next(20, 1021)).toBeNull();
    expect(schedule.next(0, 1022)).toBeNull();
    expect(schedule.next(5020, 5900)).toBe(5900 + first - 1000);
  });
});
