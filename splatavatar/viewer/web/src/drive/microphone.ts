// The viewer's own face by a voice: the package's audio network, on this device. No sound leaves it.
import { PageError } from '../errors';
import { restSignal } from '../signal/signal';
import { AudioToFace, type Network } from './audio_to_face';
import { openDevice, stop } from './devices';
import { OwnFace, type Told } from './own_face';
import samplesAddress from './samples.worklet.ts?worker&url';
import { addressOf, modelBytes, modelModule } from './served';
import { AUDIO } from './tables';

interface Tensor {
  data: Float32Array;
}

/** As much of `onnxruntime-web` as is used. */
interface Runtime {
  env: { wasm: { numThreads: number; wasmPaths: string } };
  Tensor: new (type: 'float32', data: Float32Array, shape: number[]) => Tensor;
  InferenceSession: {
    create(
      network: Uint8Array,
      options: unknown,
    ): Promise<{
      run(inputs: Record<string, Tensor>): Promise<Record<string, Tensor>>;
      release(): Promise<void>;
    }>;
  };
}

/** seconds of sound that may wait: where the device is slower than the voice, what is older is left out */
const MOST_WAITING = 0.5;

/** Opens the microphone and what understands it. Throws a PageError. */
export async function openMicrophone(told: Told): Promise<Microphone> {
  const stream = await openDevice('microphone');
  // The browser brings the sound to the rate of the network.
  const context = new AudioContext({ sampleRate: AUDIO.RATE });
  try {
    told.say('Loading what understands a voice');
    const network = await openNetwork();
    await context.audioWorklet.addModule(samplesAddress);
    const samples = new AudioWorkletNode(context, 'samples', {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    const microphone = new Microphone(told, stream, context, network);
    samples.port.onmessage = ({ data }) => microphone.hear(data);
    context.createMediaStreamSource(stream).connect(samples);
    await context.resume();
    return microphone;
  } catch (error) {
    stop(stream);
    void context.close();
    if (error instanceof DOMException && error.name === 'NotSupportedError')
      throw new PageError('This browser cannot bring the microphone to 16 kHz.');
    throw error;
  }
}

/** The network of the package. Throws a PageError. */
async function openNetwork(): Promise<Network> {
  const [runtime, bytes] = await Promise.all([
    modelModule<Runtime>('ort.wasm.min.mjs'),
    modelBytes('audio_to_face.onnx'),
  ]);
  // Threads would need a page that is isolated from others, and one is more than fast enough.
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = addressOf('');
  const session = await runtime.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  const row = (values: Float32Array) => new runtime.Tensor('float32', values, [1, values.length]);
  const [coefficients, next] = AUDIO.OUTPUTS;
  return async (features, state) => {
    const said = await session.run({ features: row(features), state: row(state) });
    return { coefficients: said[coefficients]!.data, state: said[next]!.data };
  };
}

export class Microphone extends OwnFace {
  private readonly model: AudioToFace;
  private waiting: Float32Array[] = [];
  private busy = false;

  constructor(
    told: Told,
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
    network: Network,
  ) {
    super(told);
    this.model = new AudioToFace(network);
    for (const track of stream.getTracks())
      track.addEventListener('ended', () => this.close(new PageError('The microphone was taken away.')));
  }

  /** Takes samples at 16 kHz. */
  hear(samples: Float32Array): void {
    if (this.closed) return;
    this.waiting.push(samples);
    while (this.waiting.length * samples.length > MOST_WAITING * AUDIO.RATE) this.waiting.shift();
    if (!this.busy) void this.understand();
  }

  protected release(): void {
    stop(this.stream);
    void this.context.close();
  }

  private async understand(): Promise<void> {
    this.busy = true;
    try {
      for (let samples = this.waiting.shift(); samples && !this.closed; samples = this.waiting.shift())
        for (const { time, arkit } of await this.model.push(samples)) this.show({ ...restSignal(time), arkit });
    } catch (error) {
      this.close(error);
    } finally {
      this.busy = false;
    }
  }
}
