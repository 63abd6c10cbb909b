"""When somebody whose connection is gone tries to come back, and when they give up."""

from __future__ import annotations

from splatavatar.errors import RoomError
from splatavatar.viewer.room.link import Absent
from splatavatar.viewer.room.visit import Taken

SOON, LATEST = 0.25, 4.0
"""seconds between two tries: the first, and the most that it grows to"""
LONGEST = 600.0
"""seconds for which a server that does not answer is looked for"""
GHOST = 60.0
"""seconds after which a server has missed who is gone (its WebSockets ask every 20 s, and wait as long)"""


class Returning:
    """The tries of one person, by a clock in seconds."""

    def __init__(self) -> None:
        self._lost: float | None = None
        self._wait = SOON
        self._been = False

    def is_in(self) -> None:
        """One has a seat (again)."""
        self._been, self._lost, self._wait = True, None, SOON

    def wait(self, error: RoomError, now: float) -> float:
        """Seconds to the next try, after ``error`` ended the last one at ``now``.

        Raises ``error`` where no try is worth it: one has never been in, is refused, or has tried for too long.
        """
        self._lost = now if self._lost is None else self._lost
        patience = LONGEST if isinstance(error, Absent) else GHOST if isinstance(error, Taken) else 0.0
        if not self._been or now - self._lost >= patience:
            raise error
        wait, self._wait = self._wait, min(2 * self._wait, LATEST)
        return wait
