"""Options of ``drive`` that do nothing without others."""

from __future__ import annotations

import ast
import inspect
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from splatavatar.cli import drive
from splatavatar.cli.drive_checks import NEEDS, check_purpose
from splatavatar.errors import SettingsError

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_each_option_that_is_checked_has_its_sentence() -> None:
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(drive))) if isinstance(node, ast.Call)]
    (call,) = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "check_purpose"]
    for table in call.args:
        assert isinstance(table, ast.Dict)
        assert sorted(ast.literal_eval(key) for key in table.keys if key is not None) == sorted(NEEDS)


def test_each_sentence_is_said() -> None:
    for option, why in NEEDS.items():
        check_purpose({option: True}, {option: True})
        check_purpose({option: False}, {option: False})
        with pytest.raises(SettingsError) as caught:
            check_purpose({option: True}, {option: False})
        assert str(caught.value) == f"{option} {why}" and why.endswith(".")


def test_no_marks_is_of_no_use_where_nothing_is_drawn(run: Run, files: Path, tmp_path: Path) -> None:
    done = run("drive", "demo", "--signal", files / "signal.npz", "--record", "y.npz", "--no-marks")
    said = "Error: --no-marks leaves marks out of pictures; it needs -o, --window, --virtual-camera or --sink.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert not (tmp_path / "y.npz").exists()
