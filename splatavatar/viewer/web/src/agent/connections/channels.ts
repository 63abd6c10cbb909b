// A WebRTC connection that is offered by one request: sound, a microphone, pictures, negotiated data channels.
import { PageError } from '../../errors';

/** milliseconds that are waited for addresses of this device */
const GATHERING = 2_000;

/** Throws a PageError where the browser has no WebRTC. */
export function checkPeers(): void {
  if (!globalThis.RTCPeerConnection)
    throw new PageError('This browser has no WebRTC, by which the avatar is heard; use another one.');
}

/** Posts a description and gives the answer. */
export type Post = (offer: RTCSessionDescriptionInit) => Promise<RTCSessionDescriptionInit>;

/** Offers `connection` once its addresses are known: nothing is sent afterwards. */
export async function offer(connection: RTCPeerConnection, post: Post): Promise<void> {
  await connection.setLocalDescription(await connection.createOffer());
  await gathered(connection);
  const { type, sdp } = connection.localDescription!;
  await connection.setRemoteDescription(await post({ type, sdp }));
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const done = () => connection.iceGatheringState === 'complete' && resolve();
    connection.addEventListener('icegatheringstatechange', done);
    setTimeout(resolve, GATHERING);
    done();
  });
}
