"""Who sits in a room, and what goes from one to the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from splatavatar.trust.revocation import Revocation
from splatavatar.viewer.room.invitations import Invitation, Invitations
from splatavatar.viewer.room.messages import (
    FACE,
    MOST_SEATS,
    Introduce,
    Join,
    Leave,
    Mute,
    Person,
    Relayed,
    Said,
)
from splatavatar.viewer.room.outbox import ALIVE, Outbox, TooSlow
from splatavatar.viewer.room.uploads import Upload, Uploads

NOT_INVITED, SILENT, FULL, MALFORMED, SLOW, GONE = 4403, 4408, 4409, 1008, 1013, 1000
"""why a connection is closed"""
WITHDRAWN = "The host has withdrawn this invitation."
ROOM_FULL = "The room is full."
IN_USE = "This invitation is in use by somebody who is in the room; ask the host for one of your own."
NO_AVATAR = "Hand over an avatar before you take a seat."
MOST_INVITATIONS = 64


class Refused(Exception):
    """Why somebody is not in the room (any more)."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@dataclass(eq=False)
class Member:
    """Somebody in the room, and what waits to leave for them."""

    invitation: Invitation
    person: Person
    upload: Upload
    outbox: Outbox = field(default_factory=lambda: Outbox(ALIVE))
    refused: asyncio.Future[Refused] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """done when they may not stay"""


class Room:
    """Up to eight people.

    What is not said otherwise belongs to the event loop of the server. Nothing is written to a disk.
    """

    def __init__(
        self,
        people: int,
        ice: Sequence[Mapping[str, Any]] = (),
        without_consent: bool = False,
        revocations: Sequence[Revocation] = (),
    ) -> None:
        """For ``people`` (2 to 8), each of whom is told the servers ``ice`` (as browsers take them) to meet by.

        Avatars that nobody has consented to show to others, or that one of ``revocations`` takes back, are refused,
        unless ``without_consent``.
        """
        if not 2 <= people <= MOST_SEATS:
            raise ValueError(people)
        self.seats = people
        self.invitations = Invitations(people)
        self.uploads = Uploads(without_consent, revocations)
        self._ice = [dict(server) for server in ice]
        self._members: dict[int, Member] = {}
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def people(self) -> list[tuple[Invitation, Person]]:
        """Who is there, for any thread."""
        return [(member.invitation, member.person) for member in list(self._members.values())]

    def withdraw(self, number: int) -> None:
        """Nobody comes in by the invitation ``number`` any more; who did goes. For any thread. Raises KeyError."""
        invitation = self.invitations[number]
        invitation.withdrawn = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._throw_out, invitation)

    def invite(self) -> Invitation:
        """One more invitation, for one of those seats that are free when its person comes. For any thread.

        Raises Refused where there are as many as may be.
        """
        if len(self.invitations.valid()) >= MOST_INVITATIONS:
            raise Refused(FULL, f"there are {MOST_INVITATIONS} invitations; withdraw some of them first.")
        return self.invitations.add()

    def attach(self) -> None:
        """Learn in which event loop all this runs."""
        self._loop = asyncio.get_running_loop()

    def has_place(self, invitation: Invitation) -> bool:
        """Whether a seat is free for who holds ``invitation``, or theirs already."""
        return len(self._members) < self.seats or any(
            member.invitation is invitation for member in self._members.values()
        )

    def avatar(self, sha256: str) -> Upload | None:
        """The avatar of somebody who is there or has handed it over."""
        known = [*self.uploads.all(), *(member.upload for member in self._members.values())]
        return next((upload for upload in known if upload.sha256 == sha256), None)

    def drop_unused(self, invitation: Invitation, upload: Upload) -> None:
        """Forget ``upload`` if its person has not taken a seat with it."""
        if all(member.upload is not upload for member in self._members.values()):
            self.uploads.drop(invitation, upload)

    def join(self, invitation: Invitation, said: Join) -> Member:
        """Give a seat to who holds ``invitation``, and tell everybody. Raises Refused."""
        if invitation.withdrawn:
            raise Refused(NOT_INVITED, WITHDRAWN)
        if any(member.invitation is invitation for member in self._members.values()):
            raise Refused(FULL, IN_USE)
        taken = {member.person.seat for member in self._members.values()}
        free = sorted(set(range(self.seats)) - taken)
        if not free:
            raise Refused(FULL, ROOM_FULL)
        upload = self.uploads.of(invitation)
        if upload is None or upload.sha256 != said.avatar:
            raise Refused(MALFORMED, NO_AVATAR)
        self._count += 1
        person = Person(self._count, free[0], said.name, said.avatar, True, said.kind, upload.notice)
        member = Member(invitation, person, upload)
        welcome = {
            "type": "welcome",
            "you": person.id,
            "seat": person.seat,
            "seats": self.seats,
            "people": [other.person.table() for other in self._members.values()],
            "ice": self._ice,
        }
        member.outbox.text(json.dumps(welcome))
        self._tell_all({"type": "joined", "person": person.table()})
        self._members[person.id] = member
        return member

    def leave(self, member: Member, reason: str) -> None:
        """Take their seat from them, drop their avatar, and tell everybody. May be called again."""
        if self._members.pop(member.person.id, None) is None:
            return
        self.uploads.drop(member.invitation, member.upload)
        for other in self._members.values():
            other.outbox.forget(member.person.seat)
        self._tell_all({"type": "left", "id": member.person.id, "reason": reason})

    def hear(self, member: Member, said: Said) -> None:
        """Do what somebody says. Raises Refused for what cannot be said by who is there."""
        if isinstance(said, Introduce):
            other = self._members.get(said.to)
            # Who has just left may still be spoken to.
            if other is not None and other is not member:
                self._tell(other, {"type": "peer", "from": member.person.id, "data": said.data})
        elif isinstance(said, Mute):
            if said.muted != member.person.muted:
                member.person = replace(member.person, muted=said.muted)
                self._tell_all({"type": "muted", "id": member.person.id, "muted": said.muted}, member)
        elif isinstance(said, Leave):
            raise Refused(GONE, "")
        else:
            raise Refused(MALFORMED, "You have a seat already.")

    def relay(self, member: Member, message: Relayed) -> None:
        """Hand a face or sound on to the seats that it is for; sound of who is muted to nobody."""
        seat = member.person.seat
        if message.kind != FACE and member.person.muted:
            return
        told = replace(message, seats=seat).bytes()
        for other in self._members.values():
            if other is member or not message.seats >> other.person.seat & 1:
                continue
            if message.kind == FACE:
                other.outbox.face(seat, told)
            else:
                other.outbox.sound(seat, told)

    def _throw_out(self, invitation: Invitation) -> None:
        self.uploads.drop(invitation, self.uploads.of(invitation))
        for member in list(self._members.values()):
            if member.invitation is invitation:
                self._refuse(member, Refused(NOT_INVITED, WITHDRAWN))

    def _tell_all(self, message: dict[str, Any], but: Member | None = None) -> None:
        for member in list(self._members.values()):
            if member is not but:
                self._tell(member, message)

    def _tell(self, member: Member, message: dict[str, Any]) -> None:
        try:
            member.outbox.text(json.dumps(message))
        except TooSlow:
            self._refuse(member, Refused(SLOW, "Your line is too slow for this room."))

    def _refuse(self, member: Member, why: Refused) -> None:
        if not member.refused.done():
            member.refused.set_result(why)
