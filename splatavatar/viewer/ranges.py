"""Parts of a file, as HTTP asks for them (RFC 9110, 14.2)."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Begin and end of the bytes that a Range header asks for, of ``size`` (above 0).

    None where the whole file is the answer: no header, several parts, or a unit that is not bytes. A begin at or beyond
    the end is an empty part, which the caller refuses.
    """
    match = _RANGE.fullmatch(header.strip()) if header is not None else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last so many
        return max(size - int(last), 0), size
    begin = int(first)
    end = size if not last else min(int(last) + 1, size)
    return (begin, end) if begin < end or begin >= size else None
