// The viewer's own face by a camera: MediaPipe's landmarks, on this device. No picture leaves it.
import { PageError } from '../errors';
import type { FaceSignal } from '../signal/signal';
import { openDevice, stop } from './devices';
import { LandmarkSignal } from './landmark_signal';
import { OwnFace, type Told } from './own_face';
import { type Answer, FaceChooser, seenIn } from './seen';
import { addressOf, modelBytes, modelModule } from './served';
import { TRACKING } from './tables';
import { Collector, calibrated, type UserCalibration } from './user_calibration';

interface Landmarker {
  detectForVideo(video: HTMLVideoElement, milliseconds: number): Answer;
  close(): void;
}

/** As much of `@mediapipe/tasks-vision` as is used. */
interface VisionTasks {
  FaceLandmarker: {
    createFromOptions(files: { wasmLoaderPath: string; wasmBinaryPath: string }, options: unknown): Promise<Landmarker>;
  };
}

/** Opens the camera and what understands it. Throws a PageError. */
export async function openWebcam(told: Told): Promise<Webcam> {
  const stream = await openDevice('camera');
  try {
    told.say('Loading what finds a face');
    const [tasks, network] = await Promise.all([
      modelModule<VisionTasks>('vision_bundle.mjs'),
      modelBytes('face_landmarker.task'),
    ]);
    const files = {
      wasmLoaderPath: addressOf('vision_wasm_internal.js'),
      wasmBinaryPath: addressOf('vision_wasm_internal.wasm'),
    };
    const landmarker = await tasks.FaceLandmarker.createFromOptions(files, {
      baseOptions: { modelAssetBuffer: network, delegate: 'CPU' },
      runningMode: 'VIDEO',
      numFaces: TRACKING.FACES,
      outputFaceBlendshapes: true,
      outputFacialTransformationMatrixes: true,
    });
    const video = document.createElement('video');
    video.muted = true;
    video.playsInline = true;
    video.srcObject = stream;
    await video.play();
    return new Webcam(told, stream, video, landmarker);
  } catch (error) {
    stop(stream);
    throw error;
  }
}

export class Webcam extends OwnFace {
  private readonly chooser = new FaceChooser();
  private readonly signal = new LandmarkSignal();
  private collector: Collector | null = null;
  private rest: UserCalibration | null = null;
  private shown = -1;

  constructor(
    told: Told,
    private readonly stream: MediaStream,
    private readonly video: HTMLVideoElement,
    private readonly landmarker: Landmarker,
  ) {
    super(told);
    for (const track of stream.getTracks())
      track.addEventListener('ended', () => this.close(new PageError('The camera was taken away.')));
    requestAnimationFrame(this.look);
  }

  /** Learns what rest looks like from the next two seconds. */
  calibrate(): void {
    this.collector = new Collector();
    this.told.say('Look at the screen and hold still for two seconds.');
  }

  protected release(): void {
    stop(this.stream);
    this.landmarker.close();
  }

  /** Looks at every new frame; those that come meanwhile are left out. */
  private readonly look = (): void => {
    if (this.closed) return;
    const { video } = this;
    if (video.currentTime !== this.shown && video.videoWidth) {
      this.shown = video.currentTime;
      try {
        this.see(performance.now());
      } catch (error) {
        this.close(error);
        return;
      }
    }
    requestAnimationFrame(this.look);
  };

  private see(milliseconds: number): void {
    const { videoWidth, videoHeight } = this.video;
    const faces = seenIn(this.landmarker.detectForVideo(this.video, milliseconds), videoWidth, videoHeight);
    const time = milliseconds / 1000;
    const signal = this.signal.apply(this.chooser.choose(faces, time), time);
    this.learn(signal);
    this.show(this.rest ? calibrated(signal, this.rest) : signal);
  }

  private learn(signal: FaceSignal): void {
    if (!this.collector?.add(signal, signal.time)) return;
    const { collector } = this;
    this.collector = null;
    try {
      this.rest = collector.result();
      this.told.say('Calibrated.');
    } catch (error) {
      this.told.say((error as Error).message);
    }
  }
}
