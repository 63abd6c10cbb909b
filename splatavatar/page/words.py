"""Text of others within a page."""

from __future__ import annotations

from html import escape

from splatavatar.printable import printable


def words(text: object) -> str:
    """Escapes ``text`` to HTML that shows it and does nothing else, in an element or in a quoted attribute.

    Names of files and what files say of themselves may hold tags, characters that turn the direction of writing, and
    bytes that no encoding has.
    """
    return escape(printable(text), quote=True)
