"""The server of the page: the built files, one avatar, and the signals that were named; nothing else has a path."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.errors import AvatarFileError, SettingsError, SignalError
from splatavatar.extras import required
from splatavatar.interrupts import deferred_signals
from splatavatar.printable import printable
from splatavatar.viewer.answers import READING, add_site, bare_app, file_response, not_found, part_response
from splatavatar.viewer.certificate import Certificate
from splatavatar.viewer.guard import LOOPBACK, Application, Guard
from splatavatar.viewer.hub import Hub
from splatavatar.viewer.live import LIVE, live_endpoint
from splatavatar.viewer.origins import Admitted
from splatavatar.viewer.share import Token
from splatavatar.viewer.site import INDEX, SiteFile
from splatavatar.viewer.uvicorn_server import server_class, server_config

if TYPE_CHECKING:
    import uvicorn
    from fastapi import Request, Response

HOST = "127.0.0.1"
PORT = 8017
"""where it listens unless a port is named; any other where that is taken"""
MOST_HEARD = 1024
"""bytes of a message of a viewer, which has nothing to say"""


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
    """A socket that listens on the address ``host``.

    Raises SettingsError for a port that is taken, and for what is no address of this machine.
    """
    try:
        return _bound(host, PORT if port is None else port)
    except (UnicodeError, socket.gaierror) as error:
        raise not_here(host) from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise not_here(host) from error
        if port is None and error.errno == errno.EADDRINUSE:
            return _bound(host, 0)
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise SettingsError(f"the port {port or PORT} {why}; name another one") from error


def not_here(host: str) -> SettingsError:
    """What is said of a ``--host`` that is no address of this machine."""
    return SettingsError(
        f"--host takes an address of this machine, such as 127.0.0.1 or 0.0.0.0, not {printable(host)!r}."
    )


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
    server: uvicorn.Server = server_class()(server_config(app, certificate, most_heard), ready)
    return server


def _bound(host: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, UnicodeError):
        listening.close()
        raise
    return listening
