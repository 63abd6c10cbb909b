// The microphone, asked for by a click alone.
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
    throw new PageError(microphoneRefusal(error instanceof Error ? error.name : ''));
  }
}

/** Why there is no microphone, by the name of the browser's error. */
export function microphoneRefusal(name: string): string {
  if (name === 'NotAllowedError' || name === 'SecurityError')
    return 'The browser was told not to give this page a microphone; allow it in the settings of the page.';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'No microphone was found.';
  if (name === 'NotReadableError') return 'Another program holds the microphone, or the system keeps it from browsers.';
  return 'The microphone cannot be opened.';
}
