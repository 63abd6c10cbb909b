"""Where workers of a cluster put up what they have to tell, and who submitted reads it: an actor of Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from splatavatar.serve.cluster.worker import Told

MOST = 10_000
"""words that wait to be read; of more the oldest are gone"""


class Board:
    """Holds what was told since it was read last: all sentences, and of mere progress the newest of each job."""

    def __init__(self) -> None:
        self._sentences: list[tuple[str, Told]] = []
        self._progress: dict[str, Told] = {}

    def tell(self, name: str, told: Told) -> None:
        """Put up a word of the job called ``name``."""
        from splatavatar.bake.events import Preparing, Training

        if isinstance(told, (Preparing, Training)):
            self._progress[name] = told
        else:
            self._progress.pop(name, None)  # what it says now comes after that
            self._sentences.append((name, told))
            del self._sentences[:-MOST]

    def take(self) -> list[tuple[str, Told]]:
        """What was told since the last time, the oldest first."""
        taken = [*self._sentences, *self._progress.items()]
        self._sentences, self._progress = [], {}
        return taken
