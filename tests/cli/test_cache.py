from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from splatavatar.cli.removal import age_of, size_of
from splatavatar.kept.use import note_used, using

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ELSEWHERE = (
    "not known here: avatars, reports, films, pictures, exports and checkpoints lie where they were written, or sent; "
    "so do copies in backups"
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders with something of everything in them."""
    for variable, name in (("CACHE", "cache"), ("HOME", "data"), ("CONFIG", "config")):
        monkeypatch.setenv(f"SPLATAVATAR_{variable}", str(tmp_path / name))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    for name, size in (
        ("cache/captures/me-0123456789abcdef/picture.png", 1500),
        ("cache/calibration/anna-webcam-01234567.json", 5),
        ("cache/models/face_landmarker.task", 3_000_000),
        ("data/recent", 4),
        ("config/key.pem", 8),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    old = time.time() - 3 * 86400 - 60
    for path in (tmp_path / "cache" / "captures").rglob("*"):
        os.utime(path, (old, old))
    return tmp_path


def left(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}


def test_the_list_says_what_and_how_large_and_how_old(run: Run, place: Path) -> None:
    (place / "cache" / "other").touch()
    done = run("cache", "list")
    assert done.returncode == 0
    captures = place / "cache" / "captures" / "me-0123456789abcdef"
    assert done.stdout.splitlines()[:2] == [
        "    1.5 kB  3 days old      pictures, landmarks, mattes and motion of me",
        f"            {captures}",
    ]
    assert done.stdout.splitlines()[-1] == "3.0 MB in 3 places"
    assert done.stderr == f"not ours, or of another version: {place / 'cache' / 'other'}\n"
    found = json.loads(run("cache", "list", "--json").stdout)
    assert [(one["group"], one["bytes"]) for one in found] == [
        ("footage", 1500),
        ("calibration", 5),
        ("models", 3_000_000),
    ]
    assert found[0]["path"] == str(captures) and 3 * 86400 < time.time() - found[0]["changed"] < 3 * 86400 + 600


def test_nothing_is_removed_that_nobody_was_asked_about(run: Run, place: Path) -> None:
    before = left(place)
    for command in (("cache", "clear"), ("forget",)):
        done = run(*command)
        assert done.returncode == 2
        assert done.stderr.splitlines()[-1] == "Error: nothing is removed: there is no terminal to ask on, say --yes"
        assert left(place) == before


def test_a_kind_is_cleared(run: Run, place: Path) -> None:
    done = run("cache", "clear", "--footage", "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "removed 1 place, 1.5 kB")
    assert not any("captures" in name for name in left(place)) and len(left(place)) == 4
    assert run("cache", "clear", "--footage", "--yes").stdout == "nothing is kept\n"
    run("cache", "clear", "--models", "--yes")
    assert left(place) == {"cache/calibration/anna-webcam-01234567.json", "data/recent", "config/key.pem"}
    run("cache", "clear", "--yes")
    assert left(place) == {"data/recent", "config/key.pem"}


def test_what_a_bake_uses_is_not_cleared(run: Run, place: Path) -> None:
    folder = place / "cache" / "captures" / "me-0123456789abcdef"
    with using():
        note_used(folder)
        done = run("cache", "clear", "--yes")
    assert done.returncode == 0
    assert done.stderr == f"kept, a running splatavatar uses it: {folder}\n"
    assert (folder / "picture.png").is_file()


def test_the_last_avatar_is_named_before_its_place_is_forgotten(run: Run, place: Path) -> None:
    avatar = place / "me.splatavatar"
    avatar.touch()
    (place / "data" / "recent").write_bytes(os.fsencode(avatar) + b"\n")
    said = run("forget", "--yes").stderr.splitlines()
    assert said == [ELSEWHERE, f"the avatar baked last stays, with what lies beside it: {avatar}"]
    assert avatar.exists()


def test_all_of_a_person_is_forgotten(run: Run, place: Path) -> None:
    done = run("forget", "--yes")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "removed 4 places, 1.5 kB"
    assert "the key that signs avatars" in done.stdout and str(place / "config" / "key.pem") in done.stdout
    assert done.stderr == f"{ELSEWHERE}\n"
    assert left(place) == {"cache/models/face_landmarker.task"}
    assert not (place / "config").exists()
    again = run("forget")
    assert (again.returncode, again.stdout, again.stderr) == (0, "nothing is kept\n", f"{ELSEWHERE}\n")


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--footage", "cache/captures/me-0123456789abcdef/picture.png"),
        ("--calibration", "cache/calibration/anna-webcam-01234567.json"),
        ("--keys", "config/key.pem"),
        ("--remembered", "data/recent"),
    ],
)
def test_a_part_is_forgotten(run: Run, place: Path, option: str, name: str) -> None:
    before = left(place)
    assert run("forget", option, "--yes").returncode == 0
    assert before - left(place) == {name}


@pytest.mark.parametrize(("answer", "code", "files"), [("y", 0, 1), ("n", 1, 5), ("", 1, 5)])
def test_on_a_terminal_it_asks(place: Path, answer: str, code: int, files: int) -> None:
    screen, terminal = pty.openpty()
    try:
        command = [sys.executable, "-m", "splatavatar", "forget"]
        process = subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        os.write(screen, f"{answer}\n".encode())
        output, errors = process.communicate(timeout=60)
    finally:
        os.close(screen)
        os.close(terminal)
    assert process.returncode == code, errors
    assert "Remove it all? [y/N]" in errors
    assert (output.splitlines()[-1] == "nothing is removed") == (code == 1)
    assert len(left(place)) == files


@pytest.mark.skipif(os.getuid() == 0, reason="root may remove everything")
def test_what_cannot_be_removed_is_one_line_and_the_rest_goes(run: Run, place: Path) -> None:
    folder = place / "data"
    folder.chmod(0o500)
    try:
        done = run("forget", "--yes")
    finally:
        folder.chmod(0o700)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"Error: cannot remove {folder / 'recent'}: no permission to write there"
    assert left(place) == {"cache/models/face_landmarker.task", "data/recent"}


def test_sizes_and_ages_are_for_people() -> None:
    assert [size_of(count) for count in (0, 999, 1000, 2_340_000, 1_400_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "2.3 MB",
        "1.4 GB",
    ]
    assert [age_of(seconds) for seconds in (-5, 59, 60, 7300, 86400, 9e6)] == [
        "new",
        "new",
        "1 minute old",
        "2 hours old",
        "1 day old",
        "104 days old",
    ]
