"""What the metadata of an imported avatar say of where it comes from."""

from __future__ import annotations

IMPORTED = "imported"
"""the key: a table of ``tool`` and ``NOTES``"""
NOTES = "notes"
"""sentences about what is not as it was"""
