"""Avatars that are read for many who ask at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

pytest.importorskip("prometheus_client")
from splatavatar.serve.places.opening import place_of
from splatavatar.serve.places.place import Entry, Place
from splatavatar.serve.session.library import Library
from support.service import avatar_folder

LONG = 30.0


class Held:
    """A place whose ``eve`` is read when it is let go on; of each file it counts how often it was read."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.read_of: list[str] = []

    def entry(self, name: str) -> Entry | None:
        """As that of the place; ``eve`` is Ann's."""
        return self._place.entry(name.replace("eve", "ann"))

    def read(self, name: str, most: int) -> bytes:
        """As the place reads it."""
        self.read_of.append(name)
        if name.startswith("eve"):
            self.asked.set()
            assert self.go_on.wait(LONG)
        return self._place.read(name.replace("eve", "ann"), most)


def test_who_asks_for_one_does_not_wait_for_another_and_each_is_read_once(tmp_path: Path) -> None:
    held = Held(place_of(str(avatar_folder(tmp_path / "avatars"))))
    library = Library(held)  # type: ignore[arg-type]
    stages: list[object] = []
    slow = [threading.Thread(target=lambda: stages.append(library.stage("eve"))) for _ in range(3)]
    for thread in slow:
        thread.start()
    try:
        assert held.asked.wait(LONG)
        ann = library.stage("ann")
        assert library.stage("ann") is ann and stages == []
    finally:
        held.go_on.set()
    for thread in slow:
        thread.join(LONG)
    assert len(stages) == 3 and len(set(map(id, stages))) == 1
    assert sorted(held.read_of) == ["ann.splatavatar", "eve.splatavatar"]
