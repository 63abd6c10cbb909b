"""The avatars of a place: a library that a server plays from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import parse_avatar
from splatavatar.avatar.format.container import LARGEST_FILE
from splatavatar.errors import StorageError
from splatavatar.printable import printable
from splatavatar.serve.places.opening import place_of
from splatavatar.serve.places.place import Place, check_name

SUFFIX = ".splatavatar"

Fetch = Callable[[], Avatar]


def avatars_in(place: str) -> Mapping[str, Fetch]:
    """The avatars that lie in a folder or at ``s3://BUCKET/KEY``, by name: what reads each of them.

    ``place`` is a path, ``file:///PATH`` or ``s3://BUCKET/KEY`` (``place_of``). A name is that of a file of it
    without ``.splatavatar``; files in folders below it are no part of it. The place is asked anew whenever the mapping
    is listed or looked up, so that an avatar that is added counts at once; a lookup asks for that file alone. A name
    that comes from a client is only ever compared with names of files: one that is no name raises KeyError.

    ``avatars_in(place)[name]()`` reads the file, of at most ``LARGEST_FILE`` bytes, and checks all of its content as
    ``load_avatar`` does, whatever its name claims. It is read from the place each time: who plays an avatar in many
    sessions keeps it. It blocks meanwhile; a server calls it in a thread.

        library = avatars_in("s3://bucket/avatars")
        avatar = library["ann"]()

    Raises StorageError where the place cannot be read, here or later, DependencyError where the extra ``cluster`` is
    needed for it and absent; ``fetch()`` raises AvatarFileError for what is no intact avatar.
    """
    return _Library(place_of(place))


class _Library(Mapping[str, Fetch]):
    def __init__(self, place: Place) -> None:
        self._place = place

    def __getitem__(self, name: str) -> Fetch:
        try:
            check_name(name + SUFFIX, self._place.address)
        except StorageError:
            raise KeyError(name) from None
        if not name or "/" in name or self._place.entry(name + SUFFIX) is None:
            raise KeyError(name)
        return partial(self._read, name + SUFFIX)

    def __iter__(self) -> Iterator[str]:
        for entry in self._place.top():
            if entry.name.endswith(SUFFIX) and entry.name != SUFFIX:
                yield entry.name.removesuffix(SUFFIX)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _read(self, name: str) -> Avatar:
        return parse_avatar(self._place.read(name, LARGEST_FILE), printable(self._place.of(name)))
