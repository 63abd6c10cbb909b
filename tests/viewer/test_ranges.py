from __future__ import annotations

import pytest

from splatavatar.viewer.ranges import byte_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-99", (0, 100)),
        ("bytes=100-", (100, 1000)),
        ("bytes=-100", (900, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=900-5000", (900, 1000)),
        ("bytes=999-999", (999, 1000)),
        ("bytes=1000-", (1000, 1000)),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("bytes=1-99999999999999999999", None),
    ],
)
def test_byte_range(header: str | None, part: tuple[int, int] | None) -> None:
    assert byte_range(header, 1000) == part
