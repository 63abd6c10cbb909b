from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from splatavatar.errors import OutputError
from splatavatar.kept.private import make_private, private_folder, private_place

pytestmark = pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_folder_is_the_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    private_folder(tmp_path / "cache" / "captures")
    assert mode(tmp_path / "cache") == mode(tmp_path / "cache" / "captures") == 0o700


def test_a_place_that_stays_empty_goes_again(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "cache" / "captures"
    with private_place(folder):
        assert mode(tmp_path / "cache") == mode(folder) == 0o700
    assert not (tmp_path / "cache").exists()
    with private_place(folder):
        (folder / "me").touch()
    folder.chmod(0o755)
    with private_place(folder):
        assert mode(folder) == 0o700
    assert (folder / "me").exists()


def test_one_that_was_open_to_others_becomes_so(tmp_path: Path) -> None:
    (tmp_path / "captures").mkdir()
    (tmp_path / "captures").chmod(0o777)
    private_folder(tmp_path / "captures")
    assert mode(tmp_path / "captures") == 0o700


def test_one_on_another_disk_becomes_so_too(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(0o755)
    (tmp_path / "captures").symlink_to(tmp_path / "disk")
    private_folder(tmp_path / "captures")
    assert mode(tmp_path / "disk") == 0o700


def test_all_within_is_the_owners_alone_and_links_are_left(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "cache" / "inner"
    folder.mkdir(parents=True)
    (folder / "picture.png").write_bytes(b"x")
    (folder / "run").touch(0o777)
    outside = tmp_path / "outside"
    outside.touch()
    outside.chmod(0o644)
    (folder / "link").symlink_to(outside)
    make_private(tmp_path / "cache")
    assert mode(tmp_path / "cache") == mode(folder) == 0o700
    assert mode(folder / "picture.png") == 0o600
    assert mode(folder / "run") & 0o077 == 0
    assert mode(outside) == 0o644
    make_private(tmp_path / "absent")
    (tmp_path / "other").symlink_to(tmp_path / "open")
    (tmp_path / "open").mkdir(0o755)
    (tmp_path / "open").chmod(0o755)
    make_private(tmp_path / "other")
    assert mode(tmp_path / "open") == 0o755


def test_no_place_for_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"^cannot make the folder .*file: .*file is a file$"):
        private_folder(tmp_path / "file" / "captures")
