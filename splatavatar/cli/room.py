"""``splatavatar room``."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.sharing import CertificateOption, KeyOption, PortOption, ShareOption, WithoutConsentOption
from splatavatar.cli.terminal import tell
from splatavatar.errors import DependencyError

if TYPE_CHECKING:
    from splatavatar.viewer.place import Place
    from splatavatar.viewer.room.invitations import Invitation
    from splatavatar.viewer.room.room import Room

HELP = "Type: people, invite, revoke N."


def room(
    people: Annotated[int, typer.Option("--people", metavar="N", min=2, max=8, help="Seats, and invitations.")] = 2,
    port: PortOption = None,
    share: ShareOption = False,
    certificate: CertificateOption = None,
    key: KeyOption = None,
    stun: Annotated[
        list[str] | None,
        typer.Option(
            "--stun", metavar="HOST[:PORT]", help="Server that tells people their addresses; may be repeated."
        ),
    ] = None,
    turn: Annotated[
        list[str] | None,
        typer.Option(
            "--turn", metavar="USER:PASSWORD@HOST[:PORT]", help="Server that relays between people; may be repeated."
        ),
    ] = None,
    without_consent: WithoutConsentOption = False,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
) -> None:
    """Meet others, each as an avatar of their own: a link for each person."""
    from splatavatar.trust.known import read_known
    from splatavatar.viewer.place import place
    from splatavatar.viewer.room.app import PAGE, create_room_app
    from splatavatar.viewer.room.ice import ice_servers
    from splatavatar.viewer.room.messages import LONGEST_TEXT
    from splatavatar.viewer.room.room import Room
    from splatavatar.viewer.server import check_packages, serve
    from splatavatar.viewer.site import load_site

    check_packages()
    meeting = Room(people, ice_servers(stun or (), turn or ()), without_consent, read_known().revocations)
    site = load_site()
    if PAGE not in site:
        raise DependencyError("the page of rooms is not built in this checkout; build it with: make page")
    with place(port, share, certificate, key) as at:

        def ready() -> None:
            if without_consent:
                tell(
                    "Avatars are let in without a record of consent; everybody is told what the file of each says.",
                    err=True,
                )
            tell(f"A room for {people}, one link for each person (Ctrl-C ends):")
            for invitation in meeting.invitations.valid():
                tell_invitation(at, invitation)
            if sys.stdin is not None and sys.stdin.isatty():
                tell(HELP)
            threading.Thread(target=attend, args=(meeting, at), name="host", daemon=True).start()
            if not no_open:
                typer.launch(at.room_link(meeting.invitations[1].token))

        serve(create_room_app(site, meeting, at.names), at.listening, ready, at.certificate, LONGEST_TEXT)


def tell_invitation(at: Place, invitation: Invitation) -> None:
    """Print the link of one person, as a QR code too where the room is shared and somebody sees it."""
    from splatavatar.viewer.share import qr_code

    address = at.room_link(invitation.token)
    tell(f"{invitation.number}  {address}")
    if at.certificate is not None and sys.stdout is not None and sys.stdout.isatty():
        tell(qr_code(address))


def attend(meeting: Room, at: Place) -> None:
    """Do what the host types, until nobody types any more."""
    from splatavatar.viewer.room.room import Refused

    if sys.stdin is None:
        return
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        number = rest.strip()
        if word == "people" and not number:
            there = sorted((invitation.number, person.name) for invitation, person in meeting.people)
            for entry in [f"{number}  {name}" for number, name in there] or ["Nobody is there."]:
                tell(entry)
        elif word == "invite" and not number:
            try:
                tell_invitation(at, meeting.invite())
            except Refused as refused:
                tell(refused.sentence, err=True)
        elif word == "revoke" and number.isascii() and number.isdigit() and len(number) < 6:
            try:
                meeting.withdraw(int(number))
                tell(f"The invitation {int(number)} is withdrawn.")
            except KeyError:
                tell(f"There is no invitation {int(number)}.", err=True)
        elif word:
            tell(HELP, err=True)
