"""Piper: a program that says texts by a network that the operator has."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.input import check_input, read_json
from splatavatar.printable import printable
from splatavatar.serve.speech.resampling import HIGHEST_RATE, LOWEST_RATE, Samples
from splatavatar.serve.voices.program import output_of, samples_of

EXPECTED = "a voice of Piper: MODEL.onnx, with MODEL.onnx.json beside it"


class Piper:
    """A voice of Piper; each text is said by a process of its own, which loads the network."""

    def __init__(self, program: str, model: Path, rate: int) -> None:
        self._command, self._rate = [program, "--model", str(model), "--output-raw"], rate

    async def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        """See ``Voice``."""
        # It says each line by itself.
        async with aclosing(samples_of(output_of(self._command, " ".join(text.split()) + "\n"))) as sound:
            async for samples in sound:
                yield samples, self._rate


def open_piper(model: str) -> Piper:
    """The voice of a file. Raises SettingsError for what is none, DependencyError without the program ``piper``."""
    if not model:
        raise SettingsError(f"piper needs {EXPECTED}.")
    path = check_input(model, SettingsError, EXPECTED).absolute()
    described = read_json(path.with_name(f"{path.name}.json"), SettingsError, EXPECTED, 1 << 20)
    audio = described.get("audio") if isinstance(described, dict) else None
    rate = audio.get("sample_rate") if isinstance(audio, dict) else None
    if not isinstance(rate, int) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise SettingsError(f"{printable(model)}.json: no audio.sample_rate of sound, expected {EXPECTED}.")
    program = shutil.which("piper")
    if program is None:
        raise DependencyError("the program piper is not installed; add it by: pip install piper-tts")
    return Piper(program, path, rate)
