"""``splatavatar sign`` and ``splatavatar revoke``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.signing import SigningKeyOption, open_key
from splatavatar.cli.terminal import tell
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
    from splatavatar.avatar.library import DEMO, resolve
    from splatavatar.output import outputs_ready
    from splatavatar.trust.keys import grouped
    from splatavatar.trust.signing import sign_avatar

    path = resolve(avatar)
    if path == DEMO and out is None:
        raise TrustError("the demo avatar comes with the package and stays as it is; name another file by -o")
    with outputs_ready(out or path):
        signing = open_key(key)
        sign_avatar(path, out or path, signing)
    tell(f"{out or path}: signed by {signing.name}, key {grouped(signing.fingerprint)}")


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
    from splatavatar.trust.known import changed_known
    from splatavatar.trust.revocation import revoke as revoked
    from splatavatar.trust.revocation import write_revocation

    path = resolve(avatar)
    person = load_avatar(path)
    try:
        if person.signature is None:
            raise TrustError(f"{printable(path)}: nobody has signed it, so there is nothing to revoke")
        signature = Signature.from_text(person.signature)
    except Defect as defect:
        raise TrustError(f"{printable(path)}: {defect}") from defect
    with outputs_ready(out):
        taken_back = revoked(signature, open_key(key), whole_key)
        write_revocation(out, taken_back)
        with changed_known() as known:
            known.revocations.append(taken_back)
    what = "everything that this key has signed" if whole_key else printable(path)
    tell(f"{out}: revokes {what}; hand it to all who have the avatar")
