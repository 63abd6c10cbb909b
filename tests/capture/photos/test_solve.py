"""Cameras of photos in a room: those that took them, but for where the world lies and how large it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.capture import Frame
from splatavatar.capture.photos.solve import DATABASE, Solved, solve_photos
from splatavatar.errors import CaptureError, DependencyError, OutputError
from support.room_photos import photo_name, write_photos

SAMPLE = Path(__file__).parents[3] / "data" / "sample-capture"
FRONT = (2, 3, 7, 9)
"""the cameras before the face"""
Photos = tuple[Path, list[Frame]]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Photos:
    """Ten photos that do not say what their lens was, and the cameras that took them."""
    folder = tmp_path_factory.mktemp("photos")
    return folder, write_photos(SAMPLE, folder)


def errors(found: dict[str, Frame], truth: dict[str, Frame]) -> tuple[float, float]:
    """The largest angle between found and true cameras in degrees, and the largest distance as a share of the head's.

    The found ones are moved, turned and scaled as a whole to where the centres agree best.
    """
    here, there = (np.array([frames[name].camera.position for name in found]) for frames in (found, truth))
    a, b = here - here.mean(0), there - there.mean(0)
    # The best rotation and scale between two sets of points (Umeyama, 1991).
    U, S, Vt = np.linalg.svd(b.T @ a)
    signs = np.array([1, 1, np.sign(np.linalg.det(U @ Vt))])
    R, scale = U * signs @ Vt, float((S * signs).sum() / (a**2).sum())
    apart = np.linalg.norm(b - scale * a @ R.T, axis=1)
    angles = []
    for name in found:
        turn = found[name].camera.T_camera_world[:3, :3] @ R.T @ truth[name].camera.T_camera_world[:3, :3].T
        angles.append(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))
    distance = np.linalg.norm(there - np.array([0, 0.15, 0]), axis=1)
    return float(max(angles)), float((apart / distance).max())


def frames_of(solved: Solved) -> dict[str, Frame]:
    """Of the capture that was written, by the names of the photos."""
    names = {f"images/{photo.name}": photo.source.stem for photo in solved.photos}
    names |= {photo.name: photo.source.stem for photo in solved.photos}
    return {names[frame.name]: frame for frame in read_capture(solved.folder).frames}


def truth_of(frames: list[Frame]) -> dict[str, Frame]:
    return {Path(photo_name(frame)).stem: frame for frame in frames}


def test_photos_without_a_word_about_their_lens(photos: Photos, tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    heard: list[tuple[str, float]] = []
    solved = solve_photos(photos[0], tmp_path / "out", lambda stage, share: heard.append((stage, share)))
    found = frames_of(solved)
    assert len(found) == len(solved.photos) == 10 and solved.lost == ()
    angle, distance = errors(found, truth_of(photos[1]))
    print(f"{angle:.3f} degrees, {distance:.3%} of the distance, {solved.focal_lengths} px, {solved.error:.3f} px")
    assert angle < 0.5
    assert distance < 0.02
    assert solved.focal_lengths[0] == pytest.approx(1551.5, rel=0.05) and len(solved.focal_lengths) == 1
    assert 0 < solved.error < 0.5
    stages = [stage for stage, _ in heard]
    assert list(dict.fromkeys(stages)) == ["photos", "features", "matches", "cameras"]
    for stage in set(stages):
        shares = [share for name, share in heard if name == stage]
        assert shares == sorted(shares) and shares[-1] == 1.0
    with pytest.raises(OutputError, match="out: holds cameras already, expected an empty folder"):
        solve_photos(photos[0], tmp_path / "out")


def test_photos_of_a_phone_that_lay_on_its_side(tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    frames = write_photos(SAMPLE, tmp_path / "in", FRONT, phone=True)
    solved = solve_photos(tmp_path / "in", tmp_path / "out")
    found = frames_of(solved)
    assert len(found) == 4 and all(photo.name.endswith(".png") for photo in solved.photos)
    angle, distance = errors(found, truth_of(frames))
    print(f"{angle:.3f} degrees, {distance:.3%} of the distance, {solved.focal_lengths} px, {solved.error:.3f} px")
    assert angle < 0.5
    assert distance < 0.02
    assert solved.focal_lengths[0] == pytest.approx(1551.5, rel=0.05)


def test_what_shows_something_else_has_no_camera(photos: Photos, tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    some(photos, tmp_path / "in")
    noise(tmp_path / "in" / "cat.png", 1)
    solved = solve_photos(tmp_path / "in", tmp_path / "out")
    assert [photo.source.name for photo in solved.lost] == ["cat.png"]
    assert len(frames_of(solved)) == 4


def test_an_interrupted_call_goes_on_where_it_was(photos: Photos, tmp_path: Path) -> None:
    colmap = pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    some(photos, tmp_path / "in")

    def interrupted(at: str) -> Callable[[str, float], None]:
        def progress(stage: str, share: float) -> None:
            if stage == at and share >= 0.5:
                raise KeyboardInterrupt

        return progress

    def kept() -> tuple[int, int]:
        database = colmap.Database.open(tmp_path / "out" / DATABASE)
        try:
            return database.num_images(), database.num_matched_image_pairs()
        finally:
            database.close()

    before = (0, 0)
    for stage in ("photos", "features", "matches", "cameras"):
        with pytest.raises(KeyboardInterrupt):
            solve_photos(tmp_path / "in", tmp_path / "out", interrupted(stage))
        if stage != "photos":
            assert kept() > before
            before = kept()
        assert not (tmp_path / "out" / "sparse").exists()
    assert before == (4, 6)
    assert len(frames_of(solve_photos(tmp_path / "in", tmp_path / "out"))) == 4


def test_other_photos_do_not_go_on(photos: Photos, tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    for name in "abc":
        noise(tmp_path / "in" / f"{name}.png", ord(name))
    with pytest.raises(CaptureError):
        solve_photos(tmp_path / "in", tmp_path / "out")
    noise(tmp_path / "in" / "b.png", 0)
    with pytest.raises(OutputError, match="out: was begun with other photos, expected an empty folder"):
        solve_photos(tmp_path / "in", tmp_path / "out")
    (tmp_path / "in" / "b.png").unlink()
    noise(tmp_path / "in" / "d.png", 0)
    with pytest.raises(OutputError, match="out: was begun with other photos"):
        solve_photos(tmp_path / "in", tmp_path / "out")


def test_photos_of_nothing_in_common(tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    for name in "abc":
        noise(tmp_path / "in" / f"{name}.png", ord(name))
    with pytest.raises(CaptureError, match="in: no two of the 3 photos show the same; they have to be of one moment, "):
        solve_photos(tmp_path / "in", tmp_path / "out")
    for name in "abc":
        Image.new("RGB", (64, 48)).save(tmp_path / "in" / f"{name}.png")
    with pytest.raises(CaptureError, match="in: no two of the 3 photos show the same"):
        solve_photos(tmp_path / "in", tmp_path / "other")


def test_groups_that_do_not_hang_together(photos: Photos, tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    some(photos, tmp_path / "in")
    for number in range(5):
        noise(tmp_path / "in" / f"other {number}.png", number)
    with pytest.raises(
        CaptureError,
        match=r"in: only 4 of 9 photos belong together \(groups of 4\), without other 0\.png, .*; they have to be",
    ):
        solve_photos(tmp_path / "in", tmp_path / "out")


def test_a_database_that_is_none(tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    for name in "abc":
        noise(tmp_path / "in" / f"{name}.png", ord(name))
    with pytest.raises(CaptureError):
        solve_photos(tmp_path / "in", tmp_path / "out")
    (tmp_path / "out" / DATABASE).write_bytes(b"no database" * 100)
    with pytest.raises(CaptureError, match=r"database\.db: COLMAP failed where it opened its database: "):
        solve_photos(tmp_path / "in", tmp_path / "out")


def some(photos: Photos, folder: Path) -> None:
    """Four of the photos, from in front, made smaller."""
    folder.mkdir()
    for number in FRONT:
        name = f"IMG {number:02d}.png"
        Image.open(photos[0] / name).reduce(2).save(folder / name)


def noise(path: Path, seed: int) -> None:
    path.parent.mkdir(exist_ok=True)
    picture = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), np.uint8)
    Image.fromarray(picture).resize((256, 192), Image.Resampling.BICUBIC).save(path)


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycolmap", None)
    for name in "abc":
        noise(tmp_path / "in" / f"{name}.png", ord(name))
    with pytest.raises(DependencyError) as caught:
        solve_photos(tmp_path / "in", tmp_path / "out")
    assert str(caught.value) == "the package 'pycolmap' is not installed; add it by: pip install \".[colmap]\""
    assert not (tmp_path / "out").exists()


def test_too_few_photos(tmp_path: Path) -> None:
    noise(tmp_path / "a.png", 0)
    noise(tmp_path / "b.png", 1)
    with pytest.raises(CaptureError, match=r": 2 photos \(.*\), expected 3 to 2000 of one moment"):
        solve_photos(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    for name in "abc":
        noise(tmp_path / "in" / f"{name}.png", ord(name))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").touch()
    with pytest.raises(OutputError, match="out: is not empty, expected an empty folder"):
        solve_photos(tmp_path / "in", tmp_path / "out")
    with pytest.raises(OutputError, match="in: is not empty"):
        solve_photos(tmp_path / "in", tmp_path / "in")
    with pytest.raises(OutputError):
        solve_photos(tmp_path / "in", tmp_path / "in" / "a.png")


def test_a_photo_that_cannot_be_read(tmp_path: Path) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    for name in "abc":
        noise(tmp_path / "in" / f"{name}.png", ord(name))
    (tmp_path / "in" / "b.png").write_bytes(b"none")
    with pytest.raises(CaptureError, match=r"b\.png: not a picture, expected a photo\."):
        solve_photos(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a.png": 3}'])
def test_a_note_of_photos_that_is_damaged(tmp_path: Path, content: str) -> None:
    pytest.importorskip("pycolmap", reason="the extra colmap is not installed")
    for name in "abc":
        noise(tmp_path / "in" / f"{name}.png", ord(name))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "photos.json").write_text(content)
    with pytest.raises((CaptureError, OutputError), match=r"out: was begun with other photos|photos\.json: "):
        solve_photos(tmp_path / "in", tmp_path / "out")
