"""A short video of a real face on its way to a capture: what is done once, what is done again, what is left of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.images import load_frame
from splatavatar.capture.preparation.folder import CAPTURE, EXTRACT, landmarks_path, read_description, read_extraction
from splatavatar.capture.preparation.prepare import PrepareOptions, extracted, is_footage, prepare, tracked
from splatavatar.capture.video.extract import ExtractOptions, extract
from splatavatar.capture.video.holdout import Holdout
from splatavatar.errors import CaptureError, OutputError, SettingsError
from support.footage import write_video
from support.people import MODELS, own_cache, portrait

PICTURES = 8
FACE, HEAD, CUT = "finding the face", "tracking the head", "cutting pictures"
ROOT = Path(__file__).parents[3]


@dataclass
class Stages:
    """What was said of the advance: stages in which something happened before they were over."""

    worked: set[str]

    def __call__(self, name: str, share: float) -> None:
        if share < 1:
            self.worked.add(name)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``me.mp4`` (72 frames at 30 a second), and a cache to itself, as long as this module runs."""
    folder = tmp_path_factory.mktemp("prepare")
    frames = portrait()
    cache = own_cache(folder / "cache")
    patch = pytest.MonkeyPatch()
    patch.setenv("SPLATAVATAR_CACHE", str(cache))
    patch.setenv("SPLATAVATAR_MODELS", str(MODELS))
    write_video(folder / "me.mp4", frames, fps=30)
    yield folder
    patch.undo()


def options(**values: object) -> PrepareOptions:
    return PrepareOptions(ExtractOptions(**{"frames": PICTURES, **values}))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def capture(place: Path) -> Path:
    """The capture of ``me.mp4``, in the cache."""
    return prepare([place / "me.mp4"], options(), Stages(set()))


@pytest.mark.shared
def test_a_video_becomes_a_capture(capture: Path) -> None:
    read = read_capture(capture)
    assert len(read.frames) == PICTURES
    assert [frame.timestep for frame in read.frames] == list(range(PICTURES))
    parameters = read.rig_parameters
    assert parameters is not None and parameters.rig == "anny-bust"
    assert parameters.expression.shape == (PICTURES, 52)
    assert np.ptp(parameters.expression, axis=0).max() > 0.1  # she speaks
    found = read_description(capture / CAPTURE)
    assert found["tracking"]["reprojection_median"] < 0.007
    assert found["clips"][0]["name"] == "me.mp4" and found["clips"][0]["frames"] == 72
    with np.load(capture / "track.npz") as track:
        assert track["chosen"].sum() == PICTURES and len(track["chosen"]) == 72
        np.testing.assert_allclose(track["time"], np.arange(72) / 30, atol=1e-3)


@pytest.mark.shared
def test_its_mattes_hold_the_head(capture: Path) -> None:
    """The landmarks of the face lie inside, the corners of the picture above the head outside."""
    read, extraction = read_capture(capture), read_extraction(capture)
    landmarks = Landmarks.load(landmarks_path(capture, 0))
    for picture, frame in enumerate(read.frames):
        _, matte = load_frame(frame)
        window = extraction.windows[picture]
        points = landmarks.points[extraction.chosen[picture][1], :, :2]
        x, y = np.rint((points - [window.x, window.y]) * window.scale).astype(int).T
        assert (matte[y, x] > 200).mean() > 0.98
        assert matte[:10, :10].max() < 30 and matte[:10, -10:].max() < 30


@pytest.mark.shared
def test_nothing_is_done_twice(place: Path, capture: Path) -> None:
    again = Stages(set())
    before = {p: p.stat().st_mtime_ns for p in capture.rglob("*")}
    shutil.copy(place / "me.mp4", place / "renamed.mp4")
    assert prepare([place / "me.mp4"], options(), again) == capture
    assert prepare([place / "renamed.mp4"], options(), again) == capture
    assert not again.worked
    assert {p: p.stat().st_mtime_ns for p in capture.rglob("*")} == before


@pytest.mark.shared
def test_other_options_use_the_same_landmarks(place: Path, capture: Path) -> None:
    stages = Stages(set())
    out = place / "more"
    extraction = extracted([place / "me.mp4"], options(frames=10), out, stages)
    assert len(extraction.chosen) == 10 and stages.worked == {CUT}
    # By another fps for pictures nothing changes; with a choice of face more faces are looked for.
    stages = Stages(set())
    extracted([place / "me.mp4"], options(face=1), out, stages)
    assert stages.worked == {FACE, CUT}
    assert len(list((out / "images").iterdir())) == PICTURES


@pytest.mark.shared
def test_an_interrupted_extraction_goes_on(place: Path, capture: Path) -> None:
    """Ctrl-C while pictures are cut: the earlier capture is as it was, and the face need not be found again."""
    out = place / "interrupted"
    shutil.copytree(capture, out)
    write_video(place / "again.mp4", portrait()[::-1], fps=30)
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}

    def interrupting(name: str, share: float) -> None:
        if name == CUT and share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extracted([place / "again.mp4"], options(), out, interrupting)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before
    stages = Stages(set())
    extracted([place / "again.mp4"], options(), out, stages)
    assert stages.worked == {CUT}
    # What was tracked of the earlier pictures is not taken for theirs.
    assert not (out / CAPTURE).exists() and not (out / "masks").exists()
    assert is_footage(out)


@pytest.mark.shared
def test_clips_that_were_done_stay_done(place: Path) -> None:
    """Ctrl-C while the face is looked for in the second clip."""
    frames, out = portrait(), place / "several"
    clips = [write_video(place / "one.mp4", frames[4:66], fps=30), write_video(place / "two.mp4", frames[8:70], fps=30)]

    def interrupting(name: str, share: float) -> None:
        if name == f"{FACE} in two.mp4" and share > 0.2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extracted(clips, options(), out, interrupting)
    assert not out.exists()
    stages = Stages(set())
    extracted(clips, options(), out, stages)
    assert stages.worked == {f"{FACE} in two.mp4", CUT}


@pytest.mark.shared
def test_an_interrupted_tracking_goes_on(place: Path, capture: Path) -> None:
    out = place / "half"
    extracted([place / "me.mp4"], options(), out, Stages(set()))

    def interrupting(name: str, share: float) -> None:
        if name == "cutting out":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracked(out, "auto", "grabcut", interrupting)
    assert not (out / CAPTURE).exists() and not (out / "transforms.json").exists()
    with pytest.raises(SettingsError, match=r"^--holdout goes with video; the pictures of .*half are chosen$"):
        prepare([out], replace(options(), holdout=Holdout(last=0.2)), Stages(set()))
    stages = Stages(set())
    assert prepare([out], options(), stages) == out
    assert HEAD not in stages.worked and FACE not in stages.worked
    # The same as in one go.
    for name in ("transforms.json", "rig_params.npz", "track.npz", CAPTURE):
        one, other = (folder / name for folder in (out, capture))
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.shared
def test_ctrl_c_of_the_command(place: Path, tmp_path: Path) -> None:
    """Exit code 130, nothing on stdout, no capture."""
    write_video(tmp_path / "long.mp4", [*portrait(), *portrait(), *portrait()], fps=30)
    command = [sys.executable, "-m", "splatavatar", "capture", "extract", "long.mp4", "-o", "out"]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "out").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, b""), errors
    assert os.listdir(tmp_path) == ["long.mp4"]


@pytest.mark.shared
def test_damaged_files_are_found_again(place: Path) -> None:
    out, video = place / "damaged", place / "me.mp4"
    extracted([video], options(), out, Stages(set()))
    for kept in (place / "cache" / "landmarks").iterdir():
        kept.write_bytes(kept.read_bytes()[:2000])
    (out / "source.json").unlink()
    stages = Stages(set())
    extracted([video], options(), out, stages)
    assert FACE in stages.worked
    (out / "fit.npz").write_bytes(b"nothing")
    landmarks_path(out, 0).write_bytes(b"nothing")
    with pytest.raises(CaptureError, match=r"00\.npz: not the landmarks of a clip; extract the video again$"):
        tracked(out, "auto", "grabcut", Stages(set()))
    (out / EXTRACT).write_text("{}")
    with pytest.raises(CaptureError, match=r"extract\.json: damaged; extract the video again$"):
        tracked(out, "auto", "grabcut", Stages(set()))


@pytest.mark.shared
def test_a_cache_that_cannot_be_written_stops_nobody(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place is taken by a file."""
    (place / "nowhere").write_bytes(b"")
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(place / "nowhere"))
    out = place / "uncached"
    assert len(extracted([place / "me.mp4"], options(), out, Stages(set())).chosen) == PICTURES


@pytest.mark.shared
def test_pictures_of_others_are_not_replaced(place: Path) -> None:
    mine = place / "mine"
    mine.mkdir()
    (mine / "transforms.json").write_text("{}")
    with pytest.raises(OutputError, match=r"mine: holds transforms\.json, which was not extracted from video"):
        extracted([place / "me.mp4"], options(), mine, Stages(set()))
    assert os.listdir(mine) == ["transforms.json"]


@pytest.mark.shared
def test_the_end_that_is_kept_out_is_not_looked_at(place: Path) -> None:
    folder = place / "beginning"
    extraction = extracted([place / "me.mp4"], replace(options(), holdout=Holdout(last=0.25)), folder, Stages(set()))
    assert max(frame for _, frame in extraction.chosen) < 54
    assert len(Landmarks.load(landmarks_path(folder, 0)).time) == 54


@pytest.mark.shared
def test_turned_heads_that_are_kept_out_are_not_looked_at(place: Path) -> None:
    whole = extract([place / "me.mp4"], place / "all", ExtractOptions(), Stages(set()))
    everything, seen = Landmarks.load(landmarks_path(place / "all", 0)), place / "facing"
    yaw = float(np.nanquantile(np.abs(everything.yaws), 0.6))
    turned = everything.found & (np.abs(everything.yaws) > yaw)
    assert 10 < turned.sum() < everything.found.sum() - 10
    extraction = extracted([place / "me.mp4"], replace(options(), holdout=Holdout(yaw=yaw)), seen, Stages(set()))
    facing = Landmarks.load(landmarks_path(seen, 0))
    np.testing.assert_array_equal(facing.found, everything.found & ~turned)
    assert not facing.scores[turned].any() and np.isnan(facing.points[turned]).all()
    assert not turned[[frame for _, frame in extraction.chosen]].any()
    assert turned[[frame for _, frame in whole.chosen]].any()
    kept_out = Holdout(yaw=yaw).kept_out(ExtractOptions(frames=10**6))
    others = extract([place / "me.mp4"], place / "turned", kept_out, Stages(set()))
    assert [frame for _, frame in others.chosen] == np.flatnonzero(turned).tolist()
    with pytest.raises(CaptureError, match="no frame in which the head is turned by 60 to 180 degrees"):
        extract([place / "me.mp4"], place / "none", Holdout(yaw=np.radians(60)).kept_out(kept_out), Stages(set()))


Make = Callable[[Path], Path]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda f: f / "v.mp4", True),
        (lambda f: f / "transforms.json", False),
    ],
)
def test_what_is_footage(tmp_path: Path, make: Make, expected: bool) -> None:
    path = make(tmp_path)
    path.write_bytes(b"")
    assert is_footage(path) is expected
    assert is_footage(tmp_path) is expected
    assert not is_footage(tmp_path / "absent")
