from __future__ import annotations

import pytest

from splatavatar.errors import ClusterError, SettingsError
from splatavatar.serve.cluster.connection import check_address, check_room, connected


class Machines:
    """What is asked of Ray: the machines of a cluster."""

    def __init__(self, *resources: dict[str, float]) -> None:
        self._resources = resources

    def nodes(self) -> list[dict[str, object]]:
        gone = {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}
        return [*({"Alive": True, "Resources": each} for each in self._resources), gone]


def test_a_bake_needs_a_machine_that_takes_it() -> None:
    check_room(Machines({"CPU": 2.0}, {"CPU": 8.0, "GPU": 1.0}), 8, 1)
    with pytest.raises(ClusterError, match="no machine of the cluster has 4 cores for a bake; the largest has 2"):
        check_room(Machines({"CPU": 2.0}, {"GPU": 1.0}), 4, 0)
    with pytest.raises(ClusterError, match="has 1 GPU and 2 cores"):
        check_room(Machines({"CPU": 2.0}, {"CPU": 1.0, "GPU": 1.0}), 2, 1)


@pytest.mark.parametrize("address", ["", "here", "host", "host:0", "host:70000", "http://host:1", "a b:1", "ray://h"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(SettingsError, match="the cluster must be local, auto, HOST:PORT or ray://HOST:PORT"):
        check_address(address)


@pytest.mark.parametrize("address", ["local", "auto", "10.0.0.1:6379", "ray://head.example:10001", "[::1]:6379"])
def test_addresses(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9"])
def test_where_nothing_listens(address: str) -> None:
    with pytest.raises(ClusterError, match=f"no cluster of Ray at {address}: connection refused"), connected(address):
        raise AssertionError
