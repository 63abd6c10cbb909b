// Draws a scene of three.js with the heads in it.
import {
  type ArrayCamera,
  type Camera,
  Frustum,
  Matrix4,
  type Scene,
  Sphere,
  Vector3,
  Vector4,
  type WebGLRenderer,
} from 'three';
import type { PosedAvatar } from '../detail/posed_avatar';
import type { Camera as SplatCamera, Vector } from '../splats/camera';
import { SplatCloud } from '../splats/cloud';
import { bindQuads } from '../splats/quads';
import type { Stages } from '../splats/stage';
import { Head } from './head';
import { cameraOf } from './placed';

/** A head that somebody sees in this frame. */
interface Seen {
  head: Head;
  detail: PosedAvatar;
  cloud: SplatCloud;
  /** metres from the eyes */
  distance: number;
}

/** Draws whole scenes: things as three.js does, then the heads among them, the farthest first, each with the pose and
 * the order of its Gaussians of this very frame. What is opaque hides what lies behind it of a head.
 *
 * All eyes share one pose and one order, which is that of the middle between them: exact where they look in parallel.
 */
export class HeadRenderer {
  /** of the last picture, all heads and eyes together */
  readonly milliseconds: Stages = { pose: 0, depth: 0, sort: 0, upload: 0, draw: 0 };
  private readonly gl: WebGL2RenderingContext;
  private readonly quads: WebGLVertexArrayObject;
  private readonly clouds = new Map<PosedAvatar, SplatCloud>();
  private readonly whole = new Vector4();
  private readonly sphere = new Sphere();
  private readonly frustum = new Frustum();
  private readonly matrix = new Matrix4();
  private readonly axis = new Vector3();
  private readonly eye = new Vector3();

  constructor(private readonly three: WebGLRenderer) {
    this.gl = three.getContext() as WebGL2RenderingContext;
    this.quads = this.gl.createVertexArray();
    this.gl.bindVertexArray(this.quads);
    bindQuads(this.gl);
    three.resetState();
  }

  /** Draws `scene` as `camera` sees it; within a session of a headset, as its eyes do. */
  render(scene: Scene, camera: Camera): void {
    const { three, milliseconds } = this;
    three.render(scene, camera);
    for (const stage of Object.keys(milliseconds) as (keyof Stages)[]) milliseconds[stage] = 0;
    const seenBy = three.xr.isPresenting ? three.xr.getCamera() : camera;
    const eyes = (seenBy as ArrayCamera).isArrayCamera ? (seenBy as ArrayCamera).cameras : [seenBy];
    if (!eyes.length) return;
    const seen = this.look(scene, eyes);
    if (!seen.length) return;
    const target = three.getRenderTarget();
    for (const each of seen) this.prepare(each);
    this.draw(seen, eyes);
    three.resetState();
    three.setRenderTarget(target);
  }

  /** Gives the graphics memory of a head back. */
  forget(head: Head): void {
    for (const [detail, cloud] of this.clouds) {
      if (!head.owns(detail)) continue;
      cloud.close();
      this.clouds.delete(detail);
    }
  }

  /** The visible heads, the farthest first. */
  private look(scene: Scene, eyes: Camera[]): Seen[] {
    const seen: Seen[] = [];
    this.middle(eyes);
    scene.traverseVisible((thing) => {
      if (!(thing instanceof Head)) return;
      const { matrixWorld, middle, radius } = thing;
      this.sphere.center.set(...middle).applyMatrix4(matrixWorld);
      this.sphere.radius = radius * matrixWorld.getMaxScaleOnAxis();
      const visible = eyes.some((eye) =>
        this.frustum
          .setFromProjectionMatrix(this.matrix.multiplyMatrices(eye.projectionMatrix, eye.matrixWorldInverse))
          .intersectsSphere(this.sphere),
      );
      if (!visible) return;
      const { detail } = thing;
      let cloud = this.clouds.get(detail);
      if (!cloud) {
        plainPixels(this.gl);
        cloud = new SplatCloud(this.gl, detail.avatar, detail.turning);
        this.clouds.set(detail, cloud);
      }
      seen.push({ head: thing, detail, cloud, distance: this.sphere.center.distanceTo(this.eye) });
    });
    return seen.sort((a, b) => b.distance - a.distance);
  }

  /** Sets `eye` and `axis` to those of the middle of all eyes. */
  private middle(eyes: Camera[]): void {
    this.eye.set(0, 0, 0);
    this.axis.set(0, 0, 0);
    for (const eye of eyes) {
      const m = eye.matrixWorld.elements;
      this.eye.add({ x: m[12]!, y: m[13]!, z: m[14]! });
      this.axis.sub({ x: m[8]!, y: m[9]!, z: m[10]! });
    }
    this.eye.divideScalar(eyes.length);
    this.axis.normalize();
  }

  private prepare({ head, detail, cloud }: Seen): void {
    let last = performance.now();
    const lap = (stage: keyof Stages) => {
      const now = performance.now();
      this.milliseconds[stage] += now - last;
      last = now;
    };
    head.pose();
    lap('pose');
    const m = head.matrixWorld.elements;
    const { x, y, z } = this.axis;
    const along = (i: number) => x * m[i]! + y * m[i + 1]! + z * m[i + 2]!;
    const axis: Vector = [along(0), along(4), along(8)];
    detail.measure(axis, along(12) - this.axis.dot(this.eye));
    lap('depth');
    detail.sort();
    lap('sort');
    plainPixels(this.gl);
    cloud.upload(detail.rig, detail.order.padded);
    lap('upload');
  }

  private draw(seen: Seen[], eyes: Camera[]): void {
    const { gl, three } = this;
    const start = performance.now();
    gl.bindVertexArray(this.quads);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LEQUAL);
    gl.depthMask(false);
    gl.disable(gl.CULL_FACE);
    gl.disable(gl.SCISSOR_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.colorMask(true, true, true, true);
    gl.enable(gl.BLEND);
    gl.blendEquation(gl.FUNC_ADD);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    for (const eye of eyes) {
      const own = (eye as Camera & { viewport?: Vector4 }).viewport;
      const viewport = own ?? three.getCurrentViewport(this.whole);
      gl.viewport(viewport.x, viewport.y, viewport.z, viewport.w);
      for (const { head, cloud } of seen) {
        const camera: SplatCamera = cameraOf(eye, viewport, head.matrixWorld);
        cloud.draw(camera, 1);
      }
    }
    gl.bindVertexArray(null);
    this.milliseconds.draw += performance.now() - start;
  }
}

/** three.js may have had pictures turned over or padded on their way. */
function plainPixels(gl: WebGL2RenderingContext): void {
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
}
