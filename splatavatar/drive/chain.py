"""The steps between the sources and the avatar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from splatavatar.drive.controls import Controls
from splatavatar.drive.mailbox import Mailbox
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.source import Source, nobody


class Chain:
    """The newest signals of all sources become the one face that the avatar shows."""

    def __init__(self, inputs: Sequence[tuple[Source, Mailbox]]) -> None:
        self._inputs = inputs

    def __call__(self, now: float, controls: Controls) -> tuple[FaceSignal, float | None]:
        """The face at ``now``, always finite, and when the newest signal in it was captured; None without one."""
        for _, mailbox in self._inputs:
            signal, _ = mailbox.at(now)
            if signal is not None and signal.confidence > 0:
                return signal, signal.time
        return replace(nobody(now), confidence=0.0), None
