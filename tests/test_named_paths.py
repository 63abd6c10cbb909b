"""Every test that another file names by its path is there: lists of tests outlive the files that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from support.documents import ROOT

NAMED_IN = ("Makefile", "*.md", "benchmarks/**/*", "docs/**/*", "splatavatar/**/*", "tests/**/*")
KINDS = ("", ".c", ".cpp", ".h", ".md", ".py", ".toml", ".ts")
"""suffixes of the files that are read"""
NOT_KEPT = {"node_modules", "build", "__pycache__"}
PATH = re.compile(r"(?<![\w./-])tests/[\w./*-]+\.(?:py|cpp|c)\b")


def readable() -> Iterator[Path]:
    """Text files of the checkout, but for what is installed or built, and for this one, whose examples are absent."""
    for pattern in NAMED_IN:
        for path in ROOT.glob(pattern):
            kept = NOT_KEPT.isdisjoint(path.relative_to(ROOT).parts)
            if kept and path.suffix in KINDS and path.is_file() and path != Path(__file__):
                yield path


def absent(text: str) -> list[str]:
    """The paths of tests in ``text`` to which no file belongs; a star stands for a part of a name."""
    return [path for path in PATH.findall(text) if not any(ROOT.glob(path))]


def test_every_named_test_is_there() -> None:
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in readable()}
    assert sum(len(PATH.findall(text)) for text in texts.values()) > 30
    assert {name: found for name, text in texts.items() if (found := absent(text))} == {}


def test_one_that_has_moved_is_missed() -> None:
    text = "tests/avatar/test_cpu_renderer.py tests/test_named_paths.py tests/test_nam*.py tests/bake/gone_*.cpp"
    assert absent(text) == ["tests/avatar/test_cpu_renderer.py", "tests/bake/gone_*.cpp"]
