from __future__ import annotations

import pytest

from splatavatar.serve.loopback import is_here


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.0.1", "::1"])
def test_names_of_this_machine(host: str) -> None:
    assert is_here(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "example.org", "127.0.0.1.example.org", "0.0.0.0", ""])
def test_names_of_others(host: str) -> None:
    assert not is_here(host)
