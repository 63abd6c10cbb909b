from __future__ import annotations

import pytest

from splatavatar.errors import DependencyError
from splatavatar.extras import EXTRAS, missing_extra, required


def test_names_the_command_that_installs_what_is_missing() -> None:
    error = missing_extra(ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"))
    assert str(error) == "the package 'torch' is not installed; add it by: pip install \".[bake]\""


def test_other_missing_modules_are_bugs() -> None:
    assert missing_extra(ModuleNotFoundError("No module named 'splatavatar.x'", name="splatavatar.x")) is None
    assert missing_extra(ModuleNotFoundError("no name")) is None


def test_a_package_is_imported_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "nowhere_at_all", "drive")
    with pytest.raises(DependencyError, match="the package 'nowhere_at_all' is not installed; add it by: pip install"):
        required("nowhere_at_all.inside")
    with pytest.raises(ModuleNotFoundError):
        required("nobodys_package")
    assert required("json").loads("1") == 1
