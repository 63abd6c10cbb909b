import type { Avatar } from '../file/avatar';
import type { FaceSignal } from '../signal/signal';

/** Of a session of a headset. */
export type Mode = 'immersive-vr' | 'immersive-ar';

/** What the page has to show in a headset. */
export interface Shown {
  avatar(): Avatar;
  face(now: number): FaceSignal;
  /** standard deviations of the expression limit, null for none */
  limit(): number | null;
  /** a session begins, and ends */
  presenting(is: boolean): void;
  wrong(error: unknown): void;
  /** draw with each level of detail for a while, and report */
  selfCheck: boolean;
}
