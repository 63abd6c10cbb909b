"""Writing a file whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from splatavatar.errors import OutputError
from splatavatar.output import (
    atomic_write,
    beginning_of,
    beside,
    check_writable,
    fitting,
    left_beside,
    make_folder,
    outputs_ready,
    temporary_beside,
)

ROOT = Path(__file__).parents[1]
WRITE_A_MEGABYTE = """
import sys
from pathlib import Path
from splatavatar.errors import OutputError
from splatavatar.output import atomic_write

path = Path(sys.argv[1])
path.write_bytes(b"old")
LIMIT
try:
    with atomic_write(path) as file:
        file.write(bytes(1 << 20))
except OutputError as error:
    print(error)
print(path.read_bytes(), [entry.name for entry in path.parent.iterdir()])
"""


def test_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("exception", [ValueError("no"), KeyboardInterrupt()])
def test_any_exception_keeps_the_old_file(tmp_path: Path, exception: BaseException) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(type(exception)), atomic_write(path) as file:
        file.write(b"half")
        raise exception
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_first_file_that_fails_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(OutputError) as error, atomic_write(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(error.value) == f"cannot write {path}: no space left on the device"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=64k none {tmp_path} && exec "
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-Urm", "sh", "-c", mount + "true"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    script = WRITE_A_MEGABYTE.replace("LIMIT", "")
    command = mount + f"'{sys.executable}' -c '{script}' {tmp_path}/x"
    done = subprocess.run([unshare, "-Urm", "sh", "-c", command], capture_output=True, text=True, env=_environment())
    assert done.stdout.splitlines() == [
        f"cannot write {tmp_path}/x: no space left on the device; the previous file is unchanged",
        "b'old' ['x']",
    ], done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits")
def test_a_limit_on_the_size_keeps_the_old_file(tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    script = WRITE_A_MEGABYTE.replace("LIMIT", limit)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x")], capture_output=True, text=True, env=_environment()
    )
    assert done.stdout.splitlines() == [
        f"cannot write {tmp_path}/x: the file is larger than allowed here; the previous file is unchanged",
        "b'old' ['x']",
    ], done.stderr


def test_a_missing_folder(tmp_path: Path) -> None:
    path = tmp_path / "no" / "x"
    with pytest.raises(OutputError) as error, atomic_write(path):
        pass
    assert str(error.value) == f"cannot write {path}: its folder does not exist"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc, where not even root can make a file")
def test_a_folder_that_is_not_writable() -> None:
    with pytest.raises(OutputError, match=r"^cannot write /proc/x: "), atomic_write("/proc/x"):
        pass


def test_a_folder_and_a_device_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"it is a folder, expected the name of a file$"), atomic_write(tmp_path):
        pass
    with pytest.raises(OutputError, match="it is a device or a pipe"), atomic_write(os.devnull):
        pass
    assert not os.path.isfile(os.devnull)


def test_a_link_keeps_pointing_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "x")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "x").read_bytes() == b"new"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


LONG = "長い題名" * 20
"""240 bytes"""
LATIN = os.fsdecode(b"Fran\xe7ois")


@pytest.mark.parametrize("name", [LONG + ".webm", LATIN, "x" * 255, LATIN * 30, "[red]", "a\nb"])
def test_any_name_that_a_file_can_have(tmp_path: Path, name: str) -> None:
    check_writable(tmp_path / name)
    with atomic_write(tmp_path / name) as file:
        file.write(b"new")
        (temporary,) = tmp_path.iterdir()
        temporary.name.encode()  # valid UTF-8
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    for name, why in (("x" * 256, "the name is too long"), ("a\0b", "no name that a file can have")):
        with pytest.raises(OutputError, match=f": {why}$"):
            check_writable(tmp_path / name)


def test_a_link_that_leads_back_to_itself(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OutputError, match="a symbolic link that leads back to itself"):
        check_writable(tmp_path / "loop")
    with pytest.raises(OutputError, match="loop is a symbolic link that leads back to itself"):
        make_folder(tmp_path / "loop" / "a")


def test_names_that_belong_to_a_long_name_fit_and_differ(tmp_path: Path) -> None:
    one, other = (beside(tmp_path / ("x" * 250 + end), ".checkpoint") for end in "ab")
    assert one != other and len(os.fsencode(one.name)) <= 255 and one.name.endswith(".checkpoint")
    assert beside(tmp_path / "short", ".checkpoint").name == "short.checkpoint"
    assert len(os.fsencode(fitting(LONG + LONG, ".splatavatar"))) <= 255
    fitting(LONG + LONG, ".splatavatar").encode()


def test_folders_are_made_and_go_again_where_they_stay_empty(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "film.mp4"
    with pytest.raises(KeyError), outputs_ready(file, tmp_path / "a" / "other"):
        assert file.parent.is_dir()
        raise KeyError
    assert not list(tmp_path.iterdir())
    with outputs_ready(file):
        file.write_text("")
    assert file.exists()
    with pytest.raises(OutputError, match=r"film\.mp4 is a file$"), outputs_ready(file / "x"):
        pass


def test_where_a_beginning_goes(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    places = []
    for _ in range(3):
        places.append(beginning_of(film).name)
        beginning_of(film).write_text("")
    assert places == ["film.mp4", "film.part.mp4", "film.part2.mp4"]
    long = tmp_path / f"{LONG}.webm"
    long.write_text("")
    assert len(os.fsencode(beginning_of(long).name)) <= 255


def test_the_current_folder_is_gone(tmp_path: Path) -> None:
    code = (
        "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
        "from splatavatar.output import check_writable\n"
        "from splatavatar.errors import OutputError\n"
        "try: check_writable('a')\n"
        "except OutputError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=_environment(), cwd=tmp_path
    )
    assert done.stdout == "cannot write a: its folder does not exist\n", done.stderr


def test_what_was_left_beside_a_file_is_found_the_newest_first(tmp_path: Path) -> None:
    for name in (".a.mp4.1.00000000.part", ".a.mp4.2.11111111.part", ".ba.mp4.3.22222222.part", ".a.mp4.4.zz.part"):
        (tmp_path / name).touch()
    os.utime(tmp_path / ".a.mp4.1.00000000.part", (4e9, 4e9))
    names = [path.name for path in left_beside(tmp_path / "a.mp4")]
    assert names == [".a.mp4.1.00000000.part", ".a.mp4.2.11111111.part"]
    for name in ("a.txt", "x" * 100, "a[1]*.mp4"):
        part = temporary_beside(tmp_path / name)
        part.touch()
        assert left_beside(tmp_path / name) == [part]
        assert left_beside(tmp_path / name, "marked") == []
    assert left_beside(tmp_path / "missing" / "a.mp4") == []
