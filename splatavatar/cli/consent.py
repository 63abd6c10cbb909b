"""``splatavatar consent``: the record of whose face an avatar shows, and who says that it may be shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.consent_spoken import check, say
from splatavatar.cli.signing import SigningKeyOption, signs
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import check_avatar_name

if TYPE_CHECKING:
    from splatavatar.avatar.consent import Consent

consent = typer.Typer(help="Say whose face an avatar shows, and what it may be used for.", no_args_is_help=True)

consent.command("say")(say)
consent.command("check")(check)


@consent.command("set")
def set_(
    avatar: Annotated[Path, typer.Argument(metavar="AVATAR", help="A .splatavatar file.", show_default=False)],
    record: Annotated[
        Path, typer.Option("--consent", metavar="FILE.toml", help="The record of consent.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT", help="Avatar file to write.", show_default=False)],
    key: SigningKeyOption = None,
) -> None:
    """Add a record of consent to an avatar, or replace the one that it has, and sign it.

    A signature of before goes: it is of what the file said then. What was heard in the footage, and its checksums, stay
    where the record is of the same person and by the same, unless it has checksums of its own.
    """
    from dataclasses import replace

    from splatavatar.avatar.consent import consent_of
    from splatavatar.avatar.file import load_avatar, save_avatar
    from splatavatar.errors import TrustError
    from splatavatar.output import outputs_ready
    from splatavatar.trust.consent_file import read_consent
    from splatavatar.trust.policy import notice_of

    check_avatar_name(out)
    given = read_consent(record)
    if given.hash_sources:
        raise TrustError(f"{record}: hash_sources is for a bake, which has the footage; an avatar has not.")
    person = load_avatar(avatar)
    with outputs_ready(out), signs(key) as sign:
        kept = _with_evidence(given.consent, consent_of(person.metadata))
        said = replace(person, metadata={**person.metadata, "consent": kept.to_json()})
        save_avatar(out, said, sign)
    tell(f"{out}: {notice_of(said)}")


def _with_evidence(given: Consent, before: Consent | None) -> Consent:
    """``given`` with what the footage says for the record of ``before``; says where that is of others, and goes."""
    from dataclasses import replace

    if before is None:
        return given
    if (given.subject, given.given_by) == (before.subject, before.given_by):
        return replace(given, sources=given.sources or before.sources, spoken=before.spoken)
    held = (
        ("the spoken proof", before.spoken is not None),
        ("the checksums of the footage", bool(before.sources and not given.sources)),
    )
    gone = " and ".join(name for name, is_there in held if is_there)
    if gone:
        tell(f"Gone with the record of before: {gone}, for this one is of another person, or by another.", err=True)
    return given
