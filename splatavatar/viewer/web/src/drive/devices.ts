// Cameras and microphones, asked for by a click alone.
import { PageError } from '../errors';

export type Device = 'camera' | 'microphone';

const WANTED: Record<Device, MediaStreamConstraints> = {
  camera: { video: { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 }, facingMode: 'user' } },
  // As it sounds: the network was trained on rooms, noise and levels of all kinds.
  microphone: { audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false } },
};

/** What the device gives, once the person allows it. Throws a PageError. */
export async function openDevice(device: Device): Promise<MediaStream> {
  const { mediaDevices } = navigator;
  if (!mediaDevices?.getUserMedia)
    throw new PageError(`Browsers give a ${device} to encrypted pages alone (https), or to pages of this machine.`);
  try {
    return await mediaDevices.getUserMedia(WANTED[device]);
  } catch (error) {
    throw new PageError(refusal(device, error instanceof Error ? error.name : ''));
  }
}

/** Why there is none, by the name of the browser's error. */
export function refusal(device: Device, name: string): string {
  if (name === 'NotAllowedError' || name === 'SecurityError')
    return `The browser was told not to give this page a ${device}; allow it in the settings of the page.`;
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return `No ${device} was found.`;
  if (name === 'NotReadableError') return `Another program holds the ${device}, or the system keeps it from browsers.`;
  return `The ${device} cannot be opened.`;
}

export function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
