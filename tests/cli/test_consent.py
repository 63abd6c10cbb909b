"""Who is asked what, and what commands say of an avatar that nobody has consented to show."""

from __future__ import annotations

import os
import pty
import select
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.consent import SpokenProof, consent_of
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.errors import OutputError
from splatavatar.pictures import read_picture
from support.consents import ANN, consenting
from support.small_avatar import small_avatar

ROOT = Path(__file__).parents[2]
RECORD = """
subject = "Ann"
given_by = "Ann"
how = "asked"
date = 2026-03-01
scope = { calls = true }
"""


def test_a_record_is_added_and_replaced(run, files: Path, tmp_path: Path) -> None:
    (tmp_path / "ann.toml").write_text(RECORD)
    done = run("consent", "set", files / "small.splatavatar", "--consent", "ann.toml", "-o", "a.splatavatar")
    assert done.returncode == 0, done.stderr
    assert "a.splatavatar: Ann, said by themselves on 2026-03-01: calls\n" in done.stdout
    said = load_avatar(tmp_path / "a.splatavatar")
    assert consent_of(said.metadata) == ANN
    np.testing.assert_array_equal(said.gaussians.colour, load_avatar(files / "small.splatavatar").gaussians.colour)
    (tmp_path / "bea.toml").write_text(RECORD.replace('"Ann"', '"Bea"'))
    assert run("consent", "set", "a.splatavatar", "--consent", "bea.toml", "-o", "a.splatavatar").returncode == 0
    assert consent_of(load_avatar(tmp_path / "a.splatavatar").metadata) == replace(ANN, subject="Bea", given_by="Bea")
    shown = run("info", "a.splatavatar").stdout
    assert "consent\n  state        valid\n  subject      Bea\n" in shown


def test_what_the_footage_said_stays_with_the_record_of_the_same_person(run, tmp_path: Path) -> None:
    spoken = SpokenProof("a" * 64, 1.0, 4.5, date(2026, 3, 1))
    heard = replace(ANN, sources=("b" * 64,), spoken=spoken)
    save_avatar(tmp_path / "a.splatavatar", consenting(small_avatar(), heard))
    (tmp_path / "ann.toml").write_text(RECORD.replace("calls", "training") + "expires = 2999-01-01\n")
    done = run("consent", "set", "a.splatavatar", "--consent", "ann.toml", "-o", "b.splatavatar")
    assert done.returncode == 0 and "Gone" not in done.stderr
    longer = replace(heard, scope=frozenset(["training"]), expires=date(2999, 1, 1))
    assert consent_of(load_avatar(tmp_path / "b.splatavatar").metadata) == longer
    (tmp_path / "own.toml").write_text(f'sources = ["{"c" * 64}"]\n' + RECORD)
    assert run("consent", "set", "a.splatavatar", "--consent", "own.toml", "-o", "b.splatavatar").returncode == 0
    own = replace(heard, sources=("c" * 64,))
    assert consent_of(load_avatar(tmp_path / "b.splatavatar").metadata) == own
    for name in ("subject", "given_by"):
        (tmp_path / "other.toml").write_text(RECORD.replace(f'{name} = "Ann"', f'{name} = "Bea"'))
        done = run("consent", "set", "a.splatavatar", "--consent", "other.toml", "-o", "c.splatavatar")
        assert done.returncode == 0
        assert done.stderr.splitlines()[-1] == (
            "Gone with the record of before: the spoken proof and the checksums of the footage, "
            "for this one is of another person, or by another."
        )
        other = consent_of(load_avatar(tmp_path / "c.splatavatar").metadata)
        assert other == replace(ANN, **{name: "Bea"})


def test_what_cannot_be_set_is_one_sentence(run, files: Path, tmp_path: Path) -> None:
    (tmp_path / "ann.toml").write_text("hash_sources = true\n" + RECORD)
    small = files / "small.splatavatar"
    for record, sentence in (
        ("none.toml", "none.toml: no such file, expected a record of consent in TOML."),
        ("ann.toml", "ann.toml: hash_sources is for a bake, which has the footage; an avatar has not."),
    ):
        done = run("consent", "set", small, "--consent", record, "-o", "a.splatavatar")
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {sentence}\n")
        done = run("bake", tmp_path, "--consent", "none.toml")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "Error: none.toml: no such file, expected a record of consent in TOML.\n"
    assert not (tmp_path / "a.splatavatar").exists()


def test_what_is_private_is_shown_to_nobody_else(run, files: Path) -> None:
    small = files / "small.splatavatar"
    why = f"{small}: it has no record of consent, so it is private. Showing it to others needs a consent to calls: "
    why += "add one with splatavatar consent set, or give --without-consent, which everybody is told."
    signal = ("--signal", files / "signal.npz")
    for arguments in (
        ("view", small, "--share", "--no-open"),
        ("drive", small, *signal, "--view", "--share"),
        ("drive", small, *signal, "--room", "https://127.0.0.1:1/room.html?token=a"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {why}\n")
    for command, said in (
        (("view", small), "is for --share: on this machine alone nobody else sees the avatar."),
        (("drive", small, *signal, "--view"), "shows an avatar to others; it needs --room, or --view with --share."),
    ):
        done = run(*command, "--without-consent")
        assert (done.returncode, done.stderr) == (2, f"Error: --without-consent {said}\n")
    done = run("drive", small, *signal, "--room", "x", "--without-consent")
    first, second = done.stderr.splitlines()
    assert first.endswith("It is shown all the same, and everybody is told: No record of consent")
    assert second.startswith("Error: this is no link of a room;")


def test_what_has_expired_still_plays(run, tmp_path: Path) -> None:
    save_avatar(tmp_path / "old.splatavatar", consenting(small_avatar(), replace(ANN, expires=date(2026, 3, 2))))
    done = run("render", "old.splatavatar", "-o", "a.png", "--size", "32x32", "--no-marks")
    assert done.returncode == 0 and (tmp_path / "a.png").exists()
    assert "The consent of Ann expired on 2026-03-02: keep what you make of it to yourself.\n" in done.stderr
    shared = run("view", "old.splatavatar", "--share")
    assert shared.returncode == 2 and "old.splatavatar: its consent expired on 2026-03-02. Showing" in shared.stderr


def test_a_picture_says_what_it_is(run, files: Path, tmp_path: Path) -> None:
    arguments = ("render", files / "small.splatavatar", "--size", "64x64", "--no-marks")
    for name, label in (
        ("plain.png", []),
        ("bare.png", ["--label"]),
        ("named.png", ["--label=Avatar"]),
        ("other.png", ["--label=Ann"]),
    ):
        assert run(*arguments, "-o", name, *label).returncode == 0
    plain, bare, named, other = (
        read_picture(tmp_path / name, OutputError) for name in ("plain.png", "bare.png", "named.png", "other.png")
    )
    assert np.array_equal(bare, named) and not np.array_equal(bare, plain) and not np.array_equal(other, bare)
    assert np.array_equal(bare[:32], plain[:32])
    done = run(*arguments, "-o", "a.png", "--label=")
    assert (done.returncode, done.stderr) == (2, "Error: a label has 1 to 40 characters that can be seen\n")


def asked(folder: Path, *answers: str, options: tuple[str, ...] = ()) -> tuple[str, int]:
    """What a bake of an empty folder says at a terminal at which ``answers`` are typed, and its exit code."""
    (folder / "nothing").mkdir(exist_ok=True)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "splatavatar", "bake", "nothing", "-o", "a.splatavatar", *options]
        os.execv(sys.executable, command)
    said, end = b"", time.monotonic() + 60
    waiting = list(answers)
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 0.1)[0]:
            # It waits for an answer once it has asked and is silent.
            if waiting and said.endswith(b": "):
                os.write(terminal, waiting.pop(0).encode())
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        said += piece
        if not piece:
            break
    os.close(terminal)
    return said.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_a_bake_asks_at_a_terminal(tmp_path: Path) -> None:
    said, code = asked(tmp_path, "Ann\n", "\n", "fun\n", "calls, publication\n", "soon\n", "2999-01-01\n", "a@b\n")
    assert code == 2 and "nothing: no images in this folder" in said
    assert "'fun' is none of the uses calls, publication, commercial, training.\n" in said
    assert "Expires of what you say is not a day such as 2026-11-27.\n" in said
    assert f"Ann, said by themselves on {date.today()}: calls, publication; until 2999-01-01\n" in said


def test_enter_keeps_an_avatar_private_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    said, code = asked(tmp_path, "\n")
    assert code == 2 and "No record of consent: the avatar is private" in said and "Who says so" not in said
    said, code = asked(tmp_path, "Ann\n", "\x03")
    assert code == 130 and "no images" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["nothing"]


@pytest.mark.parametrize("options", [("--frames", "3"), ("--holdout", "all"), ("--matting", "scissors")])
def test_nobody_is_asked_where_an_option_makes_no_sense(tmp_path: Path, options: tuple[str, ...]) -> None:
    said, code = asked(tmp_path, options=options)
    assert code == 2 and said.startswith("Error: ") and said.count("\n") == 1


def test_nobody_is_asked_without_a_terminal(run, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = run("bake", "nothing", "-o", "a.splatavatar")
    assert done.returncode == 2 and done.stdout == "" and "Who is shown" not in done.stderr
