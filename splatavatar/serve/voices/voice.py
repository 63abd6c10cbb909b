"""What says a text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from splatavatar.errors import SplatAvatarError
from splatavatar.serve.speech.resampling import Samples


class VoiceError(SplatAvatarError):
    """A text that a voice did not say."""


class Voice(Protocol):
    """A voice, for any number of texts at once."""

    def say(self, text: str) -> AsyncGenerator[tuple[Samples, int], None]:
        """The sound of a text, mono, piece by piece, each with its rate in Hz.

        Raises VoiceError where it cannot be said. Who stops listening ends it by ``aclose``.
        """
        ...
