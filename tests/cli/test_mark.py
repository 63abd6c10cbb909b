"""Content credentials of what the commands write, and of what was there: ``mark``, ``--no-marks``."""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import c2pa
import pytest
import typer

from splatavatar.avatar.file import digest_of, load_avatar
from splatavatar.cli.app import app
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.trust.credentials.certificate import make_certificate, read_certificate
from splatavatar.trust.credentials.mark import mark_file
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import Origin
from splatavatar.trust.credentials.read import credentials_of
from support import c2pa_reader
from support.certificates import Wanted, write_chain
from support.pictures import write_film, write_pieces

Run = Callable[..., "subprocess.CompletedProcess[str]"]
LOST = (
    "without marks, so neither people's tools nor platforms can tell that it shows an avatar, of whom, or what made "
    "it; where synthetic pictures of people must be marked, the duty is yours\n"
)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the certificate, which the commands of the test read."""
    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(tmp_path / "config"))
    folder = tmp_path / "config" / "credentials"
    folder.mkdir(parents=True)
    return folder


def test_what_is_written_is_marked(run: Run, files: Path, tmp_path: Path) -> None:
    avatar, face = files / "consenting.splatavatar", files / "signal.npz"
    outputs = ("-o", "a.mp4", "-o", "b.webm", "-o", "c/%d.png")
    for arguments in (
        ("drive", avatar, "--signal", face, *outputs, "--size", "64x64"),
        ("render", avatar, "--signal", face, "-o", "d.png", "--size", "64x64"),
        ("export", avatar, "-o", "e.ply"),
        ("export", avatar, "-o", "f.glb", "--mesh"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
    driven = {"a.mp4", "b.webm", "c/3.png", "d.png"}
    for name in (*driven, "e.ply", "f.glb"):
        found = credentials_of(tmp_path / name)
        assert found is not None and found.holds, name
        assert (found.avatar, found.scope) == (digest_of(load_avatar(avatar)), ("calls",))
        assert found.driven_by == (("recording",) if name in driven else ())
        assert found.place.name == Path(name).name + ("" if name in driven - {"b.webm"} else ".c2pa")
    c2pa_reader.read((tmp_path / "a.mp4").read_bytes())
    c2pa_reader.read((tmp_path / "f.glb").read_bytes(), (tmp_path / "f.glb.c2pa").read_bytes())


def test_no_marks_says_what_is_lost(run: Run, files: Path, tmp_path: Path) -> None:
    avatar, face = files / "small.splatavatar", files / "signal.npz"
    for name, *arguments in (
        ("a.mp4", "drive", avatar, "--signal", face, "--size", "64x64"),
        ("b.webm", "drive", avatar, "--signal", face, "--size", "64x64"),
        ("d.png", "render", avatar, "--size", "64x64"),
        ("e.ply", "export", avatar),
    ):
        if not name.endswith(".png"):
            (tmp_path / f"{name}.c2pa").write_bytes(b"of an older one")
        done = run(*arguments, "-o", name, "--no-marks")
        assert (done.returncode, done.stderr) == (0, f"{name}: {LOST}")
        assert credentials_of(tmp_path / name) is None
    assert not list(tmp_path.glob("*.c2pa"))


def test_no_variable_and_no_file_leaves_marks_out() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    found = [(name, one) for name, command in commands.items() for one in command.params if "--no-marks" in one.opts]
    assert {name for name, _ in found} >= {"render", "drive", "export"}
    for name, option in found:
        assert option.envvar is None and option.default is False and option.is_flag, name
        assert commands[name].context_settings.get("auto_envvar_prefix") is None


def test_what_cannot_be_signed_is_found_before_the_work(run: Run, files: Path, tmp_path: Path, config: Path) -> None:
    write_chain(config, Wanted(begins=-9, ends=-2))
    for arguments in (
        ("drive", files / "small.splatavatar", "--signal", files / "signal.npz", "-o", "new/a.mp4"),
        ("drive", files / "small.splatavatar", "--signal", files / "signal.npz", "-o", "new/a.mp4", "--stats"),
        ("render", files / "small.splatavatar", "-o", "new/a.png"),
        ("export", files / "small.splatavatar", "-o", "new/a.ply"),
    ):
        done = run(*arguments)
        assert done.returncode == 2
        assert done.stderr.startswith(f"Error: {config / 'certificate.pem'}: this certificate expired on 20")
        assert done.stderr.count("\n") == 1 and not (tmp_path / "new").exists()
    done = run("render", files / "small.splatavatar", "-o", "a.png", "--no-marks")
    assert done.returncode == 0


def test_a_certificate_of_the_users_own_signs(run: Run, files: Path, tmp_path: Path, config: Path) -> None:
    write_chain(config)
    assert run("render", files / "small.splatavatar", "-o", "a.png", "--size", "64x64").returncode == 0
    found = credentials_of(tmp_path / "a.png")
    assert found is not None and found.signed_by == "Ann Example"


def test_files_that_lack_them(run: Run, files: Path, tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4")
    (tmp_path / "b.ply").write_text("ply\n")
    done = run("mark", "a.mp4", "b.ply", "--avatar", files / "small.splatavatar")
    vouched = "; signed by this installation, which nobody vouches for\n"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"a.mp4: content credentials{vouched}b.ply.c2pa: content credentials of b.ply{vouched}"
    for name in ("a.mp4", "b.ply"):
        found = credentials_of(tmp_path / name)
        assert found is not None and found.holds
        assert found.avatar == digest_of(load_avatar(files / "small.splatavatar"))
        assert found.declared
    said = run("detect", "a.mp4").stdout.splitlines()[1]
    assert said.startswith("a.mp4: content credentials hold: declared afterwards, as showing an avatar, by splatavatar")
    again = run("mark", "a.mp4")
    assert (again.returncode, again.stdout) == (0, "a.mp4: has its content credentials (a.mp4)\n")
    (tmp_path / "mine").mkdir()
    certificate, key = write_chain(tmp_path / "mine")
    own = run("mark", "a.mp4", "--certificate", certificate, "--key", key)
    assert own.stdout == "a.mp4: content credentials; those that it had are kept in it\n"
    found = credentials_of(tmp_path / "a.mp4")
    assert found is not None and (found.signed_by, found.earlier) == ("Ann Example", 1)


def test_what_cannot_be_marked_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "a.png").write_text("hello")
    (tmp_path / "mine").mkdir()
    certificate, key = write_chain(tmp_path / "mine", password=b"Kirschbaum")
    for arguments, said in (
        (("missing.mp4",), "missing.mp4: no such file, expected a film, a picture or an export."),
        (("a.txt",), "a.txt: no kind of file that is marked, expected .mp4,"),
        (("a.png",), "a.png: "),
        (("a.png", "--certificate", certificate), "--certificate and --key go together"),
        (("a.png", "--certificate", certificate, "--key", key), f"{key}: this key has a password, which was not given"),
        (("a.png", "--certificate", certificate, "--key", "no.pem"), "no.pem: no such file, expected a private key"),
    ):
        done = run("mark", *arguments)
        assert done.returncode == 2 and done.stderr.startswith(f"Error: {said}"), done.stderr
        assert done.stderr.count("\n") == 1
    assert (tmp_path / "a.png").read_text() == "hello"


@contextmanager
def recording(files: Path, folder: Path, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A drive into the film ``name`` of which some seconds are written."""
    write_signal(folder / "long.npz", moving_signal(600, 30))
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    drive = ("drive", str(files / "small.splatavatar"), "--signal", "long.npz", "--size", "64x64")
    with subprocess.Popen(
        [sys.executable, "-m", "splatavatar", *drive, "-o", name, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        end = time.monotonic() + 60
        while not (parts := list(folder.glob(f".{name}.*.part"))) or parts[0].stat().st_size < 10_000:
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.02)
        yield process


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_a_killed_recording_is_found_by_the_name_of_its_film(run: Run, files: Path, tmp_path: Path, name: str) -> None:
    with recording(files, tmp_path, name) as process:
        process.send_signal(signal.SIGKILL)
    done = run("mark", name, "--avatar", files / "small.splatavatar")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout.startswith(f"{name}: made of a recording that was cut off\n")
    found = credentials_of(tmp_path / name)
    assert found is not None and found.holds and found.earlier == 0
    with av.open(str(tmp_path / name)) as film:
        assert film.duration and len(list(film.decode(video=0))) >= 30
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("arguments", [(), ("--stats",)], ids=["frame by frame", "live"])
def test_what_is_broken_off_is_a_marked_beginning(files: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with recording(files, tmp_path, "a.mp4", *arguments) as process:
        process.send_signal(signal.SIGINT)
    found = credentials_of(tmp_path / "a.mp4")
    assert found is not None and found.holds and found.driven_by == ("recording",)


def test_detect_says_what_credentials_say(run: Run, files: Path, tmp_path: Path) -> None:
    avatar = files / "small.splatavatar"
    short = digest_of(load_avatar(avatar))[:10]
    assert run("export", avatar, "-o", "a.ply").returncode == 0
    write_film(
        tmp_path / "a.mp4", Marker(Origin(digest_of(load_avatar(avatar)), driven_by=("mic",)), make_certificate())
    )
    said = "signed by an installation of splatavatar, for whom nobody vouches here\n"
    day = f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"
    made = f"made by splatavatar 0.1.0 on {day} (compositeSynthetic) with avatar {short}"
    done = run("detect", "a.ply", "--avatar", avatar)
    assert (done.returncode, done.stdout) == (0, f"a.ply: content credentials hold: {made}; {said}")
    assert run("detect", "a.ply", "--avatar", "demo").returncode == 1
    done = run("detect", "a.mp4")
    held = f"a.mp4: content credentials hold: {made} moved by mic; {said}"
    assert (done.returncode, done.stdout) == (0, f"a.mp4: no mark found\n{held}")
    done = run("detect", "a.mp4", "a.ply", "--json")
    film, splats = json.loads(done.stdout)
    assert not film["credentials"]["declared"]
    assert not film["found"] and film["credentials"]["holds"] and splats["credentials"]["state"] == "Valid"
    with (tmp_path / "a.ply").open("ab") as file:
        file.write(b"x")
    done = run("detect", "a.ply")
    assert done.returncode == 1 and "do not hold, the file or they were changed: made by" in done.stdout
    write_film(tmp_path / "b.mp4")
    done = run("detect", "b.mp4")
    assert (done.returncode, done.stdout) == (1, "b.mp4: no mark found\nb.mp4: no content credentials\n")
    for name in ("missing.ply", "missing.mp4"):
        done = run("detect", name)
        assert done.returncode == 2 and done.stderr.startswith(f"Error: {name}: no such file"), done.stderr


def packets(path: Path) -> list[bytes]:
    """What is stored of a film, packet by packet."""
    with av.open(str(path)) as film:
        return [bytes(packet) for packet in film.demux() if packet.size]


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
def test_a_film_of_others_in_pieces_is_kept_as_it_is(run: Run, tmp_path: Path, name: str, signed: bool) -> None:
    path = write_pieces(tmp_path / name)
    (tmp_path / "theirs").mkdir()
    if signed:
        mark_file(path, Marker(Origin(), read_certificate(*write_chain(tmp_path / "theirs"))))
    whole, stored = path.read_bytes(), packets(path)
    with av.open(str(path)) as film:
        said = film.metadata
    done = run("mark", name, "--avatar", "demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert "cut off" not in done.stdout
    assert ("those that it had are kept in it" in done.stdout) == signed
    found = credentials_of(path)
    assert found is not None and found.holds and found.earlier == signed
    assert (path.read_bytes() == whole) == (name == "a.webm")
    assert packets(path) == stored
    with av.open(str(path)) as film:
        assert film.metadata == said and said["title"] == "A title"
    opened, declared = actions(path)
    assert (opened["action"], declared["action"]) == ("c2pa.opened", "org.splatavatar.declared")


def actions(path: Path) -> list[dict[str, object]]:
    """Those that the newest credentials of a film name."""
    beside = path.with_name(f"{path.name}.c2pa")
    media_type = "video/mp4" if path.suffix == ".mp4" else "application/octet-stream"
    with path.open("rb") as file:
        store = beside.read_bytes() if beside.exists() else None
        report = json.loads(c2pa.Reader(media_type, file, store).json())
    assertions = report["manifests"][report["active_manifest"]]["assertions"]
    found: list[dict[str, object]] = next(
        one["data"]["actions"] for one in assertions if one["label"].startswith("c2pa.actions")
    )
    return found


def test_a_recording_that_was_renamed_is_made_a_film(run: Run, files: Path, tmp_path: Path) -> None:
    with recording(files, tmp_path, "a.mp4") as process:
        process.send_signal(signal.SIGKILL)
    (left,) = tmp_path.glob(".a.mp4.*.part")
    left.rename(tmp_path / "mine.mp4")
    done = run("mark", "mine.mp4")
    assert done.stdout.startswith("mine.mp4: made of a recording that was cut off\n")
    assert actions(tmp_path / "mine.mp4")[0]["action"] == "c2pa.created"


def test_a_download_that_was_cut_off_is_no_recording(run: Run, tmp_path: Path) -> None:
    before = write_pieces(tmp_path / "a.mp4").rename(tmp_path / "a.mp4.part").read_bytes()
    done = run("mark", "a.mp4.part")
    assert done.returncode == 2 and done.stderr.startswith("Error: a.mp4.part: no kind of file that is marked")
    assert (tmp_path / "a.mp4.part").read_bytes() == before


def test_files_are_looked_at_before_a_certificate_is_made(run: Run, tmp_path: Path, config: Path) -> None:
    write_film(tmp_path / "a.mp4")
    before = (tmp_path / "a.mp4").read_bytes()
    for name in ("missing.mp4", "a.txt"):
        (tmp_path / "a.txt").touch()
        done = run("mark", "a.mp4", name)
        assert done.returncode == 2 and done.stderr.startswith(f"Error: {name}: ")
        assert done.stderr.count("\n") == 1
        assert not list(config.iterdir()) and (tmp_path / "a.mp4").read_bytes() == before


def test_what_strangers_have_signed_is_kept(run: Run, tmp_path: Path) -> None:
    marker = Marker(Origin(), make_certificate())
    write_film(tmp_path / "a.mp4", marker)
    content = bytearray((tmp_path / "a.mp4").read_bytes())
    content[-40] ^= 1
    (tmp_path / "a.mp4").write_bytes(content)
    done = run("mark", "a.mp4")
    assert done.returncode == 0 and "those that it had are kept in it" in done.stdout
    found = credentials_of(tmp_path / "a.mp4")
    assert found is not None and found.earlier == 1
