"""A page that is one file, opened from a disk."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.performer import Performer
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import OutputError, SignalError
from splatavatar.viewer.one_file import Embedded, embedded_avatar, embedded_signal, embedded_sound, write_page
from splatavatar.viewer.site import INDEX, SiteFile, load_site

SIGNAL = Path(__file__).parents[2] / "data" / "signals" / "hello.npz"
SIZE = 256


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    """Two seconds of a tone in a WAV file of one channel."""
    import wave

    tone = (8000 * np.sin(2 * np.pi * 220 * np.arange(2 * 16000) / 16000)).astype("<i2")
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(tone.tobytes())
    return path


def test_names_that_are_no_utf8(built: None, tmp_path: Path) -> None:
    files = [Embedded("avatar", "m\udce9.splatavatar", "application/octet-stream", b"")]
    write_page(tmp_path / "page.html", load_site(), "m\udce9", files)
    text = (tmp_path / "page.html").read_text()
    assert 'data-name="m\\xe9.splatavatar"' in text and "<title>m\\xe9</title>" in text


def test_the_file_draws_what_python_draws_and_asks_for_nothing(
    built: None, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "me.html"
    recording = read_signal(SIGNAL)
    size = write_page(path, load_site(), "Me <& you>", [embedded_avatar(DEMO), embedded_signal(recording)])
    assert size == path.stat().st_size < 1.4 * DEMO.stat().st_size + 300_000
    page = open_page("", SIZE, SIZE)
    page.open(f"{path.as_uri()}?ui=0&marks=0&size={SIZE}x{SIZE}&background=ffffff&frame=40")
    assert page.state() == ("ready", "")
    assert {address for address in page.requests if not address.startswith(("data:", "blob:"))} == {
        f"{path.as_uri()}?ui=0&marks=0&size={SIZE}x{SIZE}&background=ffffff&frame=40"
    }
    performer = Performer(load_avatar(DEMO))
    expected = performer.draw(recording.frame(40), performer.camera(SIZE, SIZE))
    away = np.abs(page.screenshot(SIZE, SIZE)[..., :3].astype(int) - expected)
    assert away.mean() < 0.3 and np.percentile(away, 99.9) <= 3
    # Its own policy keeps it from asking.
    assert page.run("fetch('https://example.com').then(() => 'came', () => 'refused')") == "refused"


def test_a_voice_inside_is_heard_when_play_is_pressed(
    built: None, open_page: Callable[..., Any], tmp_path: Path, voice: Path
) -> None:
    path = tmp_path / "me.html"
    files = [embedded_avatar(DEMO), embedded_signal(read_signal(SIGNAL)), embedded_sound(voice)]
    write_page(path, load_site(), "me", files)
    page = open_page(path.as_uri(), 700, 600)
    assert page.state() == ("ready", "") and page.messages == []
    page.wait("document.querySelector('.status').textContent.startsWith('Press Play')")
    page.press("Play")
    page.wait("[...document.querySelectorAll('button')].some((b) => b.textContent === 'Pause')")
    assert page.messages == []


def test_what_is_inside(tmp_path: Path) -> None:
    site = {
        INDEX: SiteFile(
            "text/html",
            b'<html><head>\n    <meta charset="utf-8" />\n<title>x</title>\n<link rel="icon" href="./icon.svg" />\n'
            b'<script type="module" crossorigin src="./a.js"></script>\n'
            b'<link rel="stylesheet" crossorigin href="./a.css">\n</head><body></body></html>',
            b"",
            False,
        ),
        "a.js": SiteFile("text/javascript", b"say('</script><!--')", b"", True),
        "a.css": SiteFile("text/css", b"p { color: red }", b"", True),
        "icon.svg": SiteFile("image/svg+xml", b"<svg/>", b"", False),
    }
    write_page(tmp_path / "a.html", site, "<me>", [Embedded("signal", 'a"b.npz', "text/x", b"\x00\xffsome")])
    text = (tmp_path / "a.html").read_text()
    assert "<title>&lt;me&gt;</title>" in text
    assert "<script type=\"module\">say('<\\/script><\\!--')</script>" in text
    assert "<style>p { color: red }</style>" in text and " src=" not in text and "stylesheet" not in text
    assert 'href="data:image/svg+xml;base64,' in text
    (held,) = re.findall(r'data-kind="signal" data-name="a&quot;b.npz" data-type="text/x">([^<]+)</script>', text)
    assert base64.b64decode(held) == b"\x00\xffsome"
    assert text.index("content-security-policy") < text.index("<script")


def test_a_page_that_cannot_be_put_into_a_file(tmp_path: Path) -> None:
    site = {INDEX: SiteFile("text/html", b"<html></html>", b"", False)}
    with pytest.raises(OutputError, match="build it again"):
        write_page(tmp_path / "a.html", site, "x", [])
    assert not (tmp_path / "a.html").exists()


def test_sound_is_as_long_as_it_was(voice: Path) -> None:
    import io

    import av

    sound = embedded_sound(voice)
    assert (sound.name, sound.media_type) == ("tone.m4a", "audio/mp4")
    with av.open(io.BytesIO(sound.content)) as file:
        samples = sum(frame.samples for frame in file.decode(audio=0))
    assert samples / 48000 == pytest.approx(2.0, abs=0.05)


def test_sound_that_is_none() -> None:
    with pytest.raises(SignalError):
        embedded_sound(SIGNAL)
