"""Sounds that fall onto the page."""

from __future__ import annotations

import io
import threading
import wave
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from support.browser import Page
from support.dropping import drop
from support.page_pictures import SIGNAL

SPEECH = Path(__file__).parents[2] / "data" / "speech" / "fingers.mp3"
LISTEN = "window.Audio = class extends Audio { constructor(...given) { super(...given); window.heard = this; } };"
"""lets a test look at what the page plays"""
SAID = "document.querySelector('.status').textContent"

PLAY = "document.querySelector('.play').textContent"
LINE = "document.querySelector('.transport input[type=range]')"


def tone(seconds: float, rate: int = 8000) -> bytes:
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((8000 * np.sin(np.arange(int(rate * seconds)) / 5)).astype("<i2").tobytes())
    return file.getvalue()


class Slow(ThreadingHTTPServer):
    """Serves a sound whose second half comes when it is let go."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Half)
        self.content = content
        self.rest = threading.Event()


class Half(BaseHTTPRequestHandler):
    server: Slow

    def do_GET(self) -> None:
        content = self.server.content
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])
        self.server.rest.wait(60)
        self.wfile.write(content[len(content) // 2 :])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def slow() -> Iterator[Slow]:
    with Slow(tone(4, 192_000)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.rest.set()
        server.shutdown()


@pytest.fixture
def page(light: str, open_page: Callable[..., Page]) -> Page:
    page = open_page("")
    page.call("Page.addScriptToEvaluateOnNewDocument", source=LISTEN)
    page.open(light)
    return page


def test_a_sound_alone_is_heard_to_its_end(page: Page) -> None:
    drop(page, (SPEECH.name, SPEECH.read_bytes()))
    page.wait("heard.currentTime > 0.5 && !heard.paused")
    assert "add a face signal" in page.run(SAID)
    page.wait("heard.ended && document.querySelector('.play').textContent === 'Play'")
    page.press("Play")
    page.wait("heard.currentTime > 0.2 && heard.currentTime < 3 && !heard.paused")
    assert page.messages == []


def test_a_damaged_sound_is_said_to_be_one(page: Page) -> None:
    drop(page, ("voice.mp3", bytes(range(1, 256)) * 40))
    page.wait(f"{SAID}.startsWith('This browser cannot play the sound')")
    page.wait("heard.paused")


def test_a_sound_that_comes_late_is_waited_for(page: Page, light: str, slow: Slow) -> None:
    page.call("Page.setBypassCSP", enabled=True)  # which lets it hear no other server
    page.open(light)
    page.run(f"URL.createObjectURL = () => 'http://127.0.0.1:{slow.server_port}/'")
    drop(page, ("slow.wav", b"RIFF"))
    page.wait("heard.currentTime > 0.5 && heard.readyState < 3")
    page.run("new Promise(done => setTimeout(done, 4000))")  # as long as the sound
    at = page.run("heard.currentTime")
    assert page.run(PLAY) == "Pause" and page.run(f"{LINE}.valueAsNumber") == pytest.approx(at, abs=0.1)
    slow.rest.set()
    page.wait(f"heard.ended && {PLAY} === 'Play'")


def test_behind_its_end_a_sound_is_silent(page: Page) -> None:
    drop(page, ("voice.wav", tone(2)), (SIGNAL.name, SIGNAL.read_bytes()))
    page.wait(f"heard.ended && {LINE}.valueAsNumber > 2.2")
    page.press("Pause")
    page.wait(f"{PLAY} === 'Play'")
    page.press("Play")
    at = page.run(f"{LINE}.valueAsNumber")
    page.wait(f"{LINE}.valueAsNumber > {at + 0.3}")
    assert page.run("heard.paused") and page.run(f"{LINE}.valueAsNumber") > 2.2


def test_a_sound_that_does_not_say_how_long_it_is(page: Page) -> None:
    page.run("""(async () => {
      const context = new AudioContext(), out = context.createMediaStreamDestination();
      const note = new OscillatorNode(context);
      note.connect(out);
      note.start();
      const recorder = new MediaRecorder(out.stream), parts = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      recorder.start();
      await new Promise(done => setTimeout(done, 2500));
      await new Promise(done => { recorder.onstop = done; recorder.stop(); });
      const transfer = new DataTransfer();
      transfer.items.add(new File(parts, 'voice.ogg'));
      document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    })()""")
    page.wait("heard.currentTime > 0.5 && !heard.paused")
    page.press("Pause")
    page.wait(f"{PLAY} === 'Play'")
    at = page.run("heard.currentTime")
    page.press("Play")
    page.wait(f"heard.currentTime > {at} && !heard.paused")
    page.wait(f"heard.ended && {PLAY} === 'Play'")
