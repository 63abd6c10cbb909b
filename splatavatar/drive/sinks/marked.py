"""What plug-ins write, marked once they have finished it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sinks.sink import Beginning, Sink
from splatavatar.errors import OutputError, TrustError
from splatavatar.media import warn_once
from splatavatar.trust.credentials.formats import drop_sidecar
from splatavatar.trust.credentials.mark import mark_file
from splatavatar.trust.credentials.marker import Marker


class MarkedSink:
    """A sink whose file gets its content credentials when it is closed: in it, or beside it."""

    def __init__(self, sink: Sink, path: Path, marker: Marker) -> None:
        """``path`` is the file that ``sink`` writes; credentials of a kind that is not known lie beside it."""
        self._sink, self._path, self._marker = sink, path, marker
        self._pictures = 0

    def write(self, image: NDArray[np.uint8]) -> None:
        """See ``Sink``."""
        self._sink.write(image)
        self._pictures += 1

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
        if not path.is_file():
            if self._pictures:  # without one there is no file
                warn_once(f"{path}: written without content credentials: it is not one file")
            return
        drop_sidecar(path)  # of an older one
        try:
            mark_file(path, self._marker)
        except (OutputError, TrustError) as error:
            raise OutputError(f"{path}: the film is there, but without content credentials: {error}") from error
