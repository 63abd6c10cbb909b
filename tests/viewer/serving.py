"""A server of the page in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from splatavatar.viewer.server import create_app, listen
from splatavatar.viewer.site import load_site


@contextmanager
def serving(avatar: Path, signals: Mapping[str, Path] | None = None, port: int | None = None) -> Iterator[str]:
    """The address, while the block lasts."""
    app = create_app(avatar, load_site(), signals)
    with listen(0 if port is None else port) as listening:
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join(10)
