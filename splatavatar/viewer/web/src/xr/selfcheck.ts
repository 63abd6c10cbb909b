// What three heads cost here, without a headset: two eyes, the nearest head at 0.7 m.
import { ArrayCamera, PerspectiveCamera, Scene, Vector4, WebGLRenderer } from 'three';
import { LEVELS } from '../detail/levels';
import type { Avatar } from '../file/avatar';
import { Head } from '../scene/head';
import { HeadRenderer } from '../scene/renderer';
import { type FaceSignal, restSignal } from '../signal/signal';
import { Measured, showReport } from './report';

/** metres between the eyes */
const APART = 0.064;
/** metres to the left and away of each head */
const PLACES = [
  [0, 0.7],
  [-0.55, 1.2],
  [0.55, 1.2],
] as const;
/** pictures, and milliseconds, of a level at most */
const PICTURES = 60;
const LONGEST = 3000;
/** rounds of the processor's work, and before them those that are not counted: the browser has yet to learn what is run often */
const WARM = 15;
const ROUNDS = 45;

/** Measures three heads at every level, in pictures of `size` pixels a side for each eye, and shows the report. Their faces
 * move meanwhile: still ones cost less. */
export async function selfCheck(avatar: Avatar, size: number): Promise<void> {
  const three = new WebGLRenderer({ antialias: false, alpha: true });
  three.setPixelRatio(1);
  three.setSize(2 * size, size, false);
  const heads = new HeadRenderer(three);
  const scene = new Scene();
  const first = new Head(avatar);
  const shown = PLACES.map(([x, z], i) => {
    const head = i ? new Head(avatar) : first;
    head.position.set(x - head.middle[0], -head.middle[1], -z - head.middle[2]);
    scene.add(head);
    return head;
  });
  const eyes = [-1, 1].map((side, i) => {
    const eye = new PerspectiveCamera(75, 1, 0.05, 50) as PerspectiveCamera & { viewport: Vector4 };
    eye.position.x = (side * APART) / 2;
    eye.viewport = new Vector4(i * size, 0, size, size);
    eye.updateMatrixWorld();
    return eye;
  });
  const camera = new ArrayCamera(eyes);
  const measured = new Measured();
  const gl = three.getContext();
  const pixel = new Uint8Array(4);
  for (let level = 0; level < LEVELS.length; level++) {
    for (const head of shown) head.level = level;
    work(shown, level, measured);
    const began = performance.now();
    for (let picture = 0; picture < PICTURES; picture++) {
      const start = performance.now();
      if (picture > 1 && start - began > LONGEST) break;
      for (const head of shown) head.apply(talking(picture));
      heads.render(scene, camera);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
      const { upload, draw } = heads.milliseconds;
      // The first one takes the Gaussians to the graphics memory.
      if (picture) measured.add(level, { upload, draw, frame: performance.now() - start });
    }
    // The page shall stay alive in between.
    await new Promise((resolve) => setTimeout(resolve));
  }
  for (const head of shown) heads.forget(head);
  three.dispose();
  three.forceContextLoss();
  showReport(measured, 'page');
}

/** Measures what the processor does for a picture of all `heads`, without drawing it: slow graphics would have the
 * processor's caches forget in between. */
function work(heads: Head[], level: number, measured: Measured): void {
  for (let round = 0; round < WARM + ROUNDS; round++) {
    const laps = [0, 0, 0] as [number, number, number];
    for (const head of heads) {
      head.apply(talking(round));
      const { detail } = head;
      const steps = [() => head.pose(), () => detail.measure([0, 0, -1], 1), () => detail.sort()];
      steps.forEach((step, i) => {
        const start = performance.now();
        step();
        laps[i]! += performance.now() - start;
      });
    }
    const [pose, depth, sort] = laps;
    if (round >= WARM) measured.add(level, { pose, depth, sort });
  }
}

function talking(picture: number): FaceSignal {
  const face = restSignal();
  face.arkit.fill(0.2 + 0.2 * Math.sin(picture / 5));
  return face;
}
