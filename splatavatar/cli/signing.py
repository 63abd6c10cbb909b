"""The key that signs, as the commands open it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.terminal import tell
from splatavatar.errors import TrustError

if TYPE_CHECKING:
    from splatavatar.avatar.file import Sign
    from splatavatar.errors import SplatAvatarError
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
    from splatavatar.trust.keys import own_key, read_key

    return with_password(own_key if path is None else partial(read_key, path))[0]


def with_password(opened: Callable[[str | None], SigningKey]) -> tuple[SigningKey, str | None]:
    """The key that is ``opened``, and the password that was asked for, where it needs one and there is a terminal.

    Raises PasswordNeeded where nobody can be asked, and what ``opened`` raises.
    """
    from splatavatar.trust.keys import PasswordNeeded

    try:
        return opened(None), None
    except PasswordNeeded:
        if sys.stdin is None or not sys.stdin.isatty():
            raise
        secret = typed_password("Password of the key")
        return opened(secret), secret


def typed_password(question: str, twice: bool = False) -> str:
    """What is typed unseen at the terminal, where it is asked for ``twice`` until both are the same.

    Raises TrustError at the end of the input, KeyboardInterrupt for Ctrl-C.
    """
    try:
        return str(typer.prompt(question, hide_input=True, confirmation_prompt=twice, err=True))
    except typer.Abort as abort:  # for both, and would end the command with 1, which verify has for what does not hold
        if isinstance(abort.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise TrustError("the password of the key was not given") from None


@contextmanager
def signs(path: Path | None) -> Iterator[Sign]:
    """Within the block, what signs an avatar that is worth having without a signature, too.

    A key that is there is opened now, for a password it asks; a new one is made when it is needed. Both, and why there
    is no signature, are said. Raises TrustError for a key that cannot be used.
    """
    from splatavatar.trust.keys import own_key_is_there
    from splatavatar.trust.signing import signer

    if path is not None or own_key_is_there():
        yield signer(open_key(path))
        return
    why: list[SplatAvatarError] = []
    try:
        yield signer(None, why.append)
    finally:
        if why:
            tell(f"The avatar is not signed: {why[0]}", err=True)
