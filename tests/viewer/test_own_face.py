"""The viewer's own camera and microphone in a real browser, which plays files as its camera and microphone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from splatavatar.drive.audio.model import MODEL
from splatavatar.drive.audio.runtime import open_network
from splatavatar.drive.face.filter import FaceFilter
from splatavatar.drive.face.landmark_signal import LandmarkSignal
from splatavatar.drive.sources.live.tracking import FaceChooser, Landmarker, seen
from splatavatar.errors import DependencyError
from splatavatar.models import locate
from splatavatar.rig.arkit import INDEX, NAMES
from support import chromium
from support.browser import Browser, Page
from support.people import portrait
from support.shared import landmark_model, shared

OWN = "document.documentElement.dataset.own"
SAID = "document.querySelector('.status').textContent"
FACE = "[...document.querySelectorAll('input[data-index]')].map(slider => Number(slider.value))"
CALIBRATE = "[...document.querySelectorAll('button')].find(b => b.textContent === 'Calibrate')"
DEVICES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
Open = Callable[..., Page]
BLOCK = 16
"""pixels of a square in the corner of a picture, bright or dark: a binary digit of its number"""
DIGITS = 6
NOTE_PICTURES = """(async () => {
  const { FaceLandmarker } = await import('/models/vision_bundle.mjs');
  const detect = FaceLandmarker.prototype.detectForVideo;
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const shown = () => [...document.querySelectorAll('input[data-index]')]
    .sort((a, b) => a.dataset.index - b.dataset.index).map(slider => Number(slider.value));
  window.noted = [];
  FaceLandmarker.prototype.detectForVideo = function (video, milliseconds) {
    // A film goes on at any time: what is numbered here is what is looked at.
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    context.drawImage(video, 0, 0);
    let number = 0;
    for (let digit = 0; digit < DIGITS; digit++)
      if (context.getImageData(BLOCK * (digit + 0.5), BLOCK / 2, 1, 1).data[0] > 128) number |= 1 << digit;
    if (noted.length) noted.at(-1).shown = shown();
    noted.push({ number, milliseconds });
    return detect.call(this, canvas, milliseconds);
  };
})()""".replace("DIGITS", str(DIGITS)).replace("BLOCK", str(BLOCK))
"""the number and the time of every picture that is looked at, and the face that came of it"""
NOTE_NETWORK = """(async () => {
  const { InferenceSession } = await import('/models/ort.wasm.min.mjs');
  const create = InferenceSession.create;
  window.noted = [];
  InferenceSession.create = async function (...given) {
    const session = await create.apply(this, given);
    const run = session.run.bind(session);
    session.run = async inputs => {
      const said = await run(inputs);
      noted.push([[...inputs.features.data], [...said.coefficients.data]]);
      return said;
    };
    return session;
  };
})()"""
"""what the network is told, and what it says"""


@pytest.fixture
def with_devices() -> Iterator[Callable[..., Browser]]:
    """``with_devices(flag, ...)``: a browser that gives every page its camera and microphone."""
    with ExitStack() as running:
        yield lambda *flags: running.enter_context(chromium.started(*DEVICES, *flags))


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
        page.press(name)
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
    page.press(name)
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
    page.press("Webcam")
    page.wait(f"{OWN} === 'webcam'")
    jaw = heard(page, "jawOpen", 12)
    assert np.ptp(jaw) > 0.05, jaw
    assert not asked_of_others(page, light) and not page.messages
    page.press("Stop webcam")
    page.wait(f"{OWN} === undefined")
    page.close()


@pytest.mark.shared
def test_a_face_that_calibrates_is_at_rest_from_then_on(
    light: str, with_devices: Callable[..., Browser], archives: Path, tmp_path: Path
) -> None:
    still = np.ascontiguousarray(portrait()[0][::2, ::2])
    write_y4m(tmp_path / "face.y4m", [still, still])
    page = with_devices(f"--use-file-for-fake-video-capture={tmp_path / 'face.y4m'}").page(320, 240)
    page.open(light)
    assert page.run(f"{CALIBRATE}.hidden")
    page.press("Webcam")
    page.wait(f"{OWN} === 'webcam' && {FACE}.some(value => value > 0.1)")
    before = np.array(page.run(FACE))
    assert not page.run(f"{CALIBRATE}.hidden")
    page.press("Calibrate")
    page.wait(f"{SAID} === 'Look at the screen and hold still for two seconds.'")
    page.wait(f"{SAID} === 'Calibrated.'")
    page.wait(f"{FACE}.every(value => value < 0.1)")
    assert before.max() > 0.1
    page.press("Stop webcam")
    page.wait(f"{OWN} === undefined && {CALIBRATE}.hidden")
    page.close()


@pytest.mark.shared
def test_a_microphone_drives_the_face_and_no_sound_leaves(
    light: str, with_devices: Callable[..., Browser], archives: Path
) -> None:
    speech = shared("speech/Claire_neutral.wav")
    page = with_devices(f"--use-file-for-fake-audio-capture={speech}").page(320, 240)
    page.open(light)
    page.press("Microphone")
    page.wait(f"{OWN} === 'microphone'")
    jaw = heard(page, "jawOpen", 8)
    assert jaw.std() > 0.03, jaw
    assert not asked_of_others(page, light) and not page.messages
    page.press("Stop microphone")
    page.wait(f"{OWN} === undefined")
    page.close()


@pytest.mark.shared
def test_the_face_of_a_camera_is_the_one_of_python(
    light: str, with_devices: Callable[..., Browser], archives: Path, tmp_path: Path
) -> None:
    frames = [np.ascontiguousarray(image[::2, ::2]) for image in portrait()[: 1 << DIGITS]]
    for number, image in enumerate(frames):
        for digit in range(DIGITS):
            image[:BLOCK, BLOCK * digit : BLOCK * (digit + 1)] = 255 * (number >> digit & 1)
    film = tmp_path / "face.y4m"
    write_y4m(film, frames)
    page = with_devices(f"--use-file-for-fake-video-capture={film}").page(320, 240)
    page.open(light)
    page.run(NOTE_PICTURES)
    page.press("Webcam")
    noted = page.wait("window.noted.length > 80 && noted.slice(0, -1)")
    page.close()
    of_page = np.array([picture["shown"] for picture in noted])
    of_python = faces_of(film, [(picture["number"], picture["milliseconds"]) for picture in noted])
    # The first pictures may come before anything is shown.
    for name in NAMES:
        there, here = of_python[5:, INDEX[name]], of_page[5:, INDEX[name]]
        assert np.abs(there - here).mean() < 0.03, name
        if there.std() > 0.05:
            assert np.corrcoef(there, here)[0, 1] > 0.9, name
    assert (of_python[5:].std(0) > 0.05).sum() >= 5


def faces_of(film: Path, pictures: list[tuple[int, float]]) -> np.ndarray:
    """(T, 52) that Python makes of pictures of a film, each a number and milliseconds."""
    import av

    with av.open(str(film)) as container:
        images = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    chooser, signal, face_filter = FaceChooser(), LandmarkSignal(), FaceFilter()
    landmarker, stamp, faces = Landmarker(landmark_model()), -1, []
    newest = np.zeros(len(NAMES), np.float32)
    for number, milliseconds in pictures:
        stamp = max(stamp + 1, round(milliseconds - pictures[0][1]))
        image, time = images[number], milliseconds / 1000
        face = signal(chooser.choose(seen(landmarker.detect(image, stamp), image.shape[1], image.shape[0]), time), time)
        if face.confidence:
            newest = face_filter(face).arkit
        faces.append(newest)
    landmarker.close()
    return np.array(faces)


@pytest.mark.shared
def test_the_network_says_in_the_page_what_it_says_in_python(
    light: str, with_devices: Callable[..., Browser], archives: Path
) -> None:
    speech = shared("speech/Claire_neutral.wav")
    page = with_devices(f"--use-file-for-fake-audio-capture={speech}").page(320, 240)
    page.open(light)
    page.run(NOTE_NETWORK)
    page.press("Microphone")
    noted = page.wait("window.noted.length > 300 && noted")
    page.close()
    network = open_network(MODEL)
    state = np.zeros((1, network.get_inputs()[1].shape[1]), np.float32)
    jaw = []
    for features, said in noted:
        out, state = network.run(None, {"features": np.array([features], np.float32), "state": state})
        np.testing.assert_allclose(said, out[0], atol=1e-4)
        jaw.append(said[INDEX["jawOpen"]])
    assert np.std(jaw) > 0.03
