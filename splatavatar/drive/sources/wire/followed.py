"""Which of several senders to one port is believed."""

from __future__ import annotations

DESERTED = 3.0
"""seconds of silence, after which another sender may be followed"""
STEADY = 3
"""faces from one address, by which a sender is known to keep its address: some take a new port for every datagram"""
MOST = 64
"""addresses that are remembered"""

Sender = tuple[str, int]
"""address and port"""


class Followed:
    """The first sender that keeps sending faces is followed, until it has been silent for a while."""

    def __init__(self) -> None:
        self.sender: Sender | None = None
        self.anew = False
        """whether the last face is the first of a sender that came after another had gone"""
        self._heard = 0.0
        self._faces: dict[Sender, int] = {}

    def takes(self, sender: Sender | None, now: float, face: bool = True) -> bool:
        """Whether a datagram of ``sender`` counts; one without a ``face`` changes nobody's place.

        None, an unknown sender, always does.
        """
        self.anew = False
        if sender is None:
            return True
        if face:
            if len(self._faces) >= MOST:
                self._faces = {known: count for known, count in self._faces.items() if known == self.sender}
            self._faces[sender] = self._faces.get(sender, 0) + 1
        if sender != self.sender:
            here = 0 <= now - self._heard <= DESERTED
            if self.sender is not None and self._faces.get(self.sender, 0) >= STEADY and here:
                return False
            if face:
                self.anew = self.sender is not None and not here
                self.sender = sender
        if face:
            self._heard = now
        return True


def spoken_name(sender: Sender) -> str:
    """The address as people write it: ``127.0.0.1:5000``, ``[::1]:5000``."""
    address, port = sender
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
