"""Errors that a user can act on, as one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nerfstudio.utils.rich_utils import CONSOLE

from splatavatar.errors import SplatAvatarError


@contextmanager
def spoken() -> Iterator[None]:
    """Prints a ``SplatAvatarError`` as one line and ends the program with exit code 2, as ``splatavatar`` does."""
    try:
        yield
    except SplatAvatarError as error:
        CONSOLE.print(f"splat-avatar: {error}", style="bold red", markup=False, soft_wrap=True)
        raise SystemExit(2) from None
