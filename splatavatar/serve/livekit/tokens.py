"""Tokens by which a worker comes into a room."""

from __future__ import annotations

import os
from datetime import timedelta

from livekit import api
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

from splatavatar.errors import SettingsError

URL, KEY, SECRET = "LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"
"""variables of the environment that LiveKit's programs share"""
LASTING = timedelta(hours=1)
"""in which a worker has to come in"""


def worker_token(
    room: str, identity: str, agent: str, key: str | None = None, secret: str | None = None, name: str = "Avatar"
) -> str:
    """A token for the worker that is the face of ``agent``, an identity, in ``room``.

    ``key`` and ``secret`` are those of the server, of the environment where None. Raises SettingsError without them.
    """
    key, secret = key or os.environ.get(KEY), secret or os.environ.get(SECRET)
    if not key or not secret:
        raise SettingsError(f"no key of the LiveKit server, expected one in {KEY} and {SECRET}, or in the arguments.")
    grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True)
    return (
        api.AccessToken(key, secret)
        .with_kind("agent")
        .with_identity(identity)
        .with_name(name)
        .with_grants(grants)
        .with_attributes({ATTRIBUTE_PUBLISH_ON_BEHALF: agent})
        .with_ttl(LASTING)
        .to_jwt()
    )
