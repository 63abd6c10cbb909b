import type { Framing } from '../file/avatar';

/** of the screen's for every pixel of the page */
const MOST_PIXELS = 2;
/** width over height of a picture in which a head has room */
const LEAST_ASPECT = 0.8;

/** Gives a canvas the pixels of the place that it has on the page. Returns whether that changed them. */
export function fitCanvas(canvas: HTMLCanvasElement): boolean {
  const ratio = Math.min(devicePixelRatio || 1, MOST_PIXELS);
  const width = Math.round(canvas.clientWidth * ratio) || 1;
  const height = Math.round(canvas.clientHeight * ratio) || 1;
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

/** Gives a canvas exactly so many pixels, each one of the screen's. */
export function fixCanvas(canvas: HTMLCanvasElement, [width, height]: [number, number]): void {
  canvas.width = width;
  canvas.height = height;
  canvas.style.width = `${width / (devicePixelRatio || 1)}px`;
  canvas.style.height = `${height / (devicePixelRatio || 1)}px`;
  canvas.classList.add('fixed');
}

/** A framing from farther away where a place is so narrow that the head would not fit into its width. */
export function roomyFraming(frame: Framing, { clientWidth, clientHeight }: Element): Framing {
  const narrow = Math.max(1, (LEAST_ASPECT * clientHeight) / Math.max(clientWidth, 1));
  return { ...frame, distance: frame.distance * narrow };
}
