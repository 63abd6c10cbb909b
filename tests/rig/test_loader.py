import sys

import numpy as np
import pytest

from splatavatar.errors import DependencyError, RigError
from splatavatar.rig import anny_data
from splatavatar.rig.loader import load_rig


def test_unknown_rig_lists_the_known():
    with pytest.raises(RigError, match=r"^unknown rig 'flamingo'; known are anny-head, anny-bust, anny-body$"):
        load_rig("flamingo")


def test_unknown_identity_parameter():
    pytest.importorskip("anny")
    with pytest.raises(RigError, match=r"^unknown identity parameter 'charm'; Anny has the phenotypes gender, age, "):
        load_rig("anny-head", {"age": 0.5, "charm": 1.0})


def test_a_missing_package_is_named_with_the_command_that_adds_it(monkeypatch, tmp_path):
    pytest.importorskip("anny")
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "anny", None)  # what Python does for a module that cannot be imported
    with pytest.raises(DependencyError, match=r'^the rig anny-head needs the package anny .*"splatavatar\[bake\]"$'):
        load_rig("anny-head", {})


def test_a_damaged_cache_is_made_again(monkeypatch, tmp_path, mean_head):
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    path = anny_data.cache_path("anny-head", "data")
    path.write_bytes(b"PK\x03\x04 not an archive")
    heard = []
    rig = load_rig("anny-head", {}, lambda message, fraction: heard.append(fraction))
    np.testing.assert_array_equal(rig.template, mean_head.template)
    assert heard[0] == 0.0 and heard[-1] == 1.0 and heard == sorted(heard)
    assert path.stat().st_size > 1_000_000
    heard.clear()
    load_rig("anny-head", {}, lambda message, fraction: heard.append(fraction))
    assert heard == []


def test_a_cache_that_cannot_be_written_is_done_without(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    anny_data.save(tmp_path / "file" / "below" / "data.npz", {"a": np.zeros(3)})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
