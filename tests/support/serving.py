"""A server of the page in this process."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from splatavatar.viewer import server
from splatavatar.viewer.hub import Hub
from splatavatar.viewer.site import load_site


@contextmanager
def serving(
    avatar: Path | bytes,
    signals: Mapping[str, Path] | None = None,
    port: int | None = None,
    hub: Hub | None = None,
    origins: Collection[str] = (),
) -> Iterator[str]:
    """The address, while the block lasts."""
    app = server.create_app(avatar, load_site(), signals, hub, origins=origins)
    with server.listen(0 if port is None else port) as listening, server.serving(app, listening):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
