"""The documents of the project, and the code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
)
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
_INLINE = re.compile(r"`(splatavatar [^`]*)`")


@dataclass(frozen=True)
class Line:
    """A line of a shell block, or a command within a sentence."""

    document: Path
    text: str

    def __str__(self) -> str:
        return f"{self.document.name}: {self.text}"


def blocks(document: Path, language: str) -> list[str]:
    """The contents of the code blocks of ``language``, in order."""
    return [code for found, code in _BLOCK.findall(document.read_text("utf-8")) if found == language]


def shell_lines() -> list[Line]:
    """Every command of every shell block, without its comment, and every one of splatavatar within a sentence."""
    found = []
    for document in DOCUMENTS:
        for block in blocks(document, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                text = line.split("  #")[0].strip()
                found += [Line(document, part.strip()) for part in text.split("&&") if text]
        prose = _BLOCK.sub("", document.read_text("utf-8")).replace("\n", " ")
        # What stands in brackets or between bars is a choice, not a command.
        found += [Line(document, text) for text in _INLINE.findall(prose) if not re.search(r"[\[|.]{3}|[\[|]|…", text)]
    return list(dict.fromkeys(found))
