"""The seat that ``splatavatar drive --room`` takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.cli.playing import tell_licence
from splatavatar.cli.sharing import tell_consent
from splatavatar.cli.terminal import tell

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar
    from splatavatar.viewer.room.sink import RoomSink


@contextmanager
def seated(avatar: Avatar, path: Path, link: str, name: str | None, without_consent: bool) -> Iterator[RoomSink]:
    """Takes the faces and the sound that a room sees and hears, as ``name``, else as the avatar is called.

    Raises SettingsError, RoomError, DependencyError, and TrustError where nobody has consented to show the avatar.
    """
    from splatavatar.extras import install
    from splatavatar.viewer.room.listener import RoomListener
    from splatavatar.viewer.room.member import RoomMember
    from splatavatar.viewer.room.messages import LONGEST_NAME
    from splatavatar.viewer.room.sink import RoomSink

    class Line(RoomListener):
        def lost(self, why: str) -> None:
            tell(f"out of the room, and on the way back: {why}", err=True)

        def returned(self) -> None:
            tell("in the room again", err=True)

    tell_consent(avatar, path, without_consent)
    called = name or str(avatar.metadata.get("name") or path.stem).strip()[:LONGEST_NAME]
    with RoomMember(link, path, called or "Somebody", Line(), without_consent=without_consent) as member:
        others = ", ".join(person.name for person in member.people) or "nobody else yet"
        tell(f"in the room with {others} (Ctrl-C leaves)")
        tell_licence(avatar)
        if find_spec("aiortc") is None:
            tell(f"everything goes through the server; to meet others directly: {install('room')}", err=True)
        yield RoomSink(member)
