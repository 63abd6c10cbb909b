"""The checkpoints of a bake go to the place of its avatar while it runs, so that another machine can go on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from splatavatar.errors import SplatAvatarError
from splatavatar.serve.cluster.jobs import Job, Noted
from splatavatar.serve.cluster.records import BakeRecord, write_record
from splatavatar.serve.places.place import Place

SECONDS = 2.0
"""between two looks for a new checkpoint; a bake writes one after its first step and every half minute"""


class Keeper:
    """Within its block each new checkpoint at ``path`` goes to the place of ``job``, and its record after it.

    It works in a thread: a slow network does not hold the optimiser up. A checkpoint that cannot be written is one
    sentence, and the next one is tried. At the end of the block the newest one is there.
    """

    def __init__(
        self,
        job: Job,
        place: Place,
        path: Path,
        record: BakeRecord,
        tell: Callable[[Noted], None],
    ) -> None:
        self._job, self._place, self._path, self._tell = job, place, path, tell
        self.record = record
        """as it was written last"""
        self._kept = _version(path)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._keep()

    def _run(self) -> None:
        while not self._ended.wait(SECONDS):
            self._keep()

    def _keep(self) -> None:
        version = _version(self._path)
        if version is None or version == self._kept:
            return
        from splatavatar.bake.training.checkpoint import steps_of

        try:
            self._place.put(self._job.checkpoint_file, self._path)
            self.record = replace(self.record, iteration=steps_of(self._path) or 0)
            write_record(self._place, self.record)
        except SplatAvatarError as error:
            self._tell(Noted(f"no checkpoint: {error}"))
        self._kept = version


def _version(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
