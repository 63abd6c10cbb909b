import { describe, expect, it } from 'vitest';
import { readRecording } from '../src/recorded/read';
import { FaceFilter } from '../src/signal/filter';
import { frameAt, frameOf } from '../src/signal/signal';
import { bytesOf, farthest, filtered, recordings, signalOf } from './golden';

describe('the filter', () => {
  it('makes what Python makes of a jittery signal', () => {
    const filter = new FaceFilter();
    filtered.given.forEach((given, i) => {
      const made = filter.apply(signalOf(given));
      const expected = signalOf(filtered.made[i]);
      for (const part of ['arkit', 'headRotation', 'headTranslation', 'gaze'] as const)
        expect(farthest(made[part], expected[part]), `${part} of frame ${i}`).toBeLessThan(2e-6);
    });
  });
});

const read = ({ name, file, take }: (typeof recordings)[number]) => readRecording(name, bytesOf(file), take, () => {});

describe('recordings', () => {
  it.each(recordings.filter(({ refused }) => refused))('such as $name are refused in one sentence', async (golden) => {
    await expect(read(golden)).rejects.toThrow(new RegExp(`^${golden.name}: [^\n]+\\.$`));
  });

  it.each(recordings.filter(({ refused }) => !refused))('such as $name are read as by Python', async (golden) => {
    const recording = await read(golden);
    expect(recording.fps).toBeCloseTo(golden.fps, 6);
    expect(farthest(recording.time, golden.time!)).toBeLessThan(1e-6);
    expect(farthest(recording.arkit, golden.arkit!)).toBeLessThan(1e-6);
    expect(farthest(recording.headRotation, golden.head_rotation!)).toBeLessThan(2e-6);
    expect(farthest(recording.headTranslation, golden.head_translation!)).toBeLessThan(2e-6);
    expect(farthest(recording.gaze, golden.gaze!)).toBeLessThan(2e-6);
    expect(farthest(recording.confidence, golden.confidence!)).toBeLessThan(1e-6);
  });
});

describe('a recording', () => {
  it('shows the last frame at or before a moment', async () => {
    const golden = recordings.find(({ name }) => name === 'faces.json')!;
    const recording = await readRecording(golden.name, bytesOf(golden.file), null, () => {});
    expect([-1, 0, 0.041, 0.042, 0.1, 99].map((seconds) => frameAt(recording, seconds))).toEqual([0, 0, 0, 1, 2, 6]);
    expect(farthest(frameOf(recording, 2).arkit, golden.arkit!.slice(104, 156))).toBeLessThan(1e-6);
  });

  it('is refused whatever byte of it is damaged, or read as what it still is', async () => {
    const golden = recordings.find(({ name }) => name === 'ours.npz')!;
    const whole = bytesOf(golden.file);
    for (let i = 0; i < 200; i++) {
      const bytes = whole.slice();
      const at = (i * 7919) % bytes.length;
      bytes[at]! ^= 1 << (i % 8);
      try {
        await readRecording(golden.name, bytes, null, () => {});
      } catch (error) {
        expect((error as Error).constructor.name, `byte ${at}: ${error}`).toBe('PageError');
      }
    }
  });
});
