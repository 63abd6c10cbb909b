from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from splatavatar.errors import TrustError
from splatavatar.serve.http import keys
from splatavatar.serve.http.keys import ApiKeys, Key, add_key, new_key, read_keys, remove_key


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "api.json"


def bearer(shown: str) -> str:
    return f"Bearer {shown}"


def test_a_key_that_was_made_is_admitted_and_says_what_it_is_for(file: Path) -> None:
    key, shown = add_key(file, "shop", ["sessions", "speech"], rate=5)
    found = ApiKeys.read(file).check(bearer(shown))
    assert found == key
    assert found.may("sessions") and found.may("speech")
    assert not found.may("metrics") and not found.may("admin")
    assert (found.name, found.rate) == ("shop", 5)


def test_admin_may_everything() -> None:
    key, _ = new_key("operator", ["admin"])
    assert all(key.may(scope) for scope in keys.SCOPES)


def test_what_is_no_key_is_not_admitted(file: Path) -> None:
    key, shown = add_key(file, "shop", ["sessions"])
    admitted = ApiKeys.read(file)
    wrong = shown[:-1] + ("A" if shown[-1] != "A" else "B")
    other = f"sak_{'0' * 12}_{shown.rpartition('_')[2]}"
    for header in (
        None,
        "",
        "Bearer",
        "Bearer ",
        shown,
        f"Basic {shown}",
        bearer(wrong),
        bearer(other),
        bearer(shown + "A"),
        bearer(key.digest),
        bearer(shown.upper()),
        bearer("sak_" + "9" * 100_000),
        bearer("sak_\u0661" + shown[5:]),
        bearer("\x00"),
    ):
        assert admitted.check(header) is None
    assert admitted.check(f"bearer  {shown} ") == key  # the scheme is no matter of case


def test_the_file_holds_no_key_and_is_its_users_alone(file: Path) -> None:
    key, shown = add_key(file, "shop", ["sessions"])
    content = file.read_text()
    assert shown not in content and shown.split("_", 2)[2] not in content
    assert hashlib.sha256(shown.encode()).hexdigest() in content
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert key.digest not in repr(key) and key.digest not in str(ApiKeys([key]))


def test_two_keys_are_never_alike() -> None:
    made = [new_key("x", ["speech"]) for _ in range(100)]
    assert len({shown for _, shown in made}) == len({key.id for key, _ in made}) == 100
    assert all(len(shown) == 60 for _, shown in made)


def test_a_key_is_taken_back_by_its_name_or_its_id(file: Path) -> None:
    add_key(file, "one", ["sessions"])
    two, _ = add_key(file, "two", ["sessions"])
    assert remove_key(file, "one").name == "one"
    assert remove_key(file, two.id) == two
    assert read_keys(file) == []
    with pytest.raises(TrustError, match="no key is called one"):
        remove_key(file, "one")


def test_a_running_service_sees_what_was_added_and_taken_back(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = add_key(file, "one", ["sessions"])
    admitted = ApiKeys.read(file)
    _, second = add_key(file, "two", ["sessions"])
    remove_key(file, "one")
    monkeypatch.setattr(keys, "LOOKED_AT", 0.0)
    assert admitted.check(bearer(first)) is None
    assert admitted.check(bearer(second)) is not None


def test_a_file_that_is_damaged_meanwhile_changes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, shown = add_key(file, "one", ["sessions"])
    admitted = ApiKeys.read(file)
    monkeypatch.setattr(keys, "LOOKED_AT", 0.0)
    file.write_text("{")
    assert admitted.check(bearer(shown)) is not None
    assert admitted.check(bearer(shown)) is not None
    assert caplog.text.count("The keys of before still hold.") == 1
    assert shown not in caplog.text


def test_a_file_that_was_refused_is_read_once_its_mode_is_right(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _, gone = add_key(file, "one", ["sessions"])
    _, stays = add_key(file, "two", ["sessions"])
    admitted = ApiKeys.read(file)
    monkeypatch.setattr(keys, "LOOKED_AT", 0.0)
    remove_key(file, "one")
    os.chmod(file, 0o664)
    assert admitted.check(bearer(gone)) is not None
    assert admitted.check(bearer(gone)) is not None
    assert caplog.text.count("chmod 600") == 1
    os.chmod(file, 0o600)
    assert admitted.check(bearer(gone)) is None
    assert admitted.check(bearer(stays)) is not None


def test_a_failure_that_passes_is_no_end_of_looking(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may not be opened for a moment, and has not changed when it may."""
    _, gone = add_key(file, "one", ["sessions"])
    add_key(file, "two", ["sessions"])
    admitted = ApiKeys.read(file)
    monkeypatch.setattr(keys, "LOOKED_AT", 0.0)
    remove_key(file, "one")

    def refused(path: Path) -> list[Key]:
        raise TrustError("too many open files.")

    with monkeypatch.context() as within:
        within.setattr(keys, "read_keys", refused)
        assert admitted.check(bearer(gone)) is not None
    assert admitted.check(bearer(gone)) is None


def test_a_key_that_is_taken_back_while_the_file_is_read_is_seen(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, gone = add_key(file, "one", ["sessions"])
    add_key(file, "two", ["sessions"])

    def slow(path: Path) -> list[Key]:
        found = read_keys(path)
        monkeypatch.setattr(keys, "read_keys", read_keys)
        remove_key(path, "one")
        return found

    monkeypatch.setattr(keys, "read_keys", slow)
    admitted = ApiKeys.read(file)
    monkeypatch.setattr(keys, "LOOKED_AT", 0.0)
    assert admitted.check(bearer(gone)) is None


def test_a_file_that_others_may_change_is_refused(file: Path) -> None:
    add_key(file, "one", ["sessions"])
    os.chmod(file, 0o620)
    with pytest.raises(TrustError, match="others may add keys to this file"):
        ApiKeys.read(file)
    os.chmod(file, 0o444)  # as containers are given files: digests are no secret
    assert len(ApiKeys.read(file)) == 1


GOOD = {"id": "0" * 12, "name": "x", "sha256": "0" * 64, "scopes": ["speech"]}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"keys": 1},
        {"keys": [1]},
        {"keys": [GOOD, GOOD]},
        {"keys": [GOOD | {"id": 5}]},
        {"keys": [GOOD | {"name": "Ä"}]},
        {"keys": [GOOD | {"sha256": "0" * 63}]},
        {"keys": [GOOD | {"scopes": []}]},
        {"keys": [GOOD | {"scopes": "speech"}]},
        {"keys": [GOOD | {"scopes": ["root"]}]},
        {"keys": [GOOD | {"scopes": [["speech"]]}]},
        {"keys": [GOOD | {"rate": 0}]},
        {"keys": [GOOD | {"rate": float("nan")}]},
        {"keys": [GOOD | {"rate": "1"}]},
        {"keys": [GOOD | {"rate": True}]},
    ],
    ids=lambda value: json.dumps(value)[-40:],
)
def test_what_is_no_file_of_keys_is_refused(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(value))
    with pytest.raises(TrustError, match="expected a file of API keys"):
        read_keys(path)


@pytest.mark.parametrize(
    ("name", "scopes", "rate", "sentence"),
    [
        ("", ["speech"], None, "'' is no name of a key"),
        ("a b", ["speech"], None, "'a b' is no name of a key"),
        ("x\x1b[2J", ["speech"], None, "is no name of a key"),
        ("a", [], None, "a key with no scope, expected one or more of sessions, speech, metrics, admin"),
        ("a", ["root"], None, "a key with the scope 'root'"),
        ("a", ["speech"], 0.0, "a key for 0 requests a second"),
        ("a", ["speech"], float("nan"), "a key for nan requests a second"),
    ],
)
def test_keys_that_make_no_sense(name: str, scopes: list[str], rate: float | None, sentence: str) -> None:
    with pytest.raises(TrustError) as error:
        new_key(name, scopes, rate)
    assert sentence in str(error.value)
    assert str(error.value).isprintable()


def test_a_name_is_one_key(file: Path) -> None:
    add_key(file, "shop", ["speech"])
    with pytest.raises(TrustError, match="a key is called shop already"):
        add_key(file, "shop", ["speech"])


def test_no_keys_admit_nobody() -> None:
    assert ApiKeys().check(bearer(new_key("x", ["speech"])[1])) is None
    assert ApiKeys([Key("0" * 12, "x", frozenset({"admin"}))]).check(f"Bearer sak_{'0' * 12}_{'A' * 43}") is None
