// From the landmarks of one face in one frame to its signal; `drive/face/landmark_signal.py` defines it.
import { lookCoefficients } from '../signal/retarget';
import { type FaceSignal, INDEX, restSignal } from '../signal/signal';
import { LOOK } from '../tables';
import { RunningQuantile } from './running_quantile';
import type { Seen } from './seen';
import { LANDMARKS as L } from './tables';
import { axisAngleOfMatrix, determinant, type Matrix, nearestRotation } from './turns';

const at = (name: string): number => INDEX.get(name)!;
const JAW = at('jawOpen');
const CLOSE = at('mouthClose');
const BLINKS = [at('eyeBlinkLeft'), at('eyeBlinkRight')] as const;
const WIDES = [at('eyeWideLeft'), at('eyeWideRight')] as const;

const clip = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** (x, y, z) of each landmark in head axes, in eye spans */
type Points = (index: number) => [number, number, number];

/** Turns what is seen of one face, frame by frame, into signals; remembers what a face needs to be measured by. */
export class LandmarkSignal {
  private readonly lids = [0, 1].map(() => new RunningQuantile(0.5, ...L.OPEN_LIDS, L.ADAPTING));
  private readonly side = new RunningQuantile(0.5, 0, -0.1, 0.1, L.ADAPTING);
  private readonly look = [0, 0];
  private readonly place = [0, 0, 0];
  private weight = 0;
  private last = Number.NEGATIVE_INFINITY;

  /** The signal of a frame of `time` seconds; null and a face that is no number are nobody. */
  apply(face: Seen | null, time: number): FaceSignal {
    const nobody = { ...restSignal(time), confidence: 0 };
    if (!face?.points.every(Number.isFinite) || !face.transform.every(Number.isFinite)) return nobody;
    const t = face.transform;
    const turn = [t[0]!, t[1]!, t[2]!, t[4]!, t[5]!, t[6]!, t[8]!, t[9]!, t[10]!];
    // A face inside out is none either.
    if (determinant(turn) < 1e-6) return nobody;
    const rotation = nearestRotation(turn);
    let since = time - this.last;
    if (!(since >= 0 && since <= L.AWAY)) {
      this.weight = 0;
      since = 0;
    }
    this.last = time;
    const points = headAxes(face.points, rotation);
    if (!points) return nobody;
    const trust = clip((rotation[8]! - L.SIDEWAYS[1]) / (L.SIDEWAYS[0] - L.SIDEWAYS[1]), 0, 1);
    const arkit = Float64Array.from(face.scores, (score) => (Number.isNaN(score) ? 0 : clip(score, 0, 1)));
    lips(arkit, points, trust);
    this.mouthSide(arkit, points, trust, since);
    const opened = this.eyelids(arkit, points, trust, since);
    const gaze = this.gaze(points, opened, trust);
    for (let eye = 0; eye < 2; eye++) {
      const look = lookCoefficients(gaze[2 * eye]!, gaze[2 * eye + 1]!, eye === 0);
      LOOK[eye]!.forEach((index, i) => {
        arkit[index] = look[i]!;
      });
    }
    return {
      time,
      arkit: Float32Array.from(arkit),
      headRotation: Float32Array.from(axisAngleOfMatrix(rotation)),
      headTranslation: this.translation(face, rotation, since),
      gaze,
      confidence: 1,
    };
  }

  /** mouthLeft and mouthRight, at least as much as the middle of the mouth is away from where it rests. */
  private mouthSide(arkit: Float64Array, points: Points, trust: number, since: number): void {
    const mean = (of: readonly number[]) => of.reduce((sum, index) => sum + points(index)[0], 0) / of.length;
    const side = mean(L.MOUTH) - mean(L.EYES);
    const away = side - this.side.after(side, since * trust);
    const moved = (trust * Math.max(Math.abs(away) - L.SIDE_DEAD, 0)) / L.SIDE_REACH;
    const [left, right] = [at('mouthLeft'), at('mouthRight')];
    const [which, other] = away > 0 ? [left, right] : [right, left];
    arkit[which] = Math.min(Math.max(arkit[which]!, moved), 1);
    arkit[other] = Math.max(arkit[other]! - moved, 0);
  }

  /** Blinks and wide eyes by the height of the eyes; returns (2) that height, of the open eye. */
  private eyelids(arkit: Float64Array, points: Points, trust: number, since: number): number[] {
    return [0, 1].map((eye) => {
      const lids = L.LIDS[eye]!;
      const gap = lids.reduce((sum, [up, down]) => sum + points(up)[1] - points(down)[1], 0) / lids.length;
      const height = gap / widthOf(points, eye);
      const opened = height / this.lids[eye]!.after(height, since * trust);
      const blink = clip((1 - opened - L.LID_DEAD) / (1 - L.LID_DEAD), 0, 1);
      arkit[BLINKS[eye]!]! += trust * (blink - arkit[BLINKS[eye]!]!);
      const wide = trust * clip((opened - L.WIDE_FROM) / L.WIDE_SPAN, 0, 1);
      arkit[WIDES[eye]!] = Math.max(arkit[WIDES[eye]!]!, wide);
      return opened;
    });
  }

  /** (2, 2) both eyes look the same way, by the irises between the corners; lids that close leave it as it was. */
  private gaze(points: Points, opened: number[], trust: number): Float32Array {
    const seen = opened.map((open) => clip((open - L.SEEING[0]) / (L.SEEING[1] - L.SEEING[0]), 0, 1));
    const weight = Math.max(...seen) * trust;
    if (weight > 0) {
      const sums = [0, 0];
      for (let eye = 0; eye < 2; eye++) {
        const [inner, outer] = L.CORNERS[eye]!.map(points);
        const iris = points(L.IRISES[eye]!);
        const width = widthOf(points, eye);
        // Outwards is +x for the left eye and -x for the right one.
        const straight = [eye === 0 ? L.IRIS_OUT : -L.IRIS_OUT, L.IRIS_UP];
        for (let axis = 0; axis < 2; axis++) {
          const away = (iris[axis]! - (inner![axis]! + outer![axis]!) / 2) / width - straight[axis]!;
          sums[axis]! += seen[eye]! * away * [L.IRIS_YAW, L.IRIS_PITCH][axis]!;
        }
      }
      for (let axis = 0; axis < 2; axis++) {
        const look = Math.asin(clip(sums[axis]! / (seen[0]! + seen[1]!), -0.8, 0.8));
        this.look[axis]! += weight * (look - this.look[axis]!);
      }
    }
    // All zero would say that nothing was measured.
    const look = this.look.map((angle) => (angle === 0 ? 1e-6 : angle));
    return Float32Array.from([...look, ...look]);
  }

  /** (3) metres from the place of rest, less what turning about the neck already moves. */
  private translation({ transform, width, height }: Seen, rotation: Matrix, since: number): Float32Array {
    const place = [3, 7, 11].map((index) => (L.HEAD_SIZE * transform[index]!) / 100);
    place[2]! *= (L.FOCAL * Math.max(width, height)) / (height / 2 / Math.tan(L.DETECTOR_VIEW / 2));
    for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) place[i]! -= rotation[3 * i + j]! * L.ARM[j]!;
    if (this.weight < L.SETTLING) {
      // A mean over the first frames, each by the time it stands for.
      const step = Math.max(since, 1e-3);
      this.weight += step;
      for (let i = 0; i < 3; i++) this.place[i]! += (step / this.weight) * (place[i]! - this.place[i]!);
    }
    return Float32Array.from(place, (value, i) => value - this.place[i]!);
  }
}

/** The face as it would be seen from the front, eye spans; null where it has no size. */
function headAxes(pixels: Float32Array, r: Matrix): Points | null {
  const turned = (index: number): [number, number, number] => {
    const [x, y, z] = [pixels[3 * index]!, -pixels[3 * index + 1]!, -pixels[3 * index + 2]!];
    return [x * r[0]! + y * r[3]! + z * r[6]!, x * r[1]! + y * r[4]! + z * r[7]!, x * r[2]! + y * r[5]! + z * r[8]!];
  };
  const [right, left] = L.EYES.map(turned);
  const span = Math.hypot(...right!.map((value, i) => value - left![i]!));
  if (span < 1e-6) return null;
  return (index) => turned(index).map((value) => value / span) as [number, number, number];
}

function widthOf(points: Points, eye: number): number {
  const [inner, outer] = L.CORNERS[eye]!.map(points);
  return Math.max(Math.hypot(...inner!.map((value, i) => value - outer![i]!)), 1e-6);
}

/** Jaw and lips such that the rig's inner lips are as far apart as those seen, and touch where those do. */
function lips(arkit: Float64Array, points: Points, trust: number): void {
  const [upper, lower] = L.LIPS.map((row) => row.reduce((sum, index) => sum + points(index)[1], 0) / row.length);
  const gap = upper! - lower!;
  const shown = L.GAP_ROW.reduce<number>((sum, share, i) => sum + share * arkit[i]!, 0);
  const missing = (trust * (L.GAP_SCALE * Math.max(gap, 0) + L.GAP_SHUT - shown)) / L.PARTING;
  if (missing > 0) {
    // Lips that part are no longer held closed; then the jaw opens.
    const eased = Math.min(missing, arkit[CLOSE]!);
    arkit[CLOSE]! -= eased;
    arkit[JAW] = Math.min(arkit[JAW]! + missing - eased, 1);
  } else {
    const raised = Math.min(-missing, arkit[JAW]!);
    arkit[JAW]! -= raised;
    arkit[CLOSE] = Math.min(arkit[CLOSE]! - missing - raised, 1);
  }
}
