"""A room in which nobody is: an avatar worker publishes into it, and nothing goes to a network."""

from __future__ import annotations

from typing import Any

from splatavatar.extras import required


class _Publication:
    """A track that somebody has subscribed to."""

    sid = "TR_quiet"

    def __init__(self, track: Any) -> None:
        self.track = track

    async def wait_for_subscription(self) -> None:
        """Somebody has."""


class _Participant:
    """Who publishes."""

    identity = "avatar"
    sid = "PA_quiet"

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}
        self.track_publications: dict[str, Any] = {}

    async def publish_track(self, track: Any, options: Any = None) -> _Publication:
        """Take a track, as a room does."""
        return _Publication(track)

    async def unpublish_track(self, sid: str) -> None:
        """Take it back."""

    async def publish_data(self, *arguments: Any, **options: Any) -> None:
        """Take a packet."""

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        """Take what the worker says of itself."""
        self.attributes.update(attributes)

    def register_rpc_method(self, name: str, handler: Any = None) -> Any:
        """Take a method that nobody will call."""
        return handler if handler is not None else lambda method: method

    def unregister_rpc_method(self, name: str) -> None:
        """Forget it."""


def quiet_room() -> Any:
    """A room of the shape of ``livekit.rtc.Room``, connected and empty. Needs the extra ``livekit``."""
    rtc: Any = required("livekit.rtc")

    class QuietRoom(rtc.EventEmitter):  # type: ignore[misc]
        """See ``quiet_room``."""

        name = "quiet"

        def __init__(self) -> None:
            super().__init__()
            self.local_participant = _Participant()
            self.remote_participants: dict[str, Any] = {}
            self.connected = True

        def isconnected(self) -> bool:
            """Whether the room was not left."""
            return self.connected

        def register_text_stream_handler(self, topic: str, handler: Any) -> None:
            """Nobody sends one."""

        def register_byte_stream_handler(self, topic: str, handler: Any) -> None:
            """Nobody sends one."""

        async def disconnect(self) -> None:
            """Leave."""
            self.connected = False
            self.emit("disconnected", 0)

    return QuietRoom()
