// placeholder
import type { Avatar } from '../file/avatar';
import type { FaceSignal } from '../signal/signal';
export interface TableauListener {
  frame(now: number): [number, number];
  drawn(): void;
}
export class Tableau {
  heads = new Map<number, { avatar: Avatar; face: FaceSignal | null }>();
  listener: TableauListener | null = null;
  constructor(readonly canvas: HTMLCanvasElement) {}
  start(listener: TableauListener): void {
    this.listener = listener;
    const loop = (now: number) => {
      if (!this.listener) return;
      this.listener.frame(now);
      this.listener.drawn();
      requestAnimationFrame(loop);
    };
    requestAnimationFrame(loop);
  }
  stop(): void {
    this.listener = null;
  }
  refresh(): void {}
  add(id: number, avatar: Avatar): void {
    this.heads.set(id, { avatar, face: null });
  }
  remove(id: number): void {
    this.heads.delete(id);
  }
  show(id: number, face: FaceSignal): void {
    const head = this.heads.get(id);
    if (head) head.face = face;
    document.documentElement.dataset.smile = face.arkit[43]!.toFixed(2);
    document.documentElement.dataset.jaw = face.arkit[24]!.toFixed(2);
  }
  seat(_own: number, _others: Map<number, number>): void {}
  towards(_id: number): number | null {
    return 0;
  }
  below(_id: number): [number, number] | null {
    return [100, 100];
  }
}
