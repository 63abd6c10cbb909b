"""A room that a program opens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.trust.known import read_known
from splatavatar.viewer.place import place
from splatavatar.viewer.room.app import create_room_app
from splatavatar.viewer.room.messages import LONGEST_TEXT, MOST_SEATS
from splatavatar.viewer.room.room import Room
from splatavatar.viewer.server import check_packages, serving
from splatavatar.viewer.site import load_site


@contextmanager
def open_room(people: int = 2, port: int | None = None, without_consent: bool = False) -> Iterator[list[str]]:
    """A room on this machine for 2 to 8 ``people`` within the block; gives one link for each of them.

    >>> import splatavatar as sa
    >>> with sa.open_room() as links, sa.RoomMember(links[0], name="Ann"), sa.RoomMember(links[1]) as agent:
    ...     agent.people[0].name
    'Ann'

    Avatars whose file has no record of a consent to calls are refused, and those that were taken back as far as it was
    told here, unless ``without_consent``; everybody is told what the file of each says. Where the page is not built
    programs alone come in. Raises SettingsError (no such number of people, a port that is taken) and DependencyError.
    """
    if not 2 <= people <= MOST_SEATS:
        raise SettingsError(f"a room has 2 to {MOST_SEATS} people")
    check_packages()
    try:
        site = load_site()
    except DependencyError:
        site = {}
    room = Room(people, without_consent=without_consent, revocations=read_known().revocations)
    with (
        place(port) as at,
        serving(create_room_app(site, room, at.names), at.listening, at.certificate, LONGEST_TEXT),
    ):
        yield [at.room_link(invitation.token) for invitation in room.invitations.valid()]
