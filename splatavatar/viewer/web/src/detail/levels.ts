// Levels of detail: what there is of them, and an avatar at each.
import type { Avatar } from '../file/avatar';
import { neutral } from '../pose/parameters';
import { chosen, ofFace } from './face';
import { importance } from './importance';
import { laid } from './laid';
import { PosedAvatar } from './posed_avatar';
import { frontColours, reduced } from './reduced';

/** A level of detail. */
export interface Level {
  /** Gaussians of an avatar, at most */
  splats: number;
  /** whether colours change with the direction that they are seen from */
  turning: boolean;
}

/** The finest first. */
export const LEVELS: readonly Level[] = [
  { splats: Number.POSITIVE_INFINITY, turning: true },
  { splats: 20_000, turning: false },
  { splats: 12_000, turning: false },
  { splats: 7_000, turning: false },
];

/** What of an avatar all its coarser levels are made of. */
interface Source {
  /** (N) how much each Gaussian is to the picture */
  weights: Float32Array;
  /** (N, 3) metres, of the face at rest */
  means: Float32Array;
  /** (N, 3) from the front */
  colours: Float32Array;
  /** (N) 1 where one is of the face */
  face: Uint8Array;
}

/** An avatar at every level of detail. Each is made when it is first asked for, and kept. */
export class LeveledAvatar {
  private readonly made = new Map<number, PosedAvatar>();
  private found: Source | null = null;

  constructor(readonly avatar: Avatar) {}

  /** Gaussians of a level. */
  count(level: number): number {
    return Math.min(LEVELS[level]!.splats, this.avatar.sizes.N);
  }

  /** Which Gaussians of the avatar a level keeps, in ascending order. */
  kept(level: number): Uint32Array {
    const { weights, face } = this.source();
    return chosen(weights, face, this.count(level));
  }

  /** Which of `LEVELS`, ready to be posed. Levels of the same Gaussians are apart, as their colours may be. */
  at(level: number): PosedAvatar {
    let posed = this.made.get(level);
    if (!posed) {
      posed = new PosedAvatar(this.make(level), LEVELS[level]!.turning);
      this.made.set(level, posed);
    }
    return posed;
  }

  /** Whether it is a level of this avatar. */
  owns(posed: PosedAvatar): boolean {
    return [...this.made.values()].includes(posed);
  }

  private make(level: number): Avatar {
    const { avatar } = this;
    if (LEVELS[level]!.turning) return avatar;
    const { weights, means, colours } = this.source();
    return reduced(avatar, this.kept(level), weights, means, colours);
  }

  private source(): Source {
    if (!this.found) {
      const { avatar } = this;
      const rest = laid(avatar, neutral(avatar.sizes));
      this.found = {
        weights: importance(avatar, rest),
        means: rest.means,
        colours: frontColours(avatar),
        face: ofFace(avatar),
      };
    }
    return this.found;
  }
}
