"""Ids of sessions begin with the name of their worker, where it has one."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("aiortc", reason="the package aiortc is not installed")
pytest.importorskip("fastapi", reason="the package fastapi is not installed")

from splatavatar.errors import SettingsError
from splatavatar.serve.http.admission import Admission
from splatavatar.serve.http.metrics import Metrics
from splatavatar.serve.session.library import Library
from splatavatar.serve.session.registry import Registry
from support.service import avatar_folder, running


def test_a_balancer_knows_the_worker_by_the_id(tmp_path: Path) -> None:
    with running(avatar_folder(tmp_path / "avatars"), worker="worker-1") as service:
        made = service.opened()
        name, _, rest = made["id"].partition(".")
        assert name == "worker-1" and len(rest) >= 16
        assert made["offer_url"] == f"/v1/sessions/{made['id']}/offer"
        status, state = service.ask("GET", f"/v1/sessions/{made['id']}")
        assert (status, state["id"]) == (200, made["id"])


@pytest.mark.parametrize("name", ["Worker", "a.b", "-a", "a-", "a/b", "a" * 41, "a\n"])
def test_names_that_dns_has_not(tmp_path: Path, name: str) -> None:
    library = Library.of(str(avatar_folder(tmp_path / "avatars")), False, "cpu", True, None)
    with pytest.raises(SettingsError, match="the name of a worker must be of 1 to 40 letters"):
        Registry(library, Admission(1, 1), Metrics(process=False), worker=name)
