import { INDEX } from '../signal/signal';
import { TRACKING } from './tables';

/** One face in one frame, as `drive/sources/live/tracking.py` defines it. */
export interface Seen {
  /** (478, 3) pixels of the frame, from its corner; depth away from the camera in the same unit */
  points: Float32Array;
  /** (52) in [0, 1] */
  scores: Float32Array;
  /** (4, 4) by rows, from MediaPipe's canonical face to its camera, centimetres */
  transform: Float32Array;
  /** pixels of the frame */
  width: number;
  height: number;
}

/** The part of MediaPipe's answer that is used. */
export interface Answer {
  faceLandmarks: { x: number; y: number; z: number }[][];
  faceBlendshapes: { categories: { categoryName: string; score: number }[] }[];
  /** by columns */
  facialTransformationMatrixes: { data: number[] }[];
}

/** The faces in an answer of MediaPipe to a frame of `width` x `height` pixels. */
export function seenIn(answer: Answer, width: number, height: number): Seen[] {
  return answer.faceLandmarks.map((face, n) => {
    const scores = new Float32Array(INDEX.size);
    for (const { categoryName, score } of answer.faceBlendshapes[n]!.categories) {
      const index = INDEX.get(categoryName);
      if (index !== undefined) scores[index] = score;
    }
    const { data } = answer.facialTransformationMatrixes[n]!;
    return {
      points: Float32Array.from(face.flatMap(({ x, y, z }) => [x * width, y * height, z * width])),
      scores,
      transform: Float32Array.from(data, (_, i) => data[4 * (i % 4) + Math.floor(i / 4)]!),
      width,
      height,
    };
  });
}

/** Keeps to one of several faces. */
export class FaceChooser {
  private middle: [number, number] = [0, 0];
  private size = 0;
  private time = Number.NEGATIVE_INFINITY;

  /** The face that is nearest to where the followed one was; the largest where none is followed. */
  choose(faces: Seen[], time: number): Seen | null {
    if (!faces.length) return null;
    const boxes = faces.map(box);
    const since = time - this.time;
    const followed = since >= 0 && since < TRACKING.MEMORY;
    const costs = boxes.map(({ middle, size }) =>
      followed ? Math.hypot(middle[0] - this.middle[0], middle[1] - this.middle[1]) : -size,
    );
    const best = costs.indexOf(Math.min(...costs));
    if (followed && costs[best]! > TRACKING.REACH * this.size) return null;
    this.middle = boxes[best]!.middle;
    this.size = boxes[best]!.size;
    this.time = time;
    return faces[best]!;
  }
}

function box({ points }: Seen): { middle: [number, number]; size: number } {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < points.length; i += 3)
    for (let axis = 0; axis < 2; axis++) {
      low[axis] = Math.min(low[axis]!, points[i + axis]!);
      high[axis] = Math.max(high[axis]!, points[i + axis]!);
    }
  return {
    middle: [(low[0]! + high[0]!) / 2, (low[1]! + high[1]!) / 2],
    size: Math.sqrt((high[0]! - low[0]!) * (high[1]! - low[1]!)),
  };
}
