"""The documents of the project, and the code in them."""

from __future__ import annotations

import re
import shutil
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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


def inputs(folder: Path) -> None:
    """What the examples name: the data of the project, a voice, an avatar and a network of one's own."""
    (folder / "data").symlink_to(ROOT / "data")
    with wave.open(str(folder / "speech.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((8000 * np.sin(np.arange(16_000) / 9)).astype("<i2").tobytes())
    package = ROOT / "splatavatar"
    for name in ("avatar", "me"):
        shutil.copy(package / "avatar" / "data" / "demo.splatavatar", folder / f"{name}.splatavatar")
    shutil.copy(package / "drive" / "audio" / "data" / "audio_to_face.onnx", folder / "mine.onnx")
