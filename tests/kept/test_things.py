from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from splatavatar.errors import OutputError
from splatavatar.kept.kinds import CALIBRATION, FOOTAGE, KEYS, MODELS, PERSONAL, REMEMBERED
from splatavatar.kept.things import Thing, remove, remove_empty, strangers, thing_at, things
from splatavatar.kept.use import note_used, using
from splatavatar.output import scratch_folder, temporary_beside


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of a user who has used everything."""
    for variable, name in (("CACHE", "cache"), ("HOME", "data"), ("CONFIG", "config")):
        monkeypatch.setenv(f"SPLATAVATAR_{variable}", str(tmp_path / name))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    for name, size in (
        ("cache/captures/me-0123456789abcdef/images/0.png", 100),
        ("cache/captures/me-0123456789abcdef/.in-use", 0),
        ("cache/captures/you-0123456789abcdef.npz", 10),
        ("cache/landmarks/0123.npz", 7),
        ("cache/calibration/anna-0-01234567.json", 5),
        ("cache/models/face_landmarker.task", 3),
        ("cache/anny-head-data-anny0.6-v2.npz", 2),
        ("data/recent", 4),
        ("data/certificate/key.pem", 6),
        ("config/key.pem", 8),
        ("config/credentials/key.pem", 9),
        ("config/known_keys.json", 11),
        ("temporary/splatavatar-work-abc/picture.png", 1000),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    return tmp_path


def named(found: list[Thing], place: Path) -> dict[str, int]:
    return {thing.path.relative_to(place).as_posix(): thing.bytes for thing in found}


def test_everything_is_found_with_its_size(place: Path) -> None:
    assert named(things((FOOTAGE,)), place) == {
        "cache/captures/me-0123456789abcdef": 100,
        "cache/captures/you-0123456789abcdef.npz": 10,
        "cache/landmarks/0123.npz": 7,
        "temporary/splatavatar-work-abc": 1000,
    }
    assert named(things((CALIBRATION, REMEMBERED)), place) == {
        "cache/calibration/anna-0-01234567.json": 5,
        "data/recent": 4,
    }
    assert sorted(named(things((KEYS,)), place).values()) == [6, 8, 9, 11]
    assert sorted(named(things((MODELS,)), place).values()) == [2, 3]


def test_nothing_of_a_person_is_left(place: Path) -> None:
    assert all(map(remove, things(PERSONAL)))
    remove_empty()
    left = sorted(path.relative_to(place).as_posix() for path in place.rglob("*"))
    assert left == [
        "cache",
        "cache/anny-head-data-anny0.6-v2.npz",
        "cache/models",
        "cache/models/face_landmarker.task",
        "temporary",
    ]
    assert things(PERSONAL) == []


def test_the_age_is_that_of_the_newest_file(place: Path) -> None:
    folder = place / "cache/captures/me-0123456789abcdef"
    for path in (folder, folder / ".in-use", folder / "images"):
        os.utime(path, (1000, 1000))
    os.utime(folder / "images" / "0.png", (2000, 2000))
    thing = thing_at(folder, FOOTAGE, "what")
    assert thing is not None and thing.changed == 2000
    assert thing.to_json() == {
        "path": str(folder),
        "group": "footage",
        "what": "what",
        "bytes": 100,
        "changed": 2000,
    }
    assert thing_at(place / "absent", FOOTAGE, "") is None


def test_what_is_used_stays(place: Path) -> None:
    (thing,) = [thing for thing in things((FOOTAGE,)) if thing.path.name == "me-0123456789abcdef"]
    with using():
        note_used(thing.path)
        assert not remove(thing)
        assert thing.path.exists()
    assert remove(thing)
    assert not thing.path.exists()
    assert remove(thing)  # gone already


def test_scratch_of_a_program_that_runs_stays(place: Path) -> None:
    with scratch_folder() as folder:
        assert remove(thing_at(place / "temporary/splatavatar-work-abc", FOOTAGE, "")) is True  # type: ignore[arg-type]
        assert [remove(thing) for thing in things((FOOTAGE,)) if thing.path == folder] == [False]
    assert not folder.exists()


def test_links_go_and_what_they_lead_to_stays(place: Path) -> None:
    outside = place / "outside"
    outside.mkdir()
    (outside / "film.mp4").write_bytes(bytes(50))
    link = place / "cache/captures/link-0123456789abcdef"
    link.symlink_to(outside)
    inner = place / "cache/captures/me-0123456789abcdef/link"
    inner.symlink_to(outside)
    assert named(things((FOOTAGE,)), place)["cache/captures/link-0123456789abcdef"] == len(str(outside))
    assert all(map(remove, things((FOOTAGE,))))
    assert (outside / "film.mp4").stat().st_size == 50
    assert not os.path.lexists(link)


def test_what_is_not_ours_is_told_of_and_left(place: Path) -> None:
    for name in ("cache/chromium", "config/other.json", "data/faces"):
        (place / name).touch()
    assert [path.relative_to(place).as_posix() for path in strangers()] == [
        "cache/chromium",
        "data/faces",
        "config/other.json",
    ]


def test_drafts_of_programs_that_were_killed_are_found(place: Path) -> None:
    draft = temporary_beside(place / "config" / "key.pem")
    draft.write_bytes(bytes(20))
    assert draft in [thing.path for thing in things((KEYS,))]
    assert strangers() == []
    other = temporary_beside(place / "cache" / "landmarks" / "0123.npz")
    other.write_bytes(bytes(20))
    assert other in [thing.path for thing in things((FOOTAGE,))]


def test_nothing_takes_what_a_removal_that_broke_off_has_left_for_whole(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place / "cache/captures/me-0123456789abcdef"
    thing = thing_at(folder, FOOTAGE, "")
    assert thing is not None
    removed = shutil.rmtree

    def broken(path: Path) -> None:
        removed(next(path.glob("*images")))
        raise KeyboardInterrupt

    with monkeypatch.context() as within:
        within.setattr(shutil, "rmtree", broken)
        with pytest.raises(KeyboardInterrupt):
            remove(thing)
    assert not folder.exists()
    (left,) = [thing for thing in things((FOOTAGE,)) if thing.path.name.endswith(".part")]
    assert left.path.parent == folder.parent
    assert remove(left)
    assert [path.name for path in folder.parent.iterdir()] == ["you-0123456789abcdef.npz"]


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may remove everything")
def test_what_cannot_be_removed_is_said(place: Path) -> None:
    folder = place / "cache/captures"
    folder.chmod(0o500)
    try:
        (thing,) = [thing for thing in things((FOOTAGE,)) if thing.path.suffix == ".npz" and "you" in thing.path.name]
        with pytest.raises(OutputError, match=r"^cannot remove .*you-0123456789abcdef.npz: no permission"):
            remove(thing)
    finally:
        folder.chmod(0o700)
