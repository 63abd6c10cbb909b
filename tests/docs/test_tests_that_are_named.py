"""Tests that documents name, as ``path::name``, are there."""

from __future__ import annotations

import ast
import re

import pytest

from support.documents import DOCUMENTS, ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py|splatavatar/viewer/web/tests/[\w./]+\.ts)::([^`]+)`")
FOUND = [(document.name, *found) for document in DOCUMENTS for found in NAMED.findall(document.read_text("utf-8"))]


def test_threats_name_tests() -> None:
    assert len([name for document, _, name in FOUND if document == "threats.md"]) > 25


@pytest.mark.parametrize(("document", "path", "name"), sorted(set(FOUND)))
def test_a_test_that_is_named_is_there(document: str, path: str, name: str) -> None:
    source = (ROOT / path).read_text("utf-8")
    if path.endswith(".ts"):
        assert f"'{name}'" in source
    else:
        assert name in {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def test_every_line_of_a_threat_says_what_holds_it() -> None:
    rows = [line for line in (ROOT / "docs" / "threats.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    lines = [row for row in rows if not row.startswith("| can they")]
    assert len(lines) > 25
    for line in lines:
        can, holds, test = (cell.strip() for cell in line.strip("|").split(" | "))
        assert can and holds
        assert NAMED.search(test) or "*nothing*" in test, line
