"""Where the pictures of a capture are, until their pixels are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from splatavatar.errors import CaptureError, SplatAvatarError
from splatavatar.input import open_input, read_bytes

if TYPE_CHECKING:
    from PIL.Image import Image


class PictureReference(Protocol):
    """A picture that can be opened: a file, or what a reader gets out of a video or an archive.

    As text it is what is said of the picture in an error.
    """

    def opened(self) -> AbstractContextManager[Image]:
        """The picture, whose pixels may be decoded later, within the ``with``.

        Raises CaptureError for what is gone or no picture, there and in the ``with``.
        """
        ...

    def fingerprint(self) -> bytes:
        """Bytes that change when the picture does. Raises CaptureError for what is gone."""
        ...


@dataclass(frozen=True)
class PictureFile:
    """A picture that is a file of its own."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @contextmanager
    def opened(self) -> Iterator[Image]:
        """See ``PictureReference``."""
        from PIL import Image as pil

        with open_input(self.path, CaptureError, "a picture") as stream:
            try:
                with pil.open(stream) as image:
                    yield image
            except SplatAvatarError:
                raise
            except Exception as error:
                # Decoders answer damaged data with a dozen kinds of exceptions, and with new ones in every version.
                raise CaptureError(f"{self}: not a readable image") from error

    def fingerprint(self) -> bytes:
        """The bytes of the file."""
        return read_bytes(self.path, CaptureError, "a picture")
