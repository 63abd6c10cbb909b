from __future__ import annotations

from splatavatar.viewer.generate import TABLES, typescript


def test_the_tables_of_the_page_are_those_of_python() -> None:
    assert TABLES.read_text(encoding="utf-8") == typescript(), "run python -m splatavatar.viewer.generate"
