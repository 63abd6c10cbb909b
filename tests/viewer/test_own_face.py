"""The viewer's own camera and microphone in a real browser, which plays files as its camera and microphone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from splatavatar.errors import DependencyError
from splatavatar.models import locate
from splatavatar.rig.arkit import INDEX
from support import chromium
from support.browser import Browser, Page
from support.people import portrait
from support.shared import landmark_model, shared

OWN = "document.documentElement.dataset.own"
SAID = "document.querySelector('.status').textContent"
DEVICES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
Open = Callable[..., Page]


def press(page: Page, text: str) -> None:
    page.run(f"[...document.querySelectorAll('button')].find(b => b.textContent === {json.dumps(text)}).click()")


@pytest.fixture
def with_devices(tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """``with_devices(flag, ...)``: a browser that gives every page its camera and microphone."""
    program = chromium.find()
    if program is None:
        pytest.skip(chromium.HOW)
    running: list[Browser] = []

    def started(*flags: str) -> Browser:
        running.append(Browser(*program, flags=(*DEVICES, *flags)))
        return running[-1]

    yield started
    for each in running:
        each.close()


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of all models that the page needs, named to the server; skips where one was not fetched."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("vision_tasks", "onnx_runtime"):
        try:
            found = locate(name)
        except DependencyError as error:
            pytest.skip(str(error))
        (folder / found.name).symlink_to(found)
    landmarker = landmark_model()
    (folder / landmarker.name).symlink_to(landmarker)
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(folder))
    return folder


def test_a_refusal_is_said(light: str, open_page: Open) -> None:
    page = open_page(light)
    for name, device in (("Webcam", "camera"), ("Microphone", "microphone")):
        press(page, name)
        page.wait(
            f"{SAID}.startsWith('The browser was told not to give this page a {device}') || {SAID}.startsWith('No ')"
        )
        assert page.run(f"{OWN} === undefined")


@pytest.mark.parametrize("name", ["Webcam", "Microphone"])
def test_a_server_without_the_models_names_the_command(
    light: str, with_devices: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)
    page = with_devices().page()
    page.open(light)
    press(page, name)
    page.wait(f"{SAID}.includes('run `splatavatar models pull')")
    assert page.run(f"{OWN} === undefined")
    page.close()


def heard(page: Page, coefficient: str, seconds: float) -> np.ndarray:
    """A slider of the page, twenty times a second."""
    script = f"""(async () => {{
      const slider = document.querySelector('input[data-index="{INDEX[coefficient]}"]');
      const seen = [];
      for (let i = 0; i < {int(20 * seconds)}; i++) {{
        await new Promise(resolve => setTimeout(resolve, 50));
        seen.push(Number(slider.value));
      }}
      return seen;
    }})()"""
    return np.array(page.run(script))


def asked_of_others(page: Page, where: str) -> list[str]:
    own = urlsplit(where).netloc
    return [url for url in page.requests if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc != own]


def write_y4m(path: Path, frames: list[np.ndarray]) -> None:
    """The film that a browser takes for a camera; it plays over and over."""
    import av

    height, width = frames[0].shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F15:1 Ip A1:1 C420jpeg\n".encode())
        for image in frames:
            planes = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p").to_ndarray()
            file.write(b"FRAME\n" + planes.tobytes())


@pytest.mark.shared
def test_a_camera_drives_the_face_and_no_picture_leaves(
    light: str, with_devices: Callable[..., Browser], archives: Path, tmp_path: Path
) -> None:
    frames = [image[::2, ::2] for image in portrait()]
    write_y4m(tmp_path / "face.y4m", [np.ascontiguousarray(image) for image in frames])
    page = with_devices(f"--use-file-for-fake-video-capture={tmp_path / 'face.y4m'}").page(320, 240)
    page.open(light)
    press(page, "Webcam")
    page.wait(f"{OWN} === 'webcam'")
    jaw = heard(page, "jawOpen", 12)
    assert np.ptp(jaw) > 0.05, jaw
    assert not asked_of_others(page, light) and not page.messages
    press(page, "Stop webcam")
    page.wait(f"{OWN} === undefined")
    page.close()


@pytest.mark.shared
def test_a_microphone_drives_the_face_and_no_sound_leaves(
    light: str, with_devices: Callable[..., Browser], archives: Path
) -> None:
    speech = shared("speech/Claire_neutral.wav")
    page = with_devices(f"--use-file-for-fake-audio-capture={speech}").page(320, 240)
    page.open(light)
    press(page, "Microphone")
    page.wait(f"{OWN} === 'microphone'")
    jaw = heard(page, "jawOpen", 8)
    assert jaw.std() > 0.03, jaw
    assert not asked_of_others(page, light) and not page.messages
    press(page, "Stop microphone")
    page.wait(f"{OWN} === undefined")
    page.close()
