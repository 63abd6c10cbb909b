"""Links between the documents lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.documents import DOCUMENTS, ROOT

LINK = re.compile(r"\]\((?!https?:)([^)\s]*)\)")


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "ARCHITECTURE.md"], ids=lambda path: path.name)
def test_files_and_headings_are_there(document: Path) -> None:
    for target in LINK.findall(re.sub(r"^```.*?^```", "", document.read_text("utf-8"), flags=re.S | re.M)):
        name, _, heading = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), target
        if heading:
            found = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.M)
            assert heading in {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in found}, target
