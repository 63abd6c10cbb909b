// What three heads cost here, without a headset: two eyes, the nearest head at 0.7 m.
import { ArrayCamera, PerspectiveCamera, Scene, Vector4, WebGLRenderer } from 'three';
import type { Avatar } from '../file/avatar';
import { Head } from '../scene/head';
import { LEVELS } from '../scene/levels';
import { HeadRenderer } from '../scene/renderer';
import { restSignal } from '../signal/signal';
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
/** that are not counted: the browser has yet to learn what is run often */
const WARM = 8;

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
    const began = performance.now();
    let counted = 0;
    for (let picture = 0; counted < PICTURES; picture++) {
      const start = performance.now();
      const warm = picture >= WARM || start - began > LONGEST / 3;
      if (counted && start - began > LONGEST) break;
      for (const head of shown) {
        head.level = level;
        const face = restSignal();
        face.arkit.fill(0.2 + 0.2 * Math.sin(picture / 5));
        head.apply(face);
      }
      heads.render(scene, camera);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
      if (!warm) continue;
      measured.add(level, heads.milliseconds, performance.now() - start);
      counted++;
    }
    // The page shall stay alive in between.
    await new Promise((resolve) => setTimeout(resolve));
  }
  for (const head of shown) heads.forget(head);
  three.dispose();
  three.forceContextLoss();
  showReport(measured, 'page');
}
