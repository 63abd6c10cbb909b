"""What a room costs and how well lips and voice agree: ``python benchmarks/room_page.py [--seconds N]``.

Two pages in two headless Chromiums sit in one room. One of them opens its mouth and sounds a tone at the same moment,
again and again; the other one notes when it hands the tone to its sound output and when it hands the opened mouth to
the graphics. Once with WebRTC between them, once through the server alone. Beside it how long a face takes where nobody
speaks, what the faces of one speaker take of the wire, headers counted, and how many Gaussians a full table has. Then a
program takes the speaker's place, as ``drive --audio --room`` and ``drive --mic --room`` do.
"""

from __future__ import annotations

import argparse
import base64
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.live_sound import HEARD_RATE, HeardSound, PlayedSound
from splatavatar.viewer.room.member import RoomMember
from splatavatar.viewer.room.opus import integers
from splatavatar.viewer.room.room import Room
from splatavatar.viewer.room.sink import RoomSink
from splatavatar.viewer.site import load_site
from support import chromium
from support.browser import Browser, Page
from support.rooms import running, send_faces, token

SPEAKER = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext({ sampleRate: 48000 });
  const tone = context.createOscillator(), gain = context.createGain(), out = context.createMediaStreamDestination();
  tone.frequency.value = 440; gain.gain.value = 0; tone.connect(gain); gain.connect(out); tone.start();
  window.sound = (on) => { gain.gain.value = on ? 0.5 : 0; };
  return out.stream;
};
window.mouth = (on) => {
  const jaw = document.querySelector('input[aria-label="Jaw and tongue: Jaw open"]');
  jaw.value = Number(on); jaw.dispatchEvent(new Event('input'));
};
"""
LISTENER = """
window.tracks = []; window.connections = []; window.heard = []; window.seen = [];
const Connection = RTCPeerConnection;
window.RTCPeerConnection = class extends Connection {
  constructor(...more) {
    super(...more); connections.push(this); this.addEventListener('track', (event) => tracks.push(event.track));
  }
};
const begin = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (at) {
  const loud = this.buffer.getChannelData(0).some((x) => Math.abs(x) > 0.05);
  note(heard, loud, performance.now() + 1000 * (at - this.context.currentTime));
  return begin.call(this, at);
};
const note = (list, value, at) => { if (list.at(-1)?.[1] !== value) list.push([at, value]); };
const upload = WebGL2RenderingContext.prototype.texSubImage2D;
WebGL2RenderingContext.prototype.texSubImage2D = function (...given) {
  const posed = given.at(-1);
  if (posed instanceof Float32Array) {
    let sum = 0;
    for (let i = 1; i < posed.length; i += 4) sum += posed[i];
    window.least = Math.min(window.least ?? sum, sum); window.most = Math.max(window.most ?? sum, sum);
    if (most - least > 0.5) note(seen, sum < (least + most) / 2, performance.now());
  }
  return upload.apply(this, given);
};
window.listen = async () => {
  const context = new AudioContext({ sampleRate: 48000 });
  await context.resume();
  const source = context.createMediaStreamSource(new MediaStream([tracks[0]])), meter = context.createAnalyser();
  meter.fftSize = 256; source.connect(meter);
  const samples = new Float32Array(256);
  setInterval(() => {
    meter.getFloatTimeDomainData(samples); note(heard, samples.some((x) => x > 0.05), performance.now());
  }, 2);
};
"""
RELAYED = "RTCPeerConnection.prototype.addIceCandidate = async () => {};"
WIRE = """(async () => {
  const found = {};
  for (const report of (await connections[0].getStats()).values()) {
    if (report.type === 'transport')
      Object.assign(found, { bytes: report.bytesReceived, packets: report.packetsReceived });
    if (report.type === 'data-channel') found.faces = report.messagesReceived;
  }
  return [performance.now() / 1000, found];
})()"""
BLOCK = HEARD_RATE // 100
"""samples that a microphone hands over at a time"""
NETWORK = 0.1
"""seconds by which a face of a microphone is behind its sound: 80 ms of looking ahead, and the work"""
IP_UDP = 28
"""bytes of the headers below DTLS"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    seconds = parser.parse_args().seconds
    program = chromium.find()
    if program is None:
        sys.exit(chromium.HOW)
    flags = ("--use-fake-ui-for-media-stream",)
    with closing(Browser(*program, flags=flags)) as one, closing(Browser(*program, flags=flags)) as other:
        for way, script in (("directly", ""), ("through the server", RELAYED)):
            with meeting(one, other, script) as (speaker, listener):
                if not script:
                    print(f"faces of one speaker on the wire: {wire(speaker, listener, seconds)}")
                print(f"a face {way}, from its slider to the graphics: {ages(speaker, listener, seconds)}")
                print(f"a mouth {way}, after its tone: {agreement(speaker, listener, seconds)}")
        for way, script in (("directly", ""), ("through the server", RELAYED)):
            for what, speaks in (("a file", of_file), ("a microphone", of_microphone)):
                print(
                    f"a mouth of a program that plays {what}, {way}: {program_agrees(other, script, speaks, seconds)}"
                )
        full_table(one)


@contextmanager
def meeting(one: Browser, other: Browser, script: str) -> Iterator[tuple[Page, Page]]:
    """Two pages that see each other."""
    room = Room(2)
    with running(room, load_site()) as port, ExitStack() as tabs:
        pages = []
        for number, (browser, more) in enumerate(((one, SPEAKER), (other, LISTENER)), 1):
            page = tabs.enter_context(closing(browser.page(320, 240)))
            page.call("Page.addScriptToEvaluateOnNewDocument", source=script + more)
            enter(page, f"http://127.0.0.1:{port}/room.html?token={token(room, number)}")
            pages.append(page)
        for page in pages:
            page.wait("document.documentElement.dataset.heads === '1'")
        if not script:
            pages[0].wait("document.querySelector('.people').textContent.includes('direct')")
        for on in ("true", "false"):  # the listener learns both faces
            pages[0].run(f"mouth({on})")
            time.sleep(2)
        yield pages[0], pages[1]


def enter(page: Page, link: str) -> None:
    """Take a seat as the demo avatar."""
    page.open(link)
    bytes_ = base64.b64encode(DEMO.read_bytes()).decode()
    page.run(
        f"""(() => {{
        document.querySelector('#name').value = 'Somebody';
        const transfer = new DataTransfer(), field = document.querySelector('#avatar');
        transfer.items.add(new File([Uint8Array.from(atob('{bytes_}'), c => c.charCodeAt(0))], 'me.splatavatar'));
        field.files = transfer.files; field.dispatchEvent(new Event('change')); }})()"""
    )
    page.wait("document.querySelector('#chosen').textContent.includes(' MB')")
    page.run("document.querySelector('button[type=submit]').click()")
    page.wait("document.documentElement.dataset.room === 'in'")


def pulses(page: Page, seconds: float, act: str) -> list[float]:
    """Do ``act`` with true and false in turn at uneven times; when, by the clock of the machine, in milliseconds."""
    rng = np.random.default_rng(1)
    end, done = time.monotonic() + seconds, []
    while time.monotonic() < end:
        on = "false" if len(done) % 2 else "true"
        done.append(float(page.run(f"{act.replace('ON', on)}; performance.timeOrigin + performance.now()")))
        time.sleep(rng.uniform(0.6, 0.9))
    return done


Speaks = Callable[[RoomSink, float, threading.Event], None]


def program_agrees(listening: Browser, script: str, speaks: Speaks, seconds: float) -> str:
    """How long after the tone of a program its mouth opens and closes in a page."""
    room, over = Room(2), threading.Event()
    with running(room, load_site()) as port, closing(listening.page(320, 240)) as page:
        page.call("Page.addScriptToEvaluateOnNewDocument", source=script + LISTENER)
        links = [f"http://127.0.0.1:{port}/room.html?token={token(room, number)}" for number in (1, 2)]
        enter(page, links[0])
        member = RoomMember(links[1], direct=not script)
        page.wait("document.documentElement.dataset.heads === '1'")
        if not script:
            page.wait("document.querySelector('.people').textContent.includes('direct')")
        sink = RoomSink(member)
        speaking = threading.Thread(target=speaks, args=(sink, seconds + 10, over))
        speaking.start()
        time.sleep(6)
        if not script:
            page.run("listen()")
        page.run("void (heard.length = seen.length = 0)")
        time.sleep(seconds)
        found = compared(page)
        over.set()
        speaking.join()
        sink.close()
        return found


def tones(seconds: float) -> np.ndarray:
    """Tones at uneven times, mono at 16 kHz."""
    rng, ends = np.random.default_rng(2), [0.5]
    while ends[-1] < seconds:
        ends.append(ends[-1] + rng.uniform(0.6, 0.9))
    time_of = np.arange(round(seconds * HEARD_RATE)) / HEARD_RATE
    return np.where(np.searchsorted(ends, time_of) % 2, 0.5 * np.sin(2 * np.pi * 440 * time_of), 0).astype(np.float32)


def faces(sink: RoomSink, sound: np.ndarray, origin: float, late: float, over: threading.Event) -> Iterator[float]:
    """Show the faces that ``sound``, which began at ``origin``, moves, ``late`` seconds after it; the times of each."""
    while not over.wait(1 / 60):
        now = time.perf_counter()
        at = max(round((now - late - origin) * HEARD_RATE), 0)
        sink.take(FaceSignal.neutral(jawOpen=float(np.abs(sound[at : at + 60]).max(initial=0) > 0.05)), now)
        yield now


def of_file(sink: RoomSink, seconds: float, over: threading.Event) -> None:
    """Be a drive that plays a file: its face is of the moment at which it is shown."""
    with TemporaryDirectory() as folder:
        path, sound = Path(folder, "tones.wav"), tones(seconds)
        with wave.open(str(path), "wb") as out:
            out.setparams((1, 2, HEARD_RATE, 0, "NONE", ""))
            out.writeframes(integers(sound).tobytes())
        origin = time.perf_counter()
        played = PlayedSound(path, lambda: origin)
        sink.hear(played)
        for number, now in enumerate(faces(sink, sound, origin, 0.0, over)):
            if number == 0:
                played.begin(now)


def of_microphone(sink: RoomSink, seconds: float, over: threading.Event) -> None:
    """Be a drive with a microphone: blocks come when they are over, faces as late as the network makes them."""
    sound, heard, origin = tones(seconds), HeardSound(), time.perf_counter()

    def hear() -> None:
        for begin in range(0, len(sound) - BLOCK, BLOCK):
            heard_at = origin + begin / HEARD_RATE
            if over.wait(max(heard_at + 0.015 - time.perf_counter(), 0)):
                return
            heard.hear(sound[begin : begin + BLOCK], heard_at)

    hearing = threading.Thread(target=hear)
    hearing.start()
    sink.hear(heard)
    for number, now in enumerate(faces(sink, sound, origin, NETWORK, over)):
        if number == 0:
            heard.begin(now)
            heard.align(NETWORK)
    hearing.join()


def agreement(speaker: Page, listener: Page, seconds: float) -> str:
    """How long after the tone the mouth opens and closes."""
    speaker.run("document.querySelector('.microphone').click()")
    time.sleep(4)
    if listener.run("tracks.length && document.querySelector('.people').textContent.includes('direct')"):
        listener.run("listen()")
    listener.run("void (heard.length = seen.length = 0)")
    pulses(speaker, seconds, "sound(ON), mouth(ON)")
    return compared(listener)


def compared(listener: Page) -> str:
    """How long after each change of the tone that of the mouth was, as the page noted them."""
    heard, seen = listener.run("[heard, seen]")
    off = []
    for at, on in seen:
        near = [tone for tone, loud in heard if loud == on]
        if near:
            off.append(at - min(near, key=lambda tone: abs(tone - at)))
    return told(off)


def ages(speaker: Page, listener: Page, seconds: float) -> str:
    """How long a face takes."""
    listener.run("void (seen.length = 0)")
    begun = pulses(speaker, seconds, "mouth(ON)")
    seen = [at for at, _ in listener.run("seen.map(([at, on]) => [performance.timeOrigin + at, on])")]
    took = [min(at for at in seen if at >= start) - start for start in begun if any(at >= start for at in seen)]
    return told([age for age in took if age < 500])


def told(values: list[float]) -> str:
    quantiles = np.percentile(values, [0, 50, 95, 100])
    return f"{len(values)} times, {', '.join(f'{value:.0f}' for value in quantiles)} ms (least, median, p95, most)"


def wire(speaker: Page, listener: Page, seconds: float) -> str:
    """What moving faces take, and that the listener's own ones are acknowledged."""
    speaker.run("window.moving = setInterval(() => mouth(Math.random()), 15)")
    time.sleep(1)
    began, before = listener.run(WIRE)
    time.sleep(seconds)
    ended, after = listener.run(WIRE)
    speaker.run("clearInterval(moving)")
    faces, packets, content = (after[name] - before[name] for name in ("faces", "packets", "bytes"))
    rate = 8e-3 * (content + IP_UDP * packets) / (ended - began)
    return f"{rate:.1f} kbit/s for {faces / (ended - began):.1f} faces a second in {packets / faces:.2f} packets each"


def full_table(browser: Browser) -> None:
    """Print with how many Gaussians seven others are drawn."""
    room = Room(8)

    def talking(_: int, frame: int) -> FaceSignal:
        return FaceSignal.neutral(jawOpen=0.5 + 0.5 * float(np.sin(frame / 5)))

    with (
        running(room, load_site()) as port,
        closing(browser.page(1280, 720)) as page,
        send_faces(port, room, range(2, 9), DEMO.read_bytes(), talking, 30),
    ):
        enter(page, f"http://127.0.0.1:{port}/room.html?token={token(room, 1)}")
        page.wait("document.documentElement.dataset.heads === '7'")
        time.sleep(2)
        gaussians = page.run("document.documentElement.dataset.gaussians")
        print(f"a table of eight at 1280x720: {gaussians} Gaussians of {7 * len(load_avatar(DEMO).gaussians.face)}")


if __name__ == "__main__":
    main()
