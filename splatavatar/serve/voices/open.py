"""The voices that an operator names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from splatavatar.errors import SettingsError
from splatavatar.printable import printable
from splatavatar.serve.voices.voice import Voice

EXPECTED = "espeak-ng[:VOICE], piper:MODEL or openai:URL[#VOICE]"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")


def open_voices(given: Sequence[str]) -> dict[str, Voice]:
    """Voices by the names that clients call them: ``NAME=WHAT``, else the kind of ``WHAT``, in the order given.

    Raises SettingsError for one that is none and for a name twice, DependencyError where a program is absent.
    """
    voices: dict[str, Voice] = {}
    for text in given:
        name, mark, what = text.partition("=")
        if not mark or not _NAME.fullmatch(name):
            name, what = text.partition(":")[0], text
        if name in voices:
            raise SettingsError(f"two voices are called {printable(name)}; give one another name: NAME={EXPECTED}.")
        voices[name] = open_voice(what)
    return voices


def open_voice(what: str) -> Voice:
    """The voice that ``what`` means (``EXPECTED``). Raises as ``open_voices``."""
    kind, _, rest = what.partition(":")
    if kind == "espeak-ng":
        from splatavatar.serve.voices.espeak import open_espeak

        return open_espeak(rest or "en-us")
    if kind == "piper":
        from splatavatar.serve.voices.piper import open_piper

        return open_piper(rest)
    if kind == "openai":
        from splatavatar.serve.voices.openai import open_openai

        return open_openai(rest)
    raise SettingsError(f"{printable(what)} is no voice, expected {EXPECTED}.")
