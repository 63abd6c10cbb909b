import { sentence } from './errors';
import { readAvatar } from './file/avatar';
import { retarget } from './signal/retarget';
import { restSignal } from './signal/signal';
import { orbitCamera } from './splats/camera';
import { Renderer } from './splats/renderer';
import { Stage } from './splats/stage';
import { fetchAvatar } from './ui/fetching';
import { readLink } from './ui/link';

const root = document.documentElement;

async function main(): Promise<void> {
  const link = readLink(location.search);
  const canvas = document.querySelector<HTMLCanvasElement>('#picture')!;
  [canvas.width, canvas.height] = link.size ?? [512, 512];
  const renderer = new Renderer(canvas, link.target);
  const avatar = await readAvatar(await fetchAvatar(link.avatar, () => {}));
  const stage = new Stage(avatar, renderer);
  const orbit = {
    yaw: link.yaw,
    pitch: link.pitch,
    distance: link.distance ?? stage.frame.distance,
    pan: [0, 0] as [number, number],
  };
  stage.draw(
    retarget(restSignal(), avatar, null),
    orbitCamera(stage.frame, orbit, canvas.width, canvas.height),
    link.background ?? null,
  );
  root.dataset.state = 'ready';
}

main().catch((error) => {
  root.dataset.message = sentence(error);
  root.dataset.state = 'error';
});
