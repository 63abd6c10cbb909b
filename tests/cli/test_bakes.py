"""What ``splatavatar bakes`` says before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from splatavatar.cli.app import app
from splatavatar.errors import OutputError, SettingsError, SplatAvatarError, TrustError
from splatavatar.serve.cluster.records import BakeRecord, write_record
from splatavatar.serve.places.opening import place_of


def raised(*arguments: object) -> BaseException:
    result = CliRunner().invoke(app, ["bakes", *map(str, arguments)])
    assert result.exception is not None, result.output
    return result.exception


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        (("--budget", "5m", "--iterations", "5"), SettingsError, "exclude each other"),
        (("--budget", "soon"), SettingsError, "the budget must be a duration"),
        (("--cluster", "somewhere"), SettingsError, "the cluster must be local, auto, HOST:PORT"),
        (("--consents", "absent"), TrustError, "absent: no such folder, expected one with NAME.toml"),
    ],
)
def test_options_that_make_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], kind: type[Exception], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    error = raised("submit", "ann", "-o", "out", *options)
    assert isinstance(error, kind) and said in str(error)


def test_captures_of_one_name(tmp_path: Path) -> None:
    error = raised("submit", tmp_path / "a" / "ann", tmp_path / "b" / "ann", "-o", tmp_path / "out")
    assert isinstance(error, SettingsError)
    assert "would both become ann.splatavatar" in str(error)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert isinstance(raised("submit", "ann", "-o", tmp_path / "file" / "below"), OutputError)
    assert isinstance(raised("submit", "ann", "-o", "ftp://host/x"), SplatAvatarError)


def test_the_list(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bakes", "list", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "no bakes were submitted there\n")
    place = place_of(str(tmp_path))
    write_record(place, BakeRecord("ann", "/people/ann", "running", "ab", 7, "", "machine-1", 12))
    write_record(place, BakeRecord("ben", "/people/ben", "failed", "ab", 0, "no face\x1b[2J", "machine-1", 12))
    lines = CliRunner().invoke(app, ["bakes", "list", str(tmp_path)]).output.splitlines()
    assert lines == [
        "ann  running on machine-1, 7 steps, told 0 min ago",
        "ben  failed, told 0 min ago: no face\\x1b[2J",
    ]
