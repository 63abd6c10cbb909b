"""``splatavatar key``: the key by which a user signs avatars, and the keys of others."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.key_api import api
from splatavatar.cli.signing import open_key, typed_password, with_password
from splatavatar.cli.terminal import tell
from splatavatar.errors import TrustError

if TYPE_CHECKING:
    from splatavatar.trust.keys import SigningKey

key = typer.Typer(help="The key that signs your avatars, and the keys of others that you know.", no_args_is_help=True)

key.add_typer(api, name="api")

FingerprintArgument = Annotated[
    str, typer.Argument(metavar="FINGERPRINT", help="As verify shows it.", show_default=False)
]


@key.command("show")
def show() -> None:
    """Show the name and the fingerprint of your key, which is made if there is none."""
    from splatavatar.trust.keys import grouped, own_key_path

    own = open_key(None)
    tell(f"name         {own.name}")
    tell(f"fingerprint  {grouped(own.fingerprint)}")
    tell(f"public       {own.public}")
    tell(f"file         {own_key_path()}")


@key.command("name")
def set_name(
    name: Annotated[str, typer.Argument(metavar="NAME", help="How you call yourself.", show_default=False)],
) -> None:
    """Say the name under which you sign from now on."""
    from splatavatar.trust.keys import SigningKey, checked_name

    checked_name(name)
    own, password = _opened()
    _write(SigningKey(own.private, name), password)
    tell(f"You sign as {name} from now on.")


@key.command("password")
def password(
    remove: Annotated[bool, typer.Option("--remove", help="Keep the key without a password.")] = False,
) -> None:
    """Give your key a password, or another one."""
    if not remove and (sys.stdin is None or not sys.stdin.isatty()):
        raise TrustError("a new password is typed at a terminal, and there is none here")
    own, _ = _opened()
    secret = None
    if not remove:
        secret = typed_password("New password", twice=True)
        if not secret:
            raise TrustError("no password was given; --remove keeps the key without one")
    _write(own, secret)
    tell("The key has no password any more." if remove else "The key has a new password.")


@key.command("list")
def list_() -> None:
    """List the keys of others that were met, and which you trust."""
    from splatavatar.trust.keys import grouped
    from splatavatar.trust.known import read_known

    known = read_known()
    for digits, one in sorted(known.keys.items(), key=lambda item: (item[1].name, item[0])):
        tell(f"{grouped(digits)}  {'trusted' if one.trusted else 'met    '}  {one.since}  {one.name}")
    for taken_back in known.revocations:
        what = "a key" if taken_back.what == "key" else f"the avatar {taken_back.of[:16]}"
        tell(f"revoked: {what}, by {taken_back.name} on {taken_back.date}")
    if not known.keys and not known.revocations:
        tell("No keys of others were met yet.")


@key.command("trust")
def trust(fingerprint: FingerprintArgument) -> None:
    """Trust a key that was met: you have its fingerprint from its owner by another way."""
    from splatavatar.trust.keys import fingerprint_of, grouped
    from splatavatar.trust.known import changed_known

    digits = fingerprint_of(fingerprint)
    with changed_known() as known:
        trusted = known.trust(digits)
    tell(f"{grouped(digits)}  trusted: {trusted.name}")


@key.command("forget")
def forget(fingerprint: FingerprintArgument) -> None:
    """Forget a key that was met."""
    from splatavatar.trust.keys import fingerprint_of, grouped
    from splatavatar.trust.known import changed_known

    digits = fingerprint_of(fingerprint)
    with changed_known() as known:
        forgotten = known.forget(digits)
    tell(f"{grouped(digits)}  forgotten: {forgotten.name}")


def _opened() -> tuple[SigningKey, str | None]:
    """The user's own key, and the password that opens it, which is asked for where there is a terminal."""
    from splatavatar.trust.keys import PASSWORD, has_password, own_key, own_key_path

    own, typed = with_password(own_key)
    return own, typed or (os.environ.get(PASSWORD) if has_password(own_key_path()) else None)


def _write(own: SigningKey, password: str | None) -> None:
    from splatavatar.trust.keys import own_key_path, write_key

    write_key(own_key_path(), own, password)
