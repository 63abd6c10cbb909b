"""What was fetched is kept, up to so many bytes, and fetched anew once it has changed."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from splatavatar.errors import StorageError
from splatavatar.kept.kinds import FOOTAGE
from splatavatar.kept.things import things
from splatavatar.kept.use import note_used, using
from splatavatar.serve.places.fetched import fetched, forget, make_room, places_folder
from splatavatar.serve.places.opening import place_of
from splatavatar.serve.places.place import Place
from support.s3_server import S3Server


@pytest.fixture
def place(s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    place = place_of(f"s3://bucket-1/{tmp_path.name}")
    place.write("ann/images/1.png", b"one")
    place.write("ann/cameras.json", b"{}")
    return place


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_fetched_once_until_it_changes(place: Place) -> None:
    folder = fetched(place, place.entries("ann"), "ann")
    assert contents(folder) == {"images/1.png": b"one", "cameras.json": b"{}"}
    (folder / "cameras.json").write_bytes(b"mark")
    assert fetched(place, place.entries("ann"), "ann") == folder
    assert contents(folder)["cameras.json"] == b"mark"  # nothing was fetched again
    place.write("ann/cameras.json", b"[]")
    other = fetched(place, place.entries("ann"), "ann")
    assert other != folder
    assert contents(other)["cameras.json"] == b"[]"


def test_only_its_owner_may_read_it_and_forget_knows_it(place: Place) -> None:
    folder = fetched(place, place.entries("ann"), "ann")
    for path in (places_folder(), folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    (thing,) = things([FOOTAGE])[:1]
    assert (thing.path, thing.what) == (folder, "fetched: ann")
    forget(folder)
    assert not folder.exists()


def test_what_was_used_the_longest_ago_makes_room(place: Place) -> None:
    folders = []
    for number in range(3):
        place.write(f"{number}/x", bytes(100))
        folders.append(fetched(place, place.entries(str(number)), str(number), most=250))
        os.utime(folders[-1], (number, number))
    assert [folder.exists() for folder in folders] == [False, True, True]


def test_what_a_bake_holds_stays(place: Place) -> None:
    for number in range(2):
        place.write(f"{number}/x", bytes(100))
    with using():
        first = fetched(place, place.entries("0"), "0", most=150)
        note_used(first)
        second = fetched(place, place.entries("1"), "1", most=150)
        assert first.exists() and second.exists()


def test_a_process_that_is_killed_while_it_makes_room_leaves_no_half(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fetched(place, place.entries("ann"), "ann")
    whole, removed = contents(folder), shutil.rmtree

    def killed(path: Path, **more: bool) -> None:
        (path / "cameras.json").unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        make_room(0)
    monkeypatch.setattr(shutil, "rmtree", removed)
    assert not folder.exists()
    (left,) = places_folder().iterdir()
    assert fetched(place, place.entries("ann"), "ann") == folder
    assert contents(folder) == whole
    assert left.exists()  # as a draft of a program that runs would
    for path in (left, *left.rglob("*")):
        os.utime(path, (1000, 1000))
    make_room(1 << 20)
    assert list(places_folder().iterdir()) == [folder]


def test_more_than_the_cache_takes_is_refused(place: Place) -> None:
    with pytest.raises(StorageError, match="ann: 0 MiB, expected at most 0 MiB"):
        fetched(place, place.entries("ann"), "ann", most=4)
    assert not places_folder().exists()


def test_nothing_is_left_of_what_broke_off(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = place.entries("ann")
    place.remove("ann/images/1.png")
    with pytest.raises(StorageError, match="no such bucket or file"):
        fetched(place, entries, "ann")
    assert list(places_folder().iterdir()) == []


def test_what_has_grown_meanwhile_is_not_taken(place: Place) -> None:
    entries = place.entries("ann")
    place.write("ann/images/1.png", bytes(1000))
    with pytest.raises(StorageError, match=r"more than [0-9]+ bytes"):
        fetched(place, entries, "ann")
    assert list(places_folder().iterdir()) == []
