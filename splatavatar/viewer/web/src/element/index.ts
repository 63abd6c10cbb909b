// What the npm package exports. Importing it does nothing; `define` makes the tag known.
import { SplatAvatar } from './splat_avatar';

export { axisAngle } from '../signal/rotation';
export { NAMES as ARKIT_NAMES } from '../tables';
export type { Camera } from './camera';
export type { Coefficient, Coefficients, Face } from './face';
export type { SplatAvatarEvents } from './splat_avatar';
export { SplatAvatar };

const TAG = 'splat-avatar';

/** Makes `tag` an element of the page, unless it is one already. */
export function define(tag: string = TAG): void {
  if (customElements.get(tag)) return;
  customElements.define(tag, tag === TAG ? SplatAvatar : class extends SplatAvatar {});
}

declare global {
  interface HTMLElementTagNameMap {
    'splat-avatar': SplatAvatar;
  }
}
