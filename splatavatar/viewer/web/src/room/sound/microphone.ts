// The microphone, asked for by a click alone.
import { refusal } from '../../drive/devices';
import { PageError } from '../../errors';

/** What is heard, once the person allows it. Throws a PageError. */
export async function openMicrophone(): Promise<MediaStream> {
  const { mediaDevices } = navigator;
  if (!mediaDevices?.getUserMedia)
    throw new PageError('Browsers give a microphone to encrypted pages alone (https), or to pages of this machine.');
  try {
    return await mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
  } catch (error) {
    throw new PageError(refusal('microphone', error instanceof Error ? error.name : ''));
  }
}
