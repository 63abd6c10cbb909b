// A head in a headset: life size, at the height of the viewer's own eyes, moved by hand.
import {
  CircleGeometry,
  Color,
  Mesh,
  MeshBasicMaterial,
  PerspectiveCamera,
  RingGeometry,
  Scene,
  SphereGeometry,
  Vector3,
  WebGLRenderer,
  type XRTargetRaySpace,
} from 'three';
import { LEVELS } from '../detail/levels';
import type { Avatar } from '../file/avatar';
import { Head } from '../scene/head';
import { HeadRenderer } from '../scene/renderer';
import type { Vector } from '../splats/camera';
import { Budget } from './budget';
import { Placement, yawOf } from './placement';
import { Measured, showReport } from './report';
import type { Mode, Shown } from './shown';

const RATE = 72;
/** the level of detail that it begins with */
const FIRST_LEVEL = 1;
/** of the pixels that the headset would have each side of a picture be: splats are soft, and cost by the pixel */
const FRAMEBUFFER = 0.8;
/** the most there is: the edges of what is seen are drawn coarser */
const FOVEATION = 1;
/** metres before the viewer */
const AHEAD = 0.9;
/** metres of eyes above the floor that can be true */
const LOWEST = 0.6;
const HIGHEST = 2.2;
const USUAL = 1.6;
/** milliseconds that a self-check stays at a level */
const STAY = 4000;

export class Headset {
  private readonly three: WebGLRenderer;
  private readonly heads: HeadRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(70, 1, 0.05, 50);
  private readonly head: Head;
  private readonly placement: Placement;
  private readonly budget = new Budget(FIRST_LEVEL, LEVELS.length - 1, RATE);
  private readonly measured = new Measured();
  private readonly hands: XRTargetRaySpace[] = [];
  private placed = false;
  private last: number | null = null;
  private began: number | null = null;

  constructor(
    private readonly session: XRSession,
    mode: Mode,
    private readonly shown: Shown,
  ) {
    this.three = new WebGLRenderer({
      antialias: false,
      alpha: true,
      stencil: false,
      powerPreference: 'high-performance',
    });
    this.three.shadowMap.enabled = false;
    this.heads = new HeadRenderer(this.three);
    this.head = new Head(shown.avatar(), shown.selfCheck ? 0 : FIRST_LEVEL);
    this.head.limit = shown.limit();
    this.head.visible = false;
    this.scene.add(this.head);
    this.placement = new Placement(this.head);
    if (mode === 'immersive-vr') this.furnish();
    else this.three.setClearColor(0, 0);
    for (const number of [0, 1]) this.addHand(number);
  }

  /** Draws until the session ends. */
  async start(): Promise<void> {
    const { session, three } = this;
    const { dataset } = document.documentElement;
    const { xr } = three;
    xr.enabled = true;
    xr.setReferenceSpaceType('local-floor');
    xr.setFramebufferScaleFactor(FRAMEBUFFER);
    session.addEventListener('end', () => this.close());
    three.setAnimationLoop((now) => this.frame(now));
    await xr.setSession(session);
    xr.setFoveation(FOVEATION);
    if (session.supportedFrameRates?.includes(RATE)) await session.updateTargetFrameRate(RATE);
    dataset.headset = 'running';
  }

  private frame(now: number): void {
    const { three, head, budget, shown } = this;
    const begin = performance.now();
    if (!this.placed && three.xr.getCamera().cameras.length) this.place();
    this.placement.follow((number) => {
      const hand = this.hands[number]!;
      return hand.visible ? { position: hand.position, rotation: hand.quaternion } : null;
    });
    head.apply(shown.face(performance.now()));
    this.heads.render(this.scene, this.camera);
    const work = performance.now() - begin;
    const interval = this.last === null ? null : now - this.last;
    this.last = now;
    this.began ??= now;
    if (interval === null) return;
    this.measured.add(head.level, { ...this.heads.milliseconds, frame: interval });
    if (shown.selfCheck) {
      const level = Math.floor((now - this.began) / STAY);
      if (level >= LEVELS.length) void this.session.end();
      else head.level = level;
    } else if (budget.tick(interval, work)) head.level = budget.level;
  }

  /** Before the viewer, eye to eye. */
  private place(): void {
    const { head, three } = this;
    const eyes = three.xr.getCamera().cameras.map((camera) => new Vector3().setFromMatrixPosition(camera.matrix));
    const eye = eyes.reduce((sum, each) => sum.add(each), new Vector3()).divideScalar(eyes.length);
    const yaw = yawOf(three.xr.getCamera().cameras[0]!.quaternion);
    const height = eye.y >= LOWEST && eye.y <= HIGHEST ? eye.y : USUAL;
    const ahead = new Vector3(0, 0, -AHEAD).applyAxisAngle(new Vector3(0, 1, 0), yaw);
    const [x, y, z] = eyesOf(head.avatar, head.middle);
    // Who faces +Z before somebody who looks along -Z looks back at them.
    const own = new Vector3(x, y, z).applyAxisAngle(new Vector3(0, 1, 0), yaw);
    head.position.set(eye.x + ahead.x - own.x, height - own.y, eye.z + ahead.z - own.z);
    head.rotation.set(0, yaw, 0);
    head.visible = true;
    this.placed = true;
    this.tell();
  }

  private addHand(number: number): void {
    const hand = this.three.xr.getController(number);
    const mark = new Mesh(new SphereGeometry(0.012, 12, 8), new MeshBasicMaterial({ color: 0x8ab4f8 }));
    hand.add(mark);
    for (const begin of ['squeezestart', 'selectstart'] as const)
      hand.addEventListener(begin, () => this.placement.grab(number, hand.position, hand.quaternion));
    for (const end of ['squeezeend', 'selectend', 'disconnected'] as const)
      hand.addEventListener(end, () => {
        if (!this.placement.holds(number)) return;
        this.placement.release(number);
        this.tell();
      });
    this.hands.push(hand);
    this.scene.add(hand);
  }

  /** A floor to stand on: without one, people sway. */
  private furnish(): void {
    const flat = (geometry: CircleGeometry | RingGeometry, color: number) => {
      const mesh = new Mesh(geometry, new MeshBasicMaterial({ color }));
      mesh.rotation.x = -Math.PI / 2;
      this.scene.add(mesh);
      return mesh;
    };
    this.scene.background = new Color(0x16181c);
    flat(new CircleGeometry(3, 48), 0x22252b);
    for (const radius of [1, 2, 3]) flat(new RingGeometry(radius - 0.01, radius, 64), 0x3a3f48).position.y = 0.002;
  }

  /** Says on the page where the head is: metres, radians about +Y, and how large. */
  private tell(): void {
    const { position, rotation, scale } = this.head;
    document.documentElement.dataset.placed = [...position.toArray(), rotation.y, scale.x]
      .map((x) => x.toFixed(5))
      .join(' ');
  }

  private close(): void {
    const { dataset } = document.documentElement;
    this.three.setAnimationLoop(null);
    this.heads.forget(this.head);
    this.three.dispose();
    this.three.forceContextLoss();
    dataset.headset = 'ended';
    if (this.shown.selfCheck) showReport(this.measured, 'headset');
  }
}

/** Between the eyes of an avatar at rest; the middle of what is framed where its rig has none. */
function eyesOf({ rig }: Avatar, middle: Vector): Vector {
  const [left, right] = rig.eyeJoints;
  if (left < 0 || right < 0) return middle;
  return [0, 1, 2].map((i) => (rig.joints[3 * left + i]! + rig.joints[3 * right + i]!) / 2) as Vector;
}
