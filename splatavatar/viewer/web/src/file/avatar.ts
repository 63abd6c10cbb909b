// An avatar as the page plays it: the arrays of the file, checked, and of the rest what is needed.
import type { Calibration } from './calibration';
import type { Consent } from './consent';
import type { Numbers } from './container';
import type { Signing } from './signing';

export interface Sizes {
  /** vertices, triangles, expressions, joints, Gaussians, correctives, inputs of the correctives, entries of turns */
  V: number;
  F: number;
  E: number;
  J: number;
  N: number;
  K: number;
  D: number;
  C: number;
  /** joints that move a vertex */
  W: number;
}

/** What changes the shape of a rig: of each part the rows [ends[b], ends[b + 1]) of `moved` and `displacement`. */
export interface Basis {
  ends: Int32Array;
  /** (R) vertices */
  moved: Numbers;
  /** (R, 3) metres */
  displacement: Float32Array;
}

export interface Rig {
  /** (V, 3) metres */
  template: Float32Array;
  /** (F, 3) */
  faces: Numbers;
  /** (J, 3) metres at rest */
  joints: Float32Array;
  /** (E, J, 3) metres that the joints at rest move by, or null where no expression moves them */
  jointBasis: Float32Array | null;
  /** (J) -1 for the root */
  parents: Int32Array;
  /** (V, W) */
  skinJoints: Uint16Array;
  /** (V, W) */
  skinWeights: Float32Array;
  /** (E, 52) */
  arkitMap: Float32Array;
  /** (J, 3, 52) radians, or null where no coefficient turns a joint */
  arkitJointMap: Float32Array | null;
  /** E parts */
  expressions: Basis;
  /** 9 (J - 1) parts, by the entries of R - I of each joint but the root; null where turns change no shape */
  poseBasis: Basis | null;
  /** (joint, share) */
  headChain: [number, number][];
  /** left and right, -1 where there is none */
  eyeJoints: [number, number];
}

/** Gaussians and correctives as the file has them: the renderer hands most of these bytes on as they are. */
export interface Splats {
  face: Numbers;
  barycentric: Uint16Array;
  position: Uint16Array;
  rotation: Int16Array;
  scale: Int16Array;
  opacity: Uint16Array;
  colour: Uint16Array;
  sh: Int8Array;
  shShare: Uint16Array;
  /** metres or colour of one step at share 1, for the spherical harmonics */
  shStep: number;
  correctives: {
    /** (K, N, 3) */
    position: Int8Array;
    positionShare: Uint16Array;
    /** (K) of a step at share 1 */
    positionStep: Float32Array;
    colour: Int8Array;
    colourShare: Uint16Array;
    colourStep: Float32Array;
    /** (K, D) */
    weights: Float32Array;
    /** (K) */
    bias: Float32Array;
  };
}

/** Triangles by which the face is found on a head. */
export interface FaceMarks {
  /** (P) where the landmarks of the face lie; none where the rig has none */
  landmarks: Numbers;
  /** of eyes, teeth and what else lies within the mouth */
  within: Numbers[];
}

export interface Framing {
  target: [number, number, number];
  /** metres */
  distance: number;
  /** radians */
  fovY: number;
}

export interface Avatar {
  sizes: Sizes;
  rig: Rig;
  splats: Splats;
  marks: FaceMarks;
  name: string;
  licence: string;
  framing: Framing | null;
  calibration: Calibration | null;
  consent: Consent | null;
  signing: Signing;
  /** of the file, 64 hexadecimal digits; null where it names none */
  digest: string | null;
  bytes: number;
}
