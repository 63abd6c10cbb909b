from __future__ import annotations

import datetime
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.trust.keys import grouped, new_key, own_key_path, read_key, write_key
from splatavatar.trust.signing import signer

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def avatar(files: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(files / "consenting.splatavatar", tmp_path / "me.splatavatar"))


def test_sign_verify_revoke(run: Run, avatar: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("verify", avatar)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[0] == f"{avatar}: does NOT verify"
    assert done.stdout.splitlines()[-1] == "FAILS     nobody has signed it"

    done = run("sign", avatar)
    assert done.returncode == 0
    assert done.stderr == f"A key that signs your avatars was made: {own_key_path()} (yours alone; keep a copy).\n"
    assert run("key", "name", "Ann Example").returncode == 0
    done = run("sign", avatar)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{avatar}: signed by Ann Example, key ")

    done = run("verify", avatar)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[0] == f"{avatar}: verifies"
    assert said[1].startswith("signed    by Ann Example on 20")
    assert said[2].endswith(" (your own)")
    assert "content   unchanged since then" in said

    revocation = avatar.with_name("me.revocation")
    done = run("revoke", avatar, "-o", revocation)
    assert (done.returncode, done.stderr) == (0, "")

    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(config / "of-somebody-else"))
    done = run("verify", avatar)
    assert done.returncode == 0
    assert "met here for the first time" in done.stdout
    digits = json.loads(run("verify", avatar, "--json").stdout)["signed"]["fingerprint"]
    done = run("verify", avatar, "--trust", digits)
    assert (done.returncode, done.stderr) == (0, "")
    assert " (trusted)" in done.stdout
    done = run("key", "list")
    assert "trusted" in done.stdout and "Ann Example" in done.stdout
    done = run("verify", avatar, "--revocation", revocation)
    assert done.returncode == 1
    assert "FAILS     is revoked: its signer took it back on 20" in done.stdout
    assert run("verify", avatar).returncode == 1, "a revocation is kept"
    done = run("verify", avatar, "--trust", "0" * 32)
    assert done.returncode == 1
    assert "FAILS     is signed by another key than the one that you name" in done.stdout
    assert run("key", "forget", digits).returncode == 0
    assert "Ann Example" not in run("key", "list").stdout.replace("by Ann Example", "")


def test_a_key_with_a_password_signs_by_the_environment(
    run: Run, avatar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.pem"
    write_key(path, new_key("Ann"), "open sesame")
    done = run("sign", avatar, "--key", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: {path}: this key has a password, which was not given\n"
    monkeypatch.setenv("SPLATAVATAR_KEY_PASSWORD", "open barley")
    done = run("sign", avatar, "--key", path)
    assert done.stderr == f"Error: {path}: the password of this key is wrong, or the key is damaged\n"
    assert load_avatar(avatar).signature is None
    monkeypatch.setenv("SPLATAVATAR_KEY_PASSWORD", "open sesame")
    assert run("sign", avatar, "--key", path).returncode == 0
    assert run("verify", avatar).returncode == 0


def test_whose_signature_is_replaced_is_said(run: Run, avatar: Path, tmp_path: Path) -> None:
    ann, bob = new_key("Ann"), new_key("Bob")
    for key in (ann, bob):
        write_key(tmp_path / f"{key.name}.pem", key)
    assert run("sign", avatar, "--key", tmp_path / "Ann.pem").stderr == ""
    done = run("sign", avatar, "--key", tmp_path / "Ann.pem")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("sign", avatar, "--key", tmp_path / "Bob.pem")
    whose = f"of Ann, key {grouped(ann.fingerprint)}, on {datetime.date.today()}"
    assert (done.returncode, done.stderr) == (0, f"{avatar}: the signature that it had is gone, {whose}.\n")
    assert done.stdout.startswith(f"{avatar}: signed by Bob, key ")


def test_a_name_keeps_the_key(run: Run) -> None:
    first = read_key_of(run)
    assert run("key", "name", "Ann").stdout == "You sign as Ann from now on.\n"
    assert read_key_of(run) == first
    assert read_key(own_key_path()).name == "Ann"


def test_a_name_gives_no_key_a_password(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_KEY_PASSWORD", "of another key")
    assert run("key", "name", "Ann").returncode == 0
    monkeypatch.delenv("SPLATAVATAR_KEY_PASSWORD")
    assert read_key(own_key_path()).name == "Ann"


def test_a_verdict_is_said_where_nothing_can_be_kept(
    run: Run, avatar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key.pem"
    write_key(key, new_key("Ann"))
    assert run("sign", avatar, "--key", key).returncode == 0
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(tmp_path / "a-file"))
    done = run("verify", avatar)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"{avatar}: verifies"
    assert done.stderr.startswith("What was learnt of keys is not kept: cannot make the folder")


def read_key_of(run: Run) -> str:
    return next(line for line in run("key", "show").stdout.splitlines() if line.startswith("public"))


def test_one_sentence_each(run: Run, avatar: Path, tmp_path: Path) -> None:
    unsigned = tmp_path / "unsigned.splatavatar"
    save_avatar(unsigned, load_avatar(avatar))
    (tmp_path / "text").write_text("hello")
    (tmp_path / "text").chmod(0o600)
    folder = tmp_path / "folder.splatavatar"
    folder.mkdir()
    save_avatar(avatar, load_avatar(avatar), signer(new_key("Ann")))
    for arguments, sentence in (
        (
            ("revoke", avatar, "-o", "x"),
            "only the key that signed an avatar can revoke it, and there is no key of yours",
        ),
        (("sign", "demo"), "the demo avatar comes with the package and stays as it is; name another file by -o"),
        (("sign", tmp_path / "absent"), f"{tmp_path}/absent: no such file, expected a .splatavatar file."),
        (("sign", avatar, "--key", tmp_path / "text"), f"{tmp_path}/text: not a private key of Ed25519 in PEM"),
        (("sign", avatar, "--key", tmp_path), f"{tmp_path}: a folder, expected a private key of Ed25519 in PEM."),
        (("sign", avatar, "-o", folder), f"cannot write {folder}: it is a folder, expected the name of a file"),
        (("sign", avatar, "-o", tmp_path / "k.pem"), f"{tmp_path}/k.pem: an avatar is written as .splatavatar."),
        (("revoke", avatar, "-o", avatar), f"{avatar}: something else than a revocation is there, and stays"),
        (("key", "password"), "a new password is typed at a terminal, and there is none here"),
        (("revoke", unsigned, "-o", "x"), f"{unsigned}: nobody has signed it, so there is nothing to revoke"),
        (
            ("verify", avatar, "--trust", "xyz"),
            "'xyz' is no fingerprint, expected 32 hexadecimal digits, as verify shows them",
        ),
        (("verify", avatar, "--revocation", tmp_path / "text"), f"{tmp_path}/text: it is not valid JSON"),
        (("verify", tmp_path / "text"), f"{tmp_path}/text is not an intact avatar: "),
        (("key", "trust", "0" * 32), "no key of this fingerprint was met here"),
        (("key", "name", " "), "the name of a signer is a line of 1 to 200 characters"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert done.stderr.splitlines()[-1].startswith(f"Error: {sentence}"), done.stderr


def test_the_demo_is_unsigned_and_consents(run: Run) -> None:
    facts = json.loads(run("verify", DEMO, "--json").stdout)
    assert facts["defects"] == ["nobody has signed it"]
    assert facts["consent"]["scope"]["calls"] is True
