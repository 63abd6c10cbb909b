"""Footage of every kind through ``capture extract``, ``capture track`` and ``capture inspect``."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.preparation.folder import (
    CAPTURE,
    Extraction,
    landmarks_path,
    read_description,
    read_extraction,
)
from splatavatar.capture.tracking.track import load_landmarks, observe
from splatavatar.capture.video.extract import ExtractOptions, extract
from splatavatar.cli.app import main
from splatavatar.progress import unheard
from support.footage import write_video
from support.people import MODELS, own_cache, portrait

PICTURES = 10
LOST = slice(30, 42)
PAUSE = 0.5
"""seconds before the frame 50 of the odd video"""
SHIFT = 40
"""pixels between the cameras of the pair"""

Command = Callable[..., list[str]]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """``command(*arguments)``: the lines that it prints, in a cache of this module."""
    portrait()
    patch = pytest.MonkeyPatch()
    patch.setenv("SPLATAVATAR_CACHE", str(own_cache(tmp_path_factory.mktemp("cache") / "cache")))
    patch.setenv("SPLATAVATAR_MODELS", str(MODELS))

    def call(*arguments: object) -> list[str]:
        import contextlib
        import io

        patch.setattr(sys, "argv", ["splatavatar", *map(str, arguments)])
        out = io.StringIO()
        with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as exit_:
            main()
        assert exit_.value.code == 0
        return out.getvalue().splitlines()

    yield call
    patch.undo()


@pytest.fixture(scope="module")
def odd(command: Command, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[str]]:
    """A capture, and what was said of it, of a phone that was turned, that dropped frames and lost the face.

    The frames 30 to 41 show a wall; the frame 50 comes half a second late.
    """
    folder = tmp_path_factory.mktemp("odd")
    frames = [np.ascontiguousarray(np.rot90(image, -1)) for image in portrait()]
    frames[LOST] = [np.full_like(frames[0], 120)] * (LOST.stop - LOST.start)
    times = np.arange(len(frames)) / 30 + PAUSE * (np.arange(len(frames)) >= 50)
    video = write_video(folder / "odd.mp4", frames, fps=30, times=times.tolist(), rotation=90)
    said = command("capture", "extract", video, "-o", folder / "odd", "--frames", PICTURES)
    return folder / "odd", said, command("capture", "track", folder / "odd")


@pytest.fixture(scope="module")
def pair(command: Command, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Extraction, Capture]:
    """Two cameras of one take: the second sees the same, further to the left and lost for a while."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "cameras").mkdir()
    frames = portrait()[:62]
    write_video(folder / "cameras" / "left.mp4", [np.ascontiguousarray(image[:, :-SHIFT]) for image in frames], fps=30)
    right = [np.ascontiguousarray(image[:, SHIFT:]) for image in frames]
    right[:20] = [np.full_like(right[0], 120)] * 20
    write_video(folder / "cameras" / "right.mp4", right, fps=30)
    out = folder / "out"
    command("capture", "extract", folder / "cameras", "-o", out, "--frames", PICTURES)
    command("capture", "track", out, "--rig", "anny-head")
    return out, read_extraction(out), read_capture(out)


@pytest.mark.shared
def test_lost_frames_are_said_and_left_out(odd: tuple[Path, list[str], list[str]]) -> None:
    folder, extracted, tracked = odd
    assert extracted == [
        "- No face in 12 of 72 frames of odd.mp4, left out: 30-41",
        f"{folder}: {PICTURES} pictures; next: splatavatar capture track {folder}",
    ]
    assert re.fullmatch(
        rf"{folder}: landmarks met within 0\.\d\d% of the eye span; next: splatavatar bake {folder}", tracked[0]
    )
    assert any(line.startswith("- No face was found in 12 of 72 frames: keep the whole head") for line in tracked)
    assert not {frame for _, frame in read_extraction(folder).chosen} & set(range(LOST.start, LOST.stop))
    assert read_description(folder / CAPTURE)["lost"] == {"0": list(range(LOST.start, LOST.stop))}
    with np.load(folder / "track.npz") as track:
        assert len(track["frame"]) == 60 and track["chosen"].sum() == PICTURES


@pytest.mark.shared
def test_times_are_those_of_the_video(odd: tuple[Path, list[str], list[str]]) -> None:
    time = Landmarks.load(landmarks_path(odd[0], 0)).time
    assert time[49] == pytest.approx(49 / 30, abs=2e-3)
    assert time[50] == pytest.approx(50 / 30 + PAUSE, abs=2e-3)
    (clip,) = read_extraction(odd[0]).clips
    assert (clip["rotation"], clip["width"], clip["height"]) == (90, 480, 480)
    assert clip["fps"] == pytest.approx(71 / (71 / 30 + PAUSE), rel=1e-3)


@pytest.mark.shared
def test_a_turned_phone_gives_upright_pictures(odd: tuple[Path, list[str], list[str]]) -> None:
    """The nose is below the forehead, and the head of the rig stands as the landmarks do."""
    landmarks = Landmarks.load(landmarks_path(odd[0], 0))
    points = landmarks.points[landmarks.found]
    down = points[:, 152, :2] - points[:, 10, :2]  # from the forehead to the chin
    assert (down[:, 1] > 4 * np.abs(down[:, 0])).all()
    parameters = read_capture(odd[0]).rig_parameters
    assert parameters is not None
    for rotations in parameters.joint_rotations.values():
        assert np.abs(rotations).max() < 0.3


@pytest.mark.shared
def test_the_page_shows_real_landmarks_on_the_mesh(
    odd: tuple[Path, list[str], list[str]], command: Command, tmp_path: Path
) -> None:
    lines = command("capture", "inspect", odd[0], "-o", tmp_path / "page.html")
    assert lines[0].startswith("- No face was found in 12 of 72 frames")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    shown = [unescape(text) for text in re.findall(r'<img alt="([^"]*)"', page)]
    for what in ("mesh", "landmarks", "matte"):
        assert sum(text.startswith(f"{what} of images/") for text in shown) >= 8
    assert "face found in 60 of 72 frames" in page
    assert page.count("<polyline") + page.count("<path") >= 5  # the curves
    for curve in ("yaw", "jawOpen"):
        assert curve in page


@pytest.mark.shared
def test_cameras_of_one_take_share_their_timesteps(pair: tuple[Path, Extraction, Capture]) -> None:
    _, extraction, capture = pair
    half = PICTURES // 2
    assert extraction.synchronised
    one, other = ([frame for clip, frame in extraction.chosen if clip == c] for c in (0, 1))
    assert one == other and len(one) == half and min(one) >= 20
    assert [(f.camera_index, f.timestep) for f in capture.frames] == [(c, t) for c in (0, 1) for t in range(half)]
    assert capture.rig_parameters is not None and len(capture.rig_parameters.expression) == half


@pytest.mark.shared
def test_cameras_of_one_take_see_one_head(pair: tuple[Path, Extraction, Capture]) -> None:
    folder, _, capture = pair
    assert read_description(folder / CAPTURE)["tracking"]["reprojection_median"] < 0.01
    with np.load(folder / "track.npz") as track:
        assert track["frame"].tolist() == list(range(62))  # what one camera has lost the other has seen
        assert track["reprojection"].max() < 0.03
    heads = []
    for frame in capture.frames:
        camera = frame.camera
        heads.append(camera.K[0, 2] + camera.K[0, 0] * camera.T_camera_world[0, 3] / camera.T_camera_world[2, 3])
    half = len(heads) // 2
    # Each window is about the head, which is at the origin of the rig.
    assert np.abs(np.array(heads[:half]) - heads[half:]).max() < 0.1 * capture.frames[0].camera.width


@pytest.mark.shared
def test_a_camera_that_ran_a_frame_longer_keeps_in_step(command: Command, tmp_path: Path) -> None:
    """Frames that only one has are left out; held-out ends begin at the same frame of both."""
    cameras = tmp_path / "cameras"
    cameras.mkdir()
    for name, count in (("left.mp4", 63), ("right.mp4", 62)):
        write_video(cameras / name, portrait()[:count], fps=30)
    command("capture", "extract", cameras, "-o", tmp_path / "all", "--frames", PICTURES)
    extraction = read_extraction(tmp_path / "all")
    one, other = ([frame for clip, frame in extraction.chosen if clip == c] for c in (0, 1))
    assert one == other and len(one) == PICTURES // 2
    assert [len(found.time) for found in load_landmarks(tmp_path / "all", extraction)] == [62, 62]
    # 0.635 of 63 frames are 40, of 62 they are 39.
    end = ExtractOptions(frames=PICTURES, part=(0.635, 1.0), model=MODELS / "face_landmarker.task")
    assert extract([cameras], tmp_path / "end", end, unheard).first == [39, 39]


@pytest.mark.shared
def test_several_clips_of_one_person(command: Command, tmp_path: Path) -> None:
    """Each has its share of the pictures, and its own neighbours in time."""
    frames = portrait()
    write_video(tmp_path / "a.mp4", frames, fps=30)
    write_video(tmp_path / "b.mp4", [np.ascontiguousarray(image[60:, 30:-30]) for image in frames[:62]], fps=30)
    out = tmp_path / "out"
    command("capture", "extract", tmp_path / "a.mp4", tmp_path / "b.mp4", "-o", out, "--frames", PICTURES)
    extraction = read_extraction(out)
    assert [clip["name"] for clip in extraction.clips] == ["a.mp4", "b.mp4"]
    assert not extraction.synchronised
    assert [clip for clip, _ in extraction.chosen] == [0] * 5 + [1] * 5
    assert len(list((out / "images").iterdir())) == PICTURES
    seen = observe(load_landmarks(out, extraction), extraction.synchronised)
    assert seen.clip.tolist() == [0] * 72 + [1] * 62
    assert seen.frame.tolist() == [*range(72), *range(62)]
    assert np.flatnonzero(~seen.observations.linked).tolist() == [0, 72]
    np.testing.assert_array_equal(seen.lenses.centre, [[240, 240], [210, 210]])


@pytest.mark.shared
def test_a_folder_of_pictures(command: Command, tmp_path: Path) -> None:
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, image in enumerate(portrait()[::4]):
        Image.fromarray(image).save(folder / f"{number}.jpg", quality=92)
    out = tmp_path / "out"
    lines = command("capture", "extract", folder, "-o", out, "--frames", PICTURES, "--fps", 10)
    assert lines == [f"{out}: {PICTURES} pictures; next: splatavatar capture track {out}"]
    (clip,) = read_extraction(out).clips
    assert (clip["name"], clip["fps"], clip["still"]) == ("pictures", 10.0, True)
    np.testing.assert_allclose(Landmarks.load(landmarks_path(out, 0)).time, np.arange(18) / 10)
    command("capture", "track", out, "--rig", "anny-head")
    capture = read_capture(out)
    assert len(capture.frames) == PICTURES
    assert capture.rig_parameters is not None and capture.rig_parameters.rig == "anny-head"
    assert read_description(out / CAPTURE)["tracking"]["reprojection_median"] < 0.01
