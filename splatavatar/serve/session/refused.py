"""What a client is told instead of what they asked for."""

from __future__ import annotations

from splatavatar.errors import SplatAvatarError


class Refused(SplatAvatarError):
    """One sentence, and the status of HTTP that goes with it."""

    def __init__(self, status: int, sentence: str, retry_after: float | None = None, reason: str | None = None) -> None:
        """``retry_after``: seconds; ``reason``: the word that figures count it by."""
        super().__init__(sentence)
        self.status, self.sentence, self.retry_after, self.reason = status, sentence, retry_after, reason
