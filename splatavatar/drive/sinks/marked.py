"""What plug-ins write, marked once they have finished it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sinks.sink import Beginning, Sink
from splatavatar.errors import OutputError, TrustError
from splatavatar.trust.credentials.mark import mark_file
from splatavatar.trust.credentials.marker import Marker


class MarkedSink:
    """A sink whose file gets its content credentials when it is closed: in it, or beside it."""

    def __init__(self, sink: Sink, path: Path, marker: Marker) -> None:
        """``path`` is the file that ``sink`` writes, of a kind that is marked."""
        self._sink, self._path, self._marker = sink, path, marker

    def write(self, image: NDArray[np.uint8]) -> None:
        """See ``Sink``."""
        self._sink.write(image)

    def close(self) -> None:
        """See ``Sink``; where the credentials fail the file is there without them. Raises OutputError."""
        self._sink.close()
        self._mark(self._path)

    def keep(self) -> Beginning:
        """See ``Sink`` and ``close``."""
        kept = self._sink.keep()
        self._mark(kept.place)
        return kept

    def discard(self) -> None:
        """See ``Sink``."""
        self._sink.discard()

    def _mark(self, path: Path) -> None:
        if not path.is_file():  # without a picture there is none
            return
        try:
            mark_file(path, self._marker)
        except TrustError as error:
            raise OutputError(str(error)) from error
