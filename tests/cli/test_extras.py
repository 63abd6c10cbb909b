from __future__ import annotations

from splatavatar.cli.extras import missing_extra


def test_names_the_command_that_installs_what_is_missing() -> None:
    error = missing_extra(ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"))
    assert str(error) == "the package 'torch' is not installed; add it by: pip install \"splatavatar[bake]\""


def test_other_missing_modules_are_bugs() -> None:
    assert missing_extra(ModuleNotFoundError("No module named 'splatavatar.x'", name="splatavatar.x")) is None
    assert missing_extra(ModuleNotFoundError("no name")) is None
