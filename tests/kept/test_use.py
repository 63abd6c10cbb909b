from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from splatavatar.kept.use import MARK, note_made, note_used, unused, using
from splatavatar.locks import alone_in


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    return tmp_path


def is_unused(path: Path) -> bool:
    with unused(path) as free:
        return free


def test_a_folder_is_held_as_long_as_the_work_goes_on(cache: Path) -> None:
    folder = cache / "captures" / "me"
    folder.mkdir(parents=True)
    assert is_unused(folder)
    with using() as used:
        note_used(folder, ["a" * 64])
        note_used(folder)
        assert not is_unused(folder)
        assert (used.paths, used.clips) == ([folder], {"a" * 64})
    assert is_unused(folder)
    assert (folder / MARK).stat().st_size == 0


def test_two_may_hold_it_at_once(cache: Path) -> None:
    folder = cache / "me"
    folder.mkdir()
    with using() as other:
        note_used(folder)
        with using() as used:
            note_used(folder)
            used.release()
            assert not is_unused(folder)
        other.release()
        assert is_unused(folder)


def test_one_that_is_being_prepared_is_in_use(cache: Path) -> None:
    folder = cache / "me"
    with alone_in(folder, lambda: None):
        (folder / "file").touch()
        assert not is_unused(folder)
    assert is_unused(folder)


def test_another_process_that_is_killed_lets_go(cache: Path) -> None:
    folder = cache / "me"
    folder.mkdir()
    code = (
        "import sys, pathlib\nfrom splatavatar.kept.use import note_used, using\n"
        f"with using():\n    note_used(pathlib.Path({str(folder)!r}))\n    print(flush=True)\n    sys.stdin.read()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    assert not is_unused(folder)
    other.kill()
    other.communicate()
    assert is_unused(folder)


def test_what_is_not_in_the_cache_is_not_noted(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.mktemp("own")
    note_used(own)  # nobody listens
    with using() as used:
        note_used(own, ["b"])
        assert (used.paths, used.clips) == ([], {"b"})
        note_made(own / "me.checkpoint")
        assert used.paths == [own / "me.checkpoint"]
    assert not (own / MARK).exists()
