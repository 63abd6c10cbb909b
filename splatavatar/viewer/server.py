"""The server of the page: the built files, one avatar, and the signals that were named; nothing else has a path."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.errors import AvatarFileError, SettingsError, SignalError
from splatavatar.extras import required
from splatavatar.interrupts import deferred_signals
from splatavatar.viewer.answers import READING, add_site, bare_app, file_response, not_found, part_response
from splatavatar.viewer.certificate import Certificate
from splatavatar.viewer.guard import LOOPBACK, Application, Guard
from splatavatar.viewer.hub import Hub
from splatavatar.viewer.live import LIVE, live_endpoint
from splatavatar.viewer.origins import Admitted
from splatavatar.viewer.share import Token
from splatavatar.viewer.site import INDEX, SiteFile

if TYPE_CHECKING:
    import uvicorn
    from fastapi import Request, Response

HOST = "127.0.0.1"
PORT = 8017
"""where it listens unless a port is named; any other where that is taken"""
MOST_HEARD = 1024
"""bytes of a message of a viewer, which has nothing to say"""
PING, PATIENCE = 5.0, 10.0
"""seconds between two questions whether a WebSocket is still there, and those that an answer may take"""
MOST_HEADERS = 16 << 10
"""bytes of the headers of a request"""


def check_packages() -> None:
    """Raises DependencyError where a package that serves the page is absent: asked before anything is read."""
    for package in ("fastapi", "uvicorn"):
        required(package)


def create_app(
    avatar: Path | bytes,
    site: Mapping[str, SiteFile],
    signals: Mapping[str, Path] | None = None,
    hub: Hub | None = None,
    hosts: Collection[str] = LOOPBACK,
    token: Token | None = None,
    origins: Collection[str] = (),
) -> Application:
    """The ASGI application.

    ``avatar``, a file as it is when it is asked for or the bytes of one, is served as ``/avatar.splatavatar``, each of
    ``signals`` by its name under ``/signals/``, what ``hub`` hands out as the WebSocket ``/live``, and under
    ``/models/`` what the page drives itself with. Requests by another name than one of ``hosts`` are refused, and those
    that do not bring the ``token`` where there is one, and those of pages of other origins than this server's own and
    ``origins``. Needs the extra ``viewer``.
    """
    app = bare_app()
    served = dict(signals or {})

    # Annotations of this module are texts: the framework is told the types that they name here.
    def the_avatar(request: Request) -> Response:
        if isinstance(avatar, bytes):
            return part_response(BytesIO(avatar), len(avatar), request)
        return file_response(avatar, AvatarFileError, request)

    def one_signal(request: Request) -> Response:
        path = served.get(request.path_params["name"])
        return not_found() if path is None else file_response(path, SignalError, request)

    app.router.add_route("/avatar.splatavatar", the_avatar, READING)
    app.router.add_route("/signals/{name}", one_signal, READING)
    add_site(app, site, INDEX)
    if hub is not None:
        app.router.add_websocket_route(LIVE, live_endpoint(hub))
    guard = Guard(app, hosts, token)
    return Admitted(guard, origins) if origins else guard


def listen(port: int | None, host: str = HOST) -> socket.socket:
    """A socket that listens on the address ``host``. Raises SettingsError for a port that is taken."""
    try:
        return _bound(host, PORT if port is None else port)
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            return _bound(host, 0)
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise SettingsError(f"the port {port or PORT} {why}; name another one") from error


def serve(
    app: Application,
    listening: socket.socket,
    ready: Callable[[], None],
    certificate: Certificate | None = None,
    most_heard: int = MOST_HEARD,
) -> None:
    """Answer until the process is told to end; ``ready`` is called once when requests are answered.

    ``most_heard``: bytes that a message of a WebSocket may have.

    Ctrl-C is how this ends, and no failure. Raises SystemExit for other signals.
    """
    server = _server(app, ready, certificate, most_heard)

    def stop() -> None:
        server.should_exit = True

    # An exception that a signal raised amid the event loop could be lost in one of its callbacks.
    with deferred_signals(stop) as asked:
        server.run([listening])
    if asked():
        with suppress(KeyboardInterrupt):
            raise asked.ending()


@contextmanager
def serving(
    app: Application,
    listening: socket.socket,
    certificate: Certificate | None = None,
    most_heard: int = MOST_HEARD,
) -> Iterator[None]:
    """Answer in a thread of its own within the block; see ``serve``. Raises SettingsError where it cannot begin."""
    ready = threading.Event()
    server = _server(app, ready.set, certificate, most_heard)

    def run() -> None:
        try:
            server.run([listening])
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="viewer", daemon=True)
    thread.start()
    ready.wait()
    if not server.started:
        thread.join()
        raise SettingsError("the server of the page cannot begin")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _server(
    app: Application, ready: Callable[[], None], certificate: Certificate | None, most_heard: int
) -> uvicorn.Server:
    import uvicorn
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Of a WebSocket that the other end is closing uvicorn cannot take its leave a second time: it would raise,
            # and leave all others as they are.
            for connection in self.server_state.connections:
                if isinstance(connection, WebSocketsSansIOProtocol) and connection.conn.close_rcvd is not None:
                    connection.close_sent = True
            await super().shutdown(sockets)

        def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
            # The command line has its own way to end.
            return nullcontext()

    config = uvicorn.Config(
        app,
        log_level="critical",  # of a message that is no WebSocket's it would print a stack trace
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=most_heard,
        ws_ping_interval=PING,
        ws_ping_timeout=PATIENCE,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=MOST_HEADERS,
        timeout_graceful_shutdown=1,
        ssl_certfile=None if certificate is None else str(certificate.certificate),
        ssl_keyfile=None if certificate is None else str(certificate.key),
    )
    return Server(config)


def _bound(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
