"""Text of others, such as names of files, as a terminal or a log may be sent it."""

from __future__ import annotations

import unicodedata

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""categories of Unicode: control and format characters (among them those that turn the direction of writing), halves of
surrogate pairs, private and unassigned characters, separators of lines"""


def printable(text: object) -> str:
    """One line of text that does nothing to a terminal: what is not a visible character is written as an escape.

    Bytes of a file name that are no UTF-8 (surrogates, PEP 383) come out as ``\\xNN``.
    """
    return "".join(map(_shown, str(text)))


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _ESCAPED:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if code < 0x100:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
