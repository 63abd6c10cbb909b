"""When a page hands a tone to its sound output, and an opened mouth to the graphics."""

from __future__ import annotations

import numpy as np

from support.browser import Page

NOTING = """
window.tracks = []; window.heard = []; window.seen = [];
const Connection = RTCPeerConnection;
window.RTCPeerConnection = class extends Connection {
  constructor(...more) {
    super(...more);
    window.connection = this;
    this.addEventListener('track', (event) => tracks.push(event.track));
  }
};
const note = (list, value, at) => { if (list.at(-1)?.[1] !== value) list.push([at, value]); };
const upload = WebGL2RenderingContext.prototype.texSubImage2D;
WebGL2RenderingContext.prototype.texSubImage2D = function (...given) {
  const posed = given.at(-1);
  if (posed instanceof Float32Array) {
    let sum = 0;
    for (let i = 1; i < posed.length; i += 4) sum += posed[i];
    window.sum = sum;
    window.least = Math.min(window.least ?? sum, sum); window.most = Math.max(window.most ?? sum, sum);
    if (most - least > 0.05) note(seen, sum < (least + most) / 2, performance.now());
  }
  return upload.apply(this, given);
};
window.listen = async () => {
  // Not by Web Audio, which hears a track the later the more often it was late itself.
  const reader = new MediaStreamTrackProcessor({ track: tracks[0] }).readable.getReader();
  let clock = Infinity; // milliseconds from the clock of the sound to that of the page
  heard.length = seen.length = 0;
  for (;;) {
    const { value } = await reader.read();
    const samples = new Float32Array(value.numberOfFrames), at = value.timestamp / 1000;
    value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
    clock = Math.min(clock, performance.now() - at);
    const loud = samples.map((x, i) => Math.abs(x) > 0.05 ? i : -1).filter((i) => i >= 0);
    const on = loud.length > 0;
    const first = on && !heard.at(-1)?.[1] ? loud[0] : on ? loud.at(-1) : 0;
    note(heard, on, clock + at + 1000 * first / value.sampleRate);
    value.close();
  }
};
"""
"""Lists ``heard`` and ``seen`` of changes since ``listen()``: milliseconds, and whether it is loud or open."""


def mouth_after_tone(page: Page) -> np.ndarray:
    """Milliseconds (N) from each change of the tone to that of the mouth nearest to it."""
    heard, seen = page.run("[heard.slice(1), seen.slice(1)]")
    off = []
    for at, on in seen:
        near = [tone for tone, loud in heard if loud == on]
        if near:
            off.append(at - min(near, key=lambda tone: abs(tone - at)))
    return np.array(off)
