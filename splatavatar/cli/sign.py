"""``splatavatar sign`` and ``splatavatar revoke``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.signing import SigningKeyOption, open_key
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import check_avatar_name
from splatavatar.errors import TrustError

FileArgument = Annotated[str, typer.Argument(metavar="AVATAR", help="A .splatavatar file.", show_default=False)]


def sign(
    avatar: FileArgument,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="Avatar file to write.", show_default="the same file"),
    ] = None,
    key: SigningKeyOption = None,
) -> None:
    """Sign an avatar, its record of consent with it: any change of it is found from then on."""
    from splatavatar.avatar.file import load_avatar, save_avatar
    from splatavatar.avatar.library import DEMO, resolve
    from splatavatar.output import outputs_ready
    from splatavatar.trust.keys import grouped
    from splatavatar.trust.signing import signer

    path = resolve(avatar)
    if out is not None:
        check_avatar_name(out)
    if path == DEMO and out is None:
        raise TrustError("the demo avatar comes with the package and stays as it is; name another file by -o")
    with outputs_ready(out or path):
        person = load_avatar(path)
        signing = open_key(key)
        save_avatar(out or path, person, signer(signing))
    other = None if person.signature is None else _of_another(person.signature, signing.public)
    if other is not None:
        tell(f"{out or path}: the signature that it had is gone, {other}.", err=True)
    tell(f"{out or path}: signed by {signing.name}, key {grouped(signing.fingerprint)}")


def _of_another(signature: str, key: str) -> str | None:
    """Whose ``signature`` says that it is, where that is not of the public ``key``."""
    from splatavatar.avatar.avatar import Defect
    from splatavatar.avatar.format.signature import Signature
    from splatavatar.trust.keys import fingerprint, grouped

    try:
        found = Signature.from_text(signature)
    except Defect:
        return "which nobody could read"
    if found.key == key:
        return None
    return f"of {found.name}, key {grouped(fingerprint(found.key))}, on {found.date}"


def revoke(
    avatar: FileArgument,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="Revocation to write.", show_default=False)],
    key: SigningKeyOption = None,
    whole_key: Annotated[
        bool, typer.Option("--whole-key", help="Take back everything that this key has signed: it was stolen.")
    ] = False,
) -> None:
    """Take back the signature of an avatar: writes a file for whoever verifies it (verify --revocation)."""
    from splatavatar.avatar.avatar import Defect
    from splatavatar.avatar.file import load_avatar
    from splatavatar.avatar.format.signature import Signature
    from splatavatar.avatar.library import resolve
    from splatavatar.output import outputs_ready
    from splatavatar.printable import printable
    from splatavatar.trust.keys import own_key_is_there
    from splatavatar.trust.known import changed_known
    from splatavatar.trust.revocation import check_place, write_revocation
    from splatavatar.trust.revocation import revoke as revoked

    path = resolve(avatar)
    person = load_avatar(path)
    try:
        if person.signature is None:
            raise TrustError(f"{printable(path)}: nobody has signed it, so there is nothing to revoke")
        signature = Signature.from_text(person.signature)
    except Defect as defect:
        raise TrustError(f"{printable(path)}: {defect}") from defect
    check_place(out)
    if key is None and not own_key_is_there():
        raise TrustError("only the key that signed an avatar can revoke it, and there is no key of yours here")
    with outputs_ready(out):
        taken_back = revoked(signature, open_key(key), whole_key)
        write_revocation(out, taken_back)
        with changed_known() as known:
            known.revocations.append(taken_back)
    what = "everything that this key has signed" if whole_key else printable(path)
    tell(f"{out}: revokes {what}; hand it to all who have the avatar")
