import { describe, expect, it } from 'vitest';
import { FaceStep } from '../../src/agent/step';
import type { Face } from '../../src/live/protocol';
import { INDEX, restSignal } from '../../src/signal/signal';

const JAW = INDEX.get('jawOpen')!;
/** milliseconds of a picture at the sender, and of one here */
const PICTURE = 40;
const SCREEN = 1000 / 60;
/** milliseconds from asking for a face until it is seen, of which the module knows */
const SEEN = 30;
/** milliseconds in which the jaw opens evenly: what it shows says of which moment it is */
const CYCLE = 2_000;

/** A jaw that opens evenly over a cycle, as of the middle of a picture's time. */
function face(sequence: number, time: number): Face {
  const signal = restSignal(time / 1000);
  signal.arkit[JAW] = ((time + PICTURE / 2) % CYCLE) / CYCLE;
  return { sequence, signal };
}

/** A small generator of numbers in [0, 1), always the same. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

interface Line {
  /** milliseconds by which a face may be later than the quickest one */
  jitter: number;
  /** share of faces that are lost */
  loss: number;
  /** milliseconds from the sending of a moment's sound to its being heard, at a time */
  sound: (time: number) => number;
  /** milliseconds that the sender's clock stands still for at six seconds */
  stall?: number;
}

/** Milliseconds that the face which is seen is behind the sound that is heard, from 8 s on, where the jaw does not begin anew. */
function apart({ jitter, loss, sound, stall = 0 }: Line): number[] {
  const [next, clocks, quickest] = [random(7), 123_456, 40];
  const step = new FaceStep();
  const sent = (time: number) => time + clocks + (time > 6_000 ? stall : 0);
  const arrivals = Array.from({ length: 500 }, (_, i) => {
    const time = PICTURE * i;
    return { face: face(i, time), at: sent(time) + quickest + jitter * next(), lost: next() < loss };
  })
    .filter(({ lost }) => !lost)
    .sort((a, b) => a.at - b.at);
  const off: number[] = [];
  for (let now = clocks, i = 0; now < clocks + 19_000; now += SCREEN) {
    for (; i < arrivals.length && arrivals[i]!.at <= now; i++) step.push(arrivals[i]!.face, arrivals[i]!.at);
    // What the figures of a connection say: from the coming of sound, as late as faces are, to its being heard.
    step.follow(sound(now - clocks) - quickest - jitter / 2);
    const shown = step.at(now);
    if (!shown || now < clocks + 8_000) continue;
    const heard = now + SEEN - clocks - stall - sound(now - clocks);
    const phase = heard % CYCLE;
    if (phase > 200 && phase < CYCLE - 200) off.push(phase - CYCLE * shown.arkit[JAW]!);
  }
  return off;
}

const most = (off: number[]) => Math.max(...off.map(Math.abs));

describe('faces in step with their sound', () => {
  it.each([
    ['an even line', { jitter: 0, loss: 0, sound: () => 110 }],
    ['jitter and sound that waits for it', { jitter: 60, loss: 0, sound: () => 180 }],
    ['a tenth lost, others overtaken', { jitter: 90, loss: 0.1, sound: () => 240 }],
    ['sound that waits longer and longer', { jitter: 20, loss: 0.02, sound: (t: number) => 130 + t / 200 }],
    ['a sender that stood still', { jitter: 20, loss: 0, sound: () => 150, stall: 700 }],
  ])('within 20 ms: %s', (_, line) => {
    const off = apart(line);
    expect(off.length).toBeGreaterThan(400);
    expect(most(off)).toBeLessThan(20);
  });

  it('a face that was drawn as it came would be ahead', () => {
    const step = new FaceStep();
    for (let i = 0; i < 100; i++) step.push(face(i, PICTURE * i), PICTURE * i + 40);
    expect(step.at(99 * PICTURE + 40)!.time).toBeGreaterThan(3.9);
  });

  it('moves evenly between faces', () => {
    const step = new FaceStep();
    const jaws: number[] = [];
    for (let now = 0, i = 0; now < 1_500; now += SCREEN) {
      for (; PICTURE * i <= now; i++) step.push(face(i, PICTURE * i), PICTURE * i);
      step.follow(110);
      jaws.push(step.at(now)!.arkit[JAW]!);
    }
    const steps = jaws.slice(30).map((jaw, i) => jaw - jaws[29 + i]!);
    for (const each of steps) expect(each).toBeCloseTo(SCREEN / CYCLE, 3);
  });

  it('waits no longer than a second for sound', () => {
    const step = new FaceStep();
    for (let i = 0; i < 100; i++) step.push(face(i, PICTURE * i), PICTURE * i);
    step.follow(60_000);
    expect(step.at(99 * PICTURE)!.time).toBeCloseTo(2.96 - 0.02, 1);
  });

  it('there is nothing before the first, and a message that came twice is one', () => {
    const step = new FaceStep();
    expect(step.at(0)).toBeNull();
    for (const at of [10, 20]) step.push(face(5, 200), at);
    expect(step.at(30)!.time).toBeCloseTo(0.2);
  });

  it('the mouth rests after an interruption, and the rest of the face stays', () => {
    const step = new FaceStep();
    const open = (i: number, jaw: number): Face => {
      const made = face(i, PICTURE * i);
      made.signal.arkit[JAW] = jaw;
      made.signal.headRotation[1] = 0.2;
      return made;
    };
    step.follow(130);
    let seen = 0;
    for (let now = 0, i = 0; now <= 2_000; now += PICTURE, i++) {
      step.push(open(i, now < 1_000 ? 0.8 : 0), now);
      seen = step.at(now)!.arkit[JAW]!;
      // What was sent before is heard a tenth of a second longer: as long the mouth moves.
      if (now === 1_000) expect(seen).toBeCloseTo(0.8);
      if (now >= 1_200) expect(seen).toBe(0);
    }
  });

  it('the mouth rests where no face comes any more', () => {
    const step = new FaceStep();
    step.follow(130);
    for (let i = 0; i < 50; i++) step.push(face(10, PICTURE * i + 1_000), PICTURE * i);
    const last = PICTURE * 49;
    expect(step.at(last + 350)!.arkit[JAW]).toBeGreaterThan(0.1);
    const rest = step.at(last + 700)!;
    expect(rest.arkit[JAW]).toBe(0);
  });

  it('a sender that begins anew is followed at once', () => {
    const step = new FaceStep();
    for (let i = 0; i < 100; i++) step.push(face(i, 600_000 + PICTURE * i), PICTURE * i);
    step.at(4_000);
    for (let i = 0; i < 10; i++) step.push(face(i, PICTURE * i), 4_100 + PICTURE * i);
    expect(step.at(4_500)!.time).toBeLessThan(1);
  });
});
