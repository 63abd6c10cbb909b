from __future__ import annotations

import pytest

from support.drawn import Drawn, draw


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """A clip of twelve pictures."""
    return draw(12)
