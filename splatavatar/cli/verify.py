"""``splatavatar verify``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.options import AvatarArgument
from splatavatar.cli.terminal import tell

if TYPE_CHECKING:
    from splatavatar.trust.verification import Verdict

FAILED = 1
"""exit code where not everything holds"""


def verify(
    avatar: AvatarArgument = None,
    trust: Annotated[
        str | None,
        typer.Option(
            "--trust",
            metavar="FINGERPRINT",
            help="The signer's key must be this one, and is trusted from now on.",
            show_default=False,
        ),
    ] = None,
    revocation: Annotated[
        list[Path] | None,
        typer.Option(
            "--revocation",
            metavar="FILE",
            help="A revocation that a signer handed out; kept from now on; may be given again.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Say who signed an avatar, whether it is unchanged, and what consent it has; exit code 0 if all of it holds."""
    import datetime
    import json

    from splatavatar.avatar.library import resolve
    from splatavatar.errors import OutputError
    from splatavatar.trust.keys import fingerprint_of
    from splatavatar.trust.known import KnownKeys, changed_known, read_known
    from splatavatar.trust.revocation import read_revocation
    from splatavatar.trust.verification import as_json as as_json_of
    from splatavatar.trust.verification import verify_avatar

    path = resolve(avatar)
    wanted = None if trust is None else fingerprint_of(trust)
    handed = [read_revocation(file) for file in revocation or []]
    try:
        known = read_known()
    except OutputError as error:
        known = KnownKeys()
        tell(f"What is known of keys is not read: {error}", err=True)
    known.revocations += handed
    verdict = verify_avatar(path, known, wanted=wanted)
    met = verdict.standing in ("new", "known", "trusted")
    if as_json:
        sys.stdout.write(json.dumps(as_json_of(verdict, path), indent=2) + "\n")
    else:
        for line in lines(verdict, path, trusted_now=wanted is not None):
            tell(line)
    try:
        with changed_known() as kept:
            kept.revocations += [one for one in handed if one not in kept.revocations]
            if met and verdict.signature is not None:
                kept.meet(verdict.signature.key, verdict.signature.name, datetime.date.today())
            if met and wanted is not None and verdict.fingerprint == wanted:
                kept.trust(wanted)
    except OutputError as error:
        tell(f"What was learnt of keys is not kept: {error}", err=True)
    if not verdict.holds:
        raise typer.Exit(FAILED)


def lines(verdict: Verdict, path: Path, trusted_now: bool = False) -> list[str]:
    """The verdict for people, a line each."""
    from splatavatar.trust.keys import grouped
    from splatavatar.trust.policy import notice_of

    signature, digits = verdict.signature, verdict.fingerprint
    said = []
    if signature is None or digits is None:
        said.append("signed    by nobody")
    else:
        said.append(f"signed    by {signature.name} on {signature.date}")
        said.append(f"key       {grouped(digits)}{_standing(verdict, digits, trusted_now)}")
    if verdict.standing != "none":
        said.append("content   unchanged since then")
    private = "none on record, so the avatar is private"
    said.append(f"consent   {private if verdict.consent is None else notice_of(verdict.avatar)}")
    if verdict.consent is not None and verdict.consent.spoken is not None:
        said.append(f"spoken    on {verdict.consent.spoken.date}, by the face that the footage shows")
    if verdict.consent is not None and verdict.consent.revocation is not None:
        said.append(f"take back {verdict.consent.revocation}")
    if verdict.standing != "none" and verdict.revoked is None:
        said.append("revoked   no, as far as it was told here")
    said += [f"mind      {remark}" for remark in verdict.remarks]
    said += [f"FAILS     {defect}" for defect in verdict.defects]
    return [f"{path}: {'verifies' if verdict.holds else 'does NOT verify'}", *said]


def _standing(verdict: Verdict, digits: str, trusted_now: bool) -> str:
    """What the user knows of the key, after its fingerprint."""
    if verdict.standing == "yours":
        return " (your own)"
    if verdict.standing == "trusted" or (trusted_now and verdict.standing in ("new", "known") and verdict.holds):
        return " (trusted)"
    if verdict.standing == "known":
        return f" (met here before, not trusted; --trust {digits})"
    if verdict.standing == "new":
        return f" (met here for the first time: ask the signer for it by another way, then --trust {digits})"
    return ""
