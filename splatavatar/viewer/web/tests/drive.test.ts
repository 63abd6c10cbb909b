import { describe, expect, it } from 'vitest';
import { Features } from '../src/drive/audio_features';
import { AudioToFace } from '../src/drive/audio_to_face';
import { LandmarkSignal } from '../src/drive/landmark_signal';
import { FaceChooser, type Seen, seenIn } from '../src/drive/seen';
import { AUDIO } from '../src/drive/tables';
import { axisAngleOfMatrix, matrixOf } from '../src/drive/turns';
import { Collector, calibrated, collect } from '../src/drive/user_calibration';
import type { FaceSignal } from '../src/signal/signal';
import { bytesOf, farthest, signalOf } from './golden';
import drive from './golden/drive.json';

const PARTS = ['arkit', 'headRotation', 'headTranslation', 'gaze'] as const;
const signals = drive.signals.map(signalOf);

function near(made: FaceSignal, expected: FaceSignal, what: string): void {
  for (const part of PARTS) expect(farthest(made[part], expected[part]), `${part} of ${what}`).toBeLessThan(5e-6);
  expect(made.confidence).toBe(expected.confidence);
}

function seenOf({ points, scores, transform }: (typeof drive.seen)[number]): Seen | null {
  if (!points) return null;
  return {
    points: new Float32Array(bytesOf(points).buffer),
    scores: Float32Array.from(scores!),
    transform: Float32Array.from(transform!),
    width: 640,
    height: 480,
  };
}

describe('the signal of landmarks', () => {
  it('is the one of Python, frame by frame, faces that go and come again included', () => {
    const signal = new LandmarkSignal();
    drive.seen.forEach((given, i) => {
      near(signal.apply(seenOf(given), given.time), signals[i]!, `frame ${i}`);
    });
  });

  it('of a face that is no number is nobody', () => {
    const seen = seenOf(drive.seen[0]!)!;
    seen.points[5] = Number.NaN;
    expect(new LandmarkSignal().apply(seen, 1).confidence).toBe(0);
    const flat = seenOf(drive.seen[0]!)!;
    flat.transform.fill(0);
    expect(new LandmarkSignal().apply(flat, 1).confidence).toBe(0);
  });
});

describe('a face among several', () => {
  it('is followed as Python follows it', () => {
    const chooser = new FaceChooser();
    for (const { time, boxes, chosen } of drive.chosen) {
      const faces = boxes.map(([x, y, size]): Seen => {
        const points = Float32Array.from({ length: 9 }, (_, i) => [x!, y!, 0][i % 3]!);
        points.set([x! - size! / 2, y! - size! / 2, 0, x! + size! / 2, y! + size! / 2]);
        return { points, scores: new Float32Array(52), transform: new Float32Array(16), width: 640, height: 480 };
      });
      const best = chooser.choose(faces, time);
      expect(best ? faces.indexOf(best) : null, `at ${time} s`).toBe(chosen);
    }
  });

  it('is read from an answer with matrices by columns and scores by name', () => {
    const [face] = seenIn(
      {
        faceLandmarks: [[{ x: 0.5, y: 0.25, z: -0.1 }]],
        faceBlendshapes: [
          {
            categories: [
              { categoryName: '_neutral', score: 1 },
              { categoryName: 'jawOpen', score: 0.5 },
            ],
          },
        ],
        facialTransformationMatrixes: [{ data: Array.from({ length: 16 }, (_, i) => i) }],
      },
      200,
      100,
    );
    expect(farthest(face!.points, [100, 25, -20])).toBeLessThan(1e-5);
    expect(Array.from(face!.transform).slice(0, 5)).toEqual([0, 4, 8, 12, 1]);
    expect(face!.scores.filter((score) => score > 0)).toEqual(Float32Array.of(0.5));
  });
});

describe('rotations', () => {
  it.each([
    [0, 0, 0],
    [1e-7, 0, 0],
    [0.3, -0.2, 0.1],
    [0, 3.1, 0],
    [-2, 1, 2],
  ])('of %f, %f, %f come back', (...vector) => {
    expect(farthest(axisAngleOfMatrix(matrixOf(vector)), vector)).toBeLessThan(1e-12);
  });
});

describe('the calibration', () => {
  it('is the one of Python', () => {
    const rest = collect(signals);
    for (const part of ['neutral', 'peak', ...PARTS.slice(1)] as const)
      expect(farthest(rest[part as 'peak'], drive.calibration.rest[part as 'peak']), part).toBeLessThan(2e-6);
    [3, 20].forEach((frame, i) => {
      // Coefficients are divided by as little as a fifth.
      const made = calibrated(signals[frame]!, rest);
      for (const part of PARTS)
        expect(farthest(made[part], signalOf(drive.calibration.made[i])[part]), part).toBeLessThan(2e-5);
    });
  });

  it('takes two seconds, and asks for a face', () => {
    const collector = new Collector();
    const ends = Array.from({ length: 21 }, (_, i) => collector.add(signals[11]!, 100 + i / 10));
    expect(ends.indexOf(true)).toBe(20);
    expect(() => collector.result()).toThrow('found one in 0 of 21 frames.');
  });
});

describe('the voice', () => {
  const { speech } = drive;
  const samples = Float32Array.from(new Int16Array(bytesOf(speech.samples).buffer), (value) => value / 32768);
  const rowOf = (values: number[], size: number, n: number) => values.slice(size * n, size * (n + 1));

  function pieces(size: number): Float32Array[] {
    return Array.from({ length: Math.ceil(samples.length / size) }, (_, n) => samples.slice(n * size, (n + 1) * size));
  }

  it.each([samples.length, 320, 129])('has the features of Python in pieces of %i samples', (size) => {
    const features = new Features();
    const made = pieces(size).flatMap((piece) => features.push(piece));
    expect(made.length * (AUDIO.BANDS + 1)).toBe(speech.features.length);
    made.forEach((row, n) => {
      expect(farthest(row, rowOf(speech.features, AUDIO.BANDS + 1, n)), `frame ${n}`).toBeLessThan(2e-4);
    });
  });

  it('is decoded as by Python from what the network says', async () => {
    let frame = 0;
    const model = new AudioToFace(async (_, state) => {
      // The memory that the network gave is what it is given next.
      expect(state[0]).toBe(frame);
      const coefficients = Float32Array.from(rowOf(speech.network, 52, frame++));
      return { coefficients, state: new Float32Array(AUDIO.STATE).fill(frame) };
    });
    const made = [];
    for (const piece of pieces(320)) made.push(...(await model.push(piece)));
    expect(
      farthest(
        made.map(({ time }) => time),
        speech.time,
      ),
    ).toBeLessThan(1e-5);
    made.forEach(({ arkit }, n) => {
      expect(farthest(arkit, rowOf(speech.arkit, 52, n)), `output ${n}`).toBeLessThan(3e-6);
    });
  });
});
