"""What other packages add, and what they do wrong."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from splatavatar.errors import DependencyError, SourceError, SplatAvatarError
from splatavatar.plugins import called, package, plugins


def raising(error: BaseException) -> Callable[[], Any]:
    def made() -> Any:
        raise error

    return made


class Kinds:
    """What can go wrong, by name."""

    device = staticmethod(raising(RuntimeError("no such\n  device.")))
    silent = staticmethod(raising(RuntimeError()))
    own = staticmethod(raising(SourceError("the stage is taken.")))
    extra = staticmethod(raising(ModuleNotFoundError("No module named 'rembg'", name="rembg")))
    other = staticmethod(raising(ModuleNotFoundError("No module named 'stage'", name="stage")))
    interrupted = staticmethod(raising(KeyboardInterrupt()))


NAMES = ("device", "silent", "own", "extra", "other", "interrupted", "absent")


@pytest.fixture
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, EntryPoint]:
    """Those of a package as pip would install it."""
    about = tmp_path / "many_kinds-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: many-kinds\nVersion: 1.0\n")
    lines = [f"{name} = {__name__}:Kinds.{name}" for name in NAMES]
    lines += ["sum = builtins:sum", "nowhere = no_such_module:one"]
    (about / "entry_points.txt").write_text("[a.group]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return plugins("a.group")


def test_they_are_found_by_name_and_called(points: dict[str, EntryPoint]) -> None:
    assert points.keys() == {*NAMES, "sum", "nowhere"}
    assert called(points["sum"], "the sum", SourceError, [1, 2], 3) == 6
    assert package(points["sum"]) == "the package 'many-kinds'"
    assert package(EntryPoint("sum", "builtins:sum", "a.group")) == "a plug-in"
    assert plugins("another.group") == {}


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("device", SourceError, "the box of the package 'many-kinds' cannot be used: no such device."),
        ("silent", SourceError, "the box of the package 'many-kinds' cannot be used: RuntimeError."),
        ("own", SourceError, "the stage is taken."),
        ("extra", DependencyError, "the package 'rembg' is not installed; add it by: pip install \".[matting]\""),
        ("other", SourceError, "the box of the package 'many-kinds' cannot be used: No module named 'stage'."),
        (
            "nowhere",
            SourceError,
            "the box of the package 'many-kinds' cannot be used: No module named 'no_such_module'.",
        ),
        (
            "absent",
            SourceError,
            "the box of the package 'many-kinds' cannot be used: type object 'Kinds' has no ",
        ),
    ],
)
def test_what_they_do_wrong_is_one_sentence(
    points: dict[str, EntryPoint], name: str, error: type[SplatAvatarError], said: str
) -> None:
    with pytest.raises(error) as caught:
        called(points[name], "the box", SourceError)
    assert type(caught.value) is error
    assert str(caught.value).startswith(said) and "\n" not in str(caught.value)


def test_ctrl_c_goes_on(points: dict[str, EntryPoint]) -> None:
    with pytest.raises(KeyboardInterrupt):
        called(points["interrupted"], "the box", SourceError)
