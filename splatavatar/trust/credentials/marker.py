"""Putting content credentials into files, or beside them."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Sequence
from typing import Any, BinaryIO

from splatavatar import __version__
from splatavatar.avatar.avatar import Avatar
from splatavatar.errors import DependencyError, TrustError
from splatavatar.media import warn_once
from splatavatar.printable import printable
from splatavatar.trust.credentials.certificate import Certificate, own_certificate
from splatavatar.trust.credentials.library import library, reading_context, signing_context
from splatavatar.trust.credentials.origin import Origin, manifest, origin_of

ANYTHING = "application/octet-stream"
"""the type of a file whose bytes are all hashed: one that holds no credentials itself"""
BEFORE = "before.c2pa"
"""how the library calls credentials that lay beside a file, while it puts them into new ones"""


class Marker:
    """Signs what is said of the files of one command; may be used by several threads."""

    def __init__(self, origin: Origin, certificate: Certificate) -> None:
        """Raises DependencyError without ``c2pa``, TrustError for a certificate that it does not take."""
        self._c2pa = library()
        self._origin = origin
        try:
            self._context = signing_context(certificate)
            # What cannot sign is found before there is a film to lose.
            self.beside(io.BytesIO(b"nothing"))
        except (self._c2pa.C2paError, TrustError) as error:
            raise TrustError(f"the certificate cannot sign content credentials: {told(error)}") from error

    def inside(self, content: bytes, media_type: str) -> bytes:
        """A new film or picture of one of the types of ``INSIDE``, with its credentials in it. Raises TrustError."""
        out = io.BytesIO()
        self.copy(io.BytesIO(content), out, media_type)
        return out.getvalue()

    def copy(self, source: BinaryIO, out: BinaryIO, media_type: str, opened: bool = False) -> None:
        """Write what ``source`` holds, of one of the types of ``INSIDE``, to ``out``, with credentials in it.

        ``out`` is read as well. ``opened``: the file was there before, and its own credentials stay in it as those of
        the parent. Raises TrustError, OSError.
        """
        self._sign(source, out, media_type, opened, embedded=True)

    def beside(self, source: BinaryIO, opened: bool = False, before: bytes | None = None) -> bytes:
        """The credentials of what ``source`` holds, for a file beside it.

        ``opened``: as that of ``copy``; ``before`` are the credentials that lie beside it, and stay in the new ones as
        those of the parent. Raises TrustError.
        """
        return self._sign(source, Nowhere(), ANYTHING, opened, embedded=False, before=before)

    def _sign(
        self, source: BinaryIO, out: Any, media_type: str, opened: bool, embedded: bool, before: bytes | None = None
    ) -> bytes:
        today = datetime.datetime.now(datetime.timezone.utc).date()
        said = manifest(self._origin, __version__, today, opened)
        try:
            if before is not None:
                said["ingredients"].append(self._parent(source, before))
            with self._c2pa.Builder(said, context=self._context) as builder:
                if not embedded:
                    builder.set_no_embed()
                if before is not None:
                    builder.add_resource(BEFORE, io.BytesIO(before))
                elif opened:
                    builder.add_ingredient({"relationship": "parentOf", "label": "parent"}, media_type, source)
                    source.seek(0)
                made: bytes = builder.sign(media_type, source, out)
                return made
        except self._c2pa.C2paError as error:
            raise TrustError(told(error)) from error

    def _parent(self, source: BinaryIO, before: bytes) -> dict[str, Any]:
        """What ``source`` was, by the credentials ``before`` that lie beside it: the library finds none there itself.

        Raises C2paError for what are none, TrustError for those in which nothing is said.
        """
        with self._c2pa.Reader(ANYTHING, source, before, context=reading_context()) as reader:
            report = json.loads(reader.json())
        source.seek(0)
        kept = {name: report.get(name) for name in ("active_manifest", "validation_results")}
        if not all(kept.values()):
            raise TrustError("the content credentials beside it say nothing")
        return {
            "relationship": "parentOf",
            "label": "parent",
            "format": ANYTHING,
            **kept,
            "manifest_data": {"format": "application/c2pa", "identifier": BEFORE},
        }


def marker_of(avatar: Avatar, driven_by: Sequence[str] = (), certificate: Certificate | None = None) -> Marker | None:
    """What marks files that show ``avatar``, moved by ``driven_by`` (of ``origin.DRIVERS``).

    None where a package that this needs is absent, which is said in the log. ``certificate``: the user's own where
    none is given.

    Raises:
        TrustError: the certificate, or its key, cannot be used.
        AvatarFileError: the avatar is not valid.
    """
    try:
        return Marker(origin_of(avatar, driven_by), certificate or own_certificate())
    except DependencyError as error:
        warn_once(f"written without content credentials: {error}")
        return None


def told(error: Exception) -> str:
    """What the library says of a failure, in one line."""
    return printable(str(error).removeprefix("Other: ").strip())[:200] or "no reason given"


class Nowhere(io.RawIOBase):
    """Takes a copy of a file that nobody needs: the library writes one whatever it makes."""

    def __init__(self) -> None:
        self._place = self._end = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._place += len(content)
        self._end = max(self._end, self._place)
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._end}[whence]
        return self._place

    def tell(self) -> int:
        return self._place
