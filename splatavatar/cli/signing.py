"""The key that signs, as the commands open it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.terminal import tell

if TYPE_CHECKING:
    from splatavatar.trust.keys import SigningKey

SigningKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="Key of Ed25519 in PEM that signs.",
        show_default="your own, made at first use",
    ),
]


def open_key(path: Path | None) -> SigningKey:
    """The key that signs: of the file ``path``, else the user's own, made now where there is none.

    For a password it asks where there is a terminal. Raises TrustError, OutputError and DependencyError.
    """
    from splatavatar.trust.keys import PasswordNeeded, own_key, own_key_path, read_key

    made = path is None and not own_key_path().exists()

    def opened(password: str | None = None) -> SigningKey:
        return own_key(password) if path is None else read_key(path, password)

    try:
        key = opened()
    except PasswordNeeded:
        if sys.stdin is None or not sys.stdin.isatty():
            raise
        key = opened(typer.prompt("Password of the key", hide_input=True, err=True))
    if made:
        tell(f"A key that signs your avatars was made: {own_key_path()} (yours alone; keep a copy).", err=True)
    return key


def signing_key(path: Path | None) -> SigningKey | None:
    """As ``open_key`` where a key is named; the user's own otherwise, or None, which one line says why.

    For work that is worth doing without a signature. Raises TrustError for a key that cannot be used.
    """
    from splatavatar.errors import DependencyError, OutputError

    try:
        return open_key(path)
    except (DependencyError, OutputError) as error:
        if path is not None:
            raise
        tell(f"The avatar will not be signed: {error}", err=True)
        return None
