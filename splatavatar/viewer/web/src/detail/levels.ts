// Levels of detail: what there is of them, and an avatar at each.
import type { Avatar } from '../file/avatar';
import { importance } from './importance';
import { PosedAvatar } from './posed_avatar';
import { frontColours, largest, reduced } from './reduced';
import { atRest } from './rest';

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

  /** Which of `LEVELS`, ready to be posed. Levels of the same Gaussians are apart, as their colours may be. */
  at(level: number): PosedAvatar {
    let posed = this.made.get(level);
    if (!posed) {
      posed = new PosedAvatar(this.make(LEVELS[level]!), LEVELS[level]!.turning);
      this.made.set(level, posed);
    }
    return posed;
  }

  /** Whether it is a level of this avatar. */
  owns(posed: PosedAvatar): boolean {
    return [...this.made.values()].includes(posed);
  }

  private make({ splats, turning }: Level): Avatar {
    const { avatar } = this;
    if (turning && avatar.sizes.N <= splats) return avatar;
    const { weights, means, colours } = this.source();
    return reduced(avatar, largest(weights, splats), weights, means, colours);
  }

  private source(): Source {
    if (!this.found) {
      const { avatar } = this;
      const rest = atRest(avatar);
      this.found = { weights: importance(avatar, rest), means: rest.means, colours: frontColours(avatar) };
    }
    return this.found;
  }
}
