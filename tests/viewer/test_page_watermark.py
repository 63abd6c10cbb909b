"""The watermark in what a real browser exports, films and captures."""

from __future__ import annotations

import base64
import datetime
import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.avatar.file import digest_of, load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.trust.watermark.embed import marked
from splatavatar.trust.watermark.pattern import tile
from splatavatar.trust.watermark.payload import Payload
from support.browser import Page
from support.static import static

Opened = Callable[..., Page]
KEEP = """window.kept = []; window.keep = blob => { const reader = new FileReader();
reader.onload = () => kept.push(reader.result.split(',')[1]); reader.readAsDataURL(blob); };
(() => { const make = URL.createObjectURL; URL.createObjectURL = blob => { keep(blob); return make(blob); } })()"""
"""what the page saves, in base64"""
CAPTURE = """(async () => { const canvas = one.shadowRoot.querySelector('canvas');
const recorder = new MediaRecorder(canvas.captureStream(30), { videoBitsPerSecond: 4e6 }); const parts = [];
recorder.ondataavailable = event => parts.push(event.data); recorder.onstop = () => keep(new Blob(parts));
recorder.start(); for (let i = 0; i < 40; i++) { one.apply({ jawOpen: i % 8 / 8 });
await new Promise(done => setTimeout(done, 60)) } recorder.stop() })()"""


@pytest.fixture(scope="module")
def short_id() -> str:
    return digest_of(load_avatar(DEMO))[:10]


def marked_and_not(page: Page, address: str, size: tuple[int, int], background: str) -> list[np.ndarray]:
    pictures = []
    for marks in ("", "&marks=0"):
        page.open(f"{address}?ui=0&size={size[0]}x{size[1]}&background={background}{marks}")
        assert page.state() == ("ready", "") and page.messages == []
        pictures.append(page.screenshot(*size).copy())
    return pictures


@pytest.mark.parametrize(("size", "background"), [((320, 256), "506070"), ((203, 301), "ffffff")])
def test_the_page_marks_as_python_does(
    open_page: Opened, address: str, short_id: str, size: tuple[int, int], background: str
) -> None:
    with_mark, without = marked_and_not(open_page("", *size), address, size, background)
    expected = marked(without[..., :3], tile(Payload(short_id, datetime.datetime.now(datetime.timezone.utc).date())))
    # A gain may be rounded the other way: a step of 1/68 of what moves a pixel by one.
    off = np.abs(with_mark[..., :3].astype(int) - expected)
    assert off.max() <= 1 and (off > 0).mean() < 1e-3
    assert (expected != without[..., :3]).mean() > 0.05


def test_over_nothing_only_the_person_is_marked(open_page: Opened, address: str) -> None:
    with_mark, without = marked_and_not(open_page("", 256, 256), address, (256, 256), "transparent")
    assert np.array_equal(with_mark[..., 3], without[..., 3])
    clear = without[..., 3] == 0
    assert clear.any() and (with_mark[clear] == 0).all()
    solid = without[..., 3] == 255
    assert (with_mark[solid] != without[solid]).any(-1).mean() > 0.1


def kept(page: Page, number: int, path: Path) -> Path:
    """What the page saved as that many things before, written to ``path``."""
    page.wait(f"kept.length > {number}")
    path.write_bytes(base64.b64decode(page.run(f"kept[{number}]")))
    return path


def found(*files: Path) -> list[dict[str, object]]:
    """What the command says of the mark in each."""
    command = [sys.executable, "-m", "splatavatar", "detect", "--json", *map(str, files)]
    return list(json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout))


def recoded(path: Path, out: Path) -> Path:
    """The film in H.264 of CRF 28."""
    av = pytest.importorskip("av")
    with av.open(str(path)) as source, av.open(str(out), "w") as sink:
        stream = None
        for number, frame in enumerate(source.decode(video=0)):
            if stream is None:
                stream = sink.add_stream("libx264", rate=25, options={"crf": "28"})
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
            plain = frame.reformat(format="yuv420p")
            plain.pts, plain.time_base = number, Fraction(1, 25)
            sink.mux(stream.encode(plain))
        assert stream is not None
        sink.mux(stream.encode(None))
    return out


def test_the_command_finds_what_the_page_saves(open_page: Opened, address: str, short_id: str, tmp_path: Path) -> None:
    page = open_page(f"{address}?size=400x400&background=808890", 1000, 600)
    page.run(KEEP)
    page.press("Save picture")
    picture = kept(page, 0, tmp_path / "picture.png")
    page.run("document.querySelectorAll('.panel .line input[type=checkbox]')[0].click()")
    page.press("Save picture")
    clear = kept(page, 1, tmp_path / "clear.png")
    alpha = np.asarray(Image.open(clear).convert("RGBA"))[..., 3]
    assert alpha.min() == 0 and alpha.max() == 255
    Image.open(picture).convert("RGB").save(tmp_path / "picture.jpg", quality=75)
    marks = found(picture, clear, tmp_path / "picture.jpg")
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    assert [(mark["avatar"], mark["date"]) for mark in marks] == 3 * [(short_id, today)]


def test_the_command_finds_it_in_a_film_of_the_page(
    open_page: Opened, light: str, light_avatar: Path, tmp_path: Path
) -> None:
    page = open_page(f"{light}?size=400x400&background=808890&signal=signals/hello.npz&frame=0", 1000, 600)
    page.run(KEEP)
    page.press("Record film")
    page.wait("document.querySelector('.status').textContent === 'The film is saved.'")
    film = kept(page, 0, tmp_path / "film.webm")
    expected = digest_of(load_avatar(light_avatar))[:10]
    assert [mark["avatar"] for mark in found(film, recoded(film, tmp_path / "again.mp4"))] == 2 * [expected]


def test_the_command_finds_what_others_capture_of_the_element(
    element: Path, open_page: Opened, short_id: str, tmp_path: Path
) -> None:
    (tmp_path / "element").symlink_to(element)
    (tmp_path / "demo.splatavatar").symlink_to(DEMO)
    (tmp_path / "page.html").write_text(
        '<!doctype html><title>Page</title><script src="element/splat-avatar.js"></script>'
        '<splat-avatar id="one" src="demo.splatavatar" background="#405060" style="width: 360px; height: 360px">'
    )
    with static(tmp_path) as where:
        page = open_page("", 400, 400)
        page.open(f"{where}page.html", wait=False)
        page.wait("document.readyState === 'complete' && !!window.one")
        page.run("one.ready")
        page.run(KEEP)
        page.run(CAPTURE)
        (mark,) = found(kept(page, 0, tmp_path / "captured.webm"))
    assert mark["avatar"] == short_id
