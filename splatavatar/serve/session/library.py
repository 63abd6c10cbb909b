"""The avatars that the service shows: those of one place, each loaded once for all who show it."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from pathlib import Path

from splatavatar.avatar.file import parse_avatar
from splatavatar.avatar.format.container import LARGEST_FILE
from splatavatar.avatar.library import DEMO
from splatavatar.errors import StorageError
from splatavatar.printable import printable
from splatavatar.serve.places.avatars import SUFFIX
from splatavatar.serve.places.opening import place_of
from splatavatar.serve.places.place import Place, check_name
from splatavatar.serve.stage import Stage
from splatavatar.trust.known import read_known
from splatavatar.trust.policy import check_sharing

LOG = logging.getLogger("splatavatar")
MOST_LOADED = 32
"""avatars that are kept in memory; of more the one that was asked for longest ago is read again when it is needed"""


class Library:
    """Stages by the names of files in a place. Threads may share it; what reads files blocks."""

    def __init__(
        self,
        place: Place,
        only: str | None = None,
        without_consent: bool = False,
        device: str = "cpu",
        marks: bool = True,
        label: str | None = None,
    ) -> None:
        """
        Args:
            place: where the files lie; what is added there counts at once.
            only: the one name of it that is shown; None for all.
            without_consent: whether avatars are shown whose file has no consent to calls.
            device, marks, label: see ``Stage``.
        """
        self._place, self._only = place, only
        self._without_consent, self._device, self._marks, self._label = without_consent, device, marks, label
        self._loaded: OrderedDict[str, tuple[str, Stage]] = OrderedDict()
        self._lock = threading.Lock()  # of what is loaded
        self._reading: dict[str, threading.Lock] = {}  # by name: each is read once for all who ask

    @classmethod
    def of(cls, avatars: str, without_consent: bool, device: str, marks: bool, label: str | None) -> Library:
        """The avatars of a folder or an address, of one file, or the one that comes along for "demo".

        Raises StorageError where nothing is there.
        """
        path = DEMO if avatars == "demo" and not Path(avatars).exists() else Path(avatars)
        one = "://" not in avatars and path.is_file()
        if one and path.suffix != SUFFIX:
            raise StorageError(f"{printable(avatars)}: not the name of an avatar, expected one that ends in {SUFFIX}.")
        place, only = (place_of(str(path.parent)), path.stem) if one else (place_of(avatars), None)
        library = cls(place, only, without_consent, device, marks, label)
        if not library.names():
            raise StorageError(f"{printable(avatars)}: no avatar ({SUFFIX}) is there.")
        return library

    def names(self) -> list[str]:
        """Of all avatars, in order; files whose names are none are left out. Raises StorageError."""
        if self._only is not None:
            return [self._only]
        found = (entry.name for entry in self._place.top())
        return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX) and name != SUFFIX)

    def stage(self, name: str) -> Stage:
        """The avatar of that name, whose consent is asked for now.

        Raises:
            KeyError: there is none.
            TrustError: nobody has consented to show it to others, or its signer took it back.
            AvatarFileError, StorageError: it cannot be read.
        """
        version = self._version(name)
        with self._lock:
            reading = self._reading.setdefault(name, threading.Lock())
        with reading:
            known = self._loaded.get(name)
            if known is None or known[0] != version:
                content = self._place.read(name + SUFFIX, LARGEST_FILE)
                avatar = parse_avatar(content, printable(name))
                stage = Stage(avatar, content, self._device, marks=self._marks, label=self._label)
                known = (version, stage)
            self._check(name, known[1])
            with self._lock:
                self._loaded[name] = known
                self._loaded.move_to_end(name)
                while len(self._loaded) > MOST_LOADED:
                    self._loaded.popitem(last=False)
        return known[1]

    def _version(self, name: str) -> str:
        try:
            check_name(name + SUFFIX, "avatars")
        except StorageError:
            raise KeyError(name) from None
        if not name or "/" in name or (self._only is not None and name != self._only):
            raise KeyError(name)
        entry = self._place.entry(name + SUFFIX)
        if entry is None:
            raise KeyError(name)
        return entry.version

    def _check(self, name: str, stage: Stage) -> None:
        told = check_sharing(stage.avatar, printable(name), self._without_consent, read_known().revocations)
        if told is not None and name not in self._loaded:
            LOG.warning("%s", told)
