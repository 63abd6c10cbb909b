"""espeak-ng: the program, or its library in a process of its own.

It is under the GPL. Nothing of it is loaded here: the program is run as any other, and the library, where the package
``espeakng-loader`` is installed, by a process that does nothing else.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.printable import printable
from splatavatar.serve.speech.resampling import HIGHEST_RATE, LOWEST_RATE, Samples
from splatavatar.serve.voices.program import output_of, samples_of
from splatavatar.serve.voices.voice import VoiceError

PROGRAMS = ("espeak-ng", "espeak")
PROCESS = Path(__file__).with_name("espeak_process.py")
HEADER = 44
"""bytes of the header of a WAV as espeak-ng writes it, and before its samples"""
_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+_-]{0,63}")


class Espeak:
    """A voice of espeak-ng. Both ways give what ``--stdout`` does: a WAV whose length is not told."""

    def __init__(self, command: list[str]) -> None:
        self._command = command

    async def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        """See ``Voice``."""
        async with aclosing(output_of(self._command, text)) as pieces:
            header = b""
            async for piece in pieces:
                header += piece
                if len(header) >= HEADER:
                    break
            if not header:
                return
            rate = int.from_bytes(header[24:28], "little")
            if header[:4] != b"RIFF" or header[36:40] != b"data" or not LOWEST_RATE <= rate <= HIGHEST_RATE:
                raise VoiceError("The program of the voice wrote something else than sound.")
            async with aclosing(samples_of(_after(header[HEADER:], pieces))) as sound:
                async for samples in sound:
                    yield samples, rate


def open_espeak(voice: str) -> Espeak:
    """A voice of espeak-ng by its name, a language and perhaps a variant, such as ``en-us`` or ``de+f3``.

    Raises SettingsError for what is no name, DependencyError where there is neither the program nor the library.
    """
    if not _VOICE.fullmatch(voice):
        raise SettingsError(f"{printable(voice)!r} is no voice of espeak-ng, expected one such as en-us or de+f3.")
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is not None:
        return Espeak([program, "--stdin", "--stdout", "-v", voice])
    found = importlib.util.find_spec("espeakng_loader")
    if found is None or found.origin is None:
        raise DependencyError(
            "espeak-ng is not installed; add the program by the system's packages, or its library by: "
            "pip install espeakng-loader"
        )
    return Espeak([sys.executable, "-I", str(PROCESS), str(Path(found.origin).parent), voice])


async def _after(begin: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield begin
    async for piece in rest:
        yield piece
