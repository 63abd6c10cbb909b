"""The server of the page: the built files, one avatar, and the signals that were named; nothing else has a path."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.errors import AvatarFileError, SettingsError, SignalError, SplatAvatarError
from splatavatar.input import open_input
from splatavatar.viewer.guard import LOOPBACK, Application, Guard
from splatavatar.viewer.ranges import byte_range
from splatavatar.viewer.site import INDEX, SiteFile

if TYPE_CHECKING:
    from fastapi import Request, Response

HOST = "127.0.0.1"
PORT = 8017
"""where it listens unless a port is named; any other where that is taken"""


def create_app(avatar: Path, site: Mapping[str, SiteFile], signals: Mapping[str, Path] | None = None) -> Application:
    """The ASGI application.

    ``avatar`` is served as ``/avatar.splatavatar``, each of ``signals`` by its name under ``/signals/``. Requests by
    another name than that of a loopback address are refused. Needs the extra ``viewer``.
    """
    from fastapi import FastAPI, Response

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    served = dict(signals or {})

    # Annotations of this module are texts: the framework is told the types that they name here.
    def one_file(request: Request) -> Response:
        name = request.path_params.get("name") or INDEX
        file = site.get(name)
        return Response("Not found\n", 404) if file is None else _site_response(file, request)

    def the_avatar(request: Request) -> Response:
        return _file_response(avatar, AvatarFileError, request)

    def one_signal(request: Request) -> Response:
        path = served.get(request.path_params["name"])
        return Response("Not found\n", 404) if path is None else _file_response(path, SignalError, request)

    methods = ["GET", "HEAD"]
    app.router.add_route("/avatar.splatavatar", the_avatar, methods)
    app.router.add_route("/signals/{name}", one_signal, methods)
    app.router.add_route("/{name:path}", one_file, methods)
    return Guard(app, LOOPBACK)


def listen(port: int | None) -> socket.socket:
    """A socket that listens on the loopback address. Raises SettingsError for a port that is taken."""
    try:
        return _bound(PORT if port is None else port)
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            return _bound(0)
        why = "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise SettingsError(f"the port {port or PORT} {why}; name another one") from error


def serve(app: Application, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Answer until the process is told to end; ``ready`` is called once when requests are answered."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        def capture_signals(self):  # type: ignore[no-untyped-def]
            # The command line has its own way to end.
            from contextlib import nullcontext

            return nullcontext()

    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, ws="none")
    Server(config).run([listening])


def _bound(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def _site_response(file: SiteFile, request: Request) -> Response:
    from fastapi import Response

    headers = {
        "cache-control": "max-age=31536000, immutable" if file.lasting else "no-cache",
        "vary": "accept-encoding",
    }
    small = "gzip" in request.headers.get("accept-encoding", "") and len(file.compressed) < len(file.content)
    if small:
        headers["content-encoding"] = "gzip"
    return Response(file.compressed if small else file.content, headers=headers, media_type=file.kind)


def _file_response(path: Path, failure: type[SplatAvatarError], request: Request) -> Response:
    """The file as it is now, or the part of it that is asked for."""
    from fastapi import Response

    try:
        with open_input(path, failure) as file:
            size = os.fstat(file.fileno()).st_size
            part = byte_range(request.headers.get("range"), size) if size else None
            begin, end = part or (0, size)
            headers = {"accept-ranges": "bytes", "cache-control": "no-store"}
            if part is not None and begin >= size:
                return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
            file.seek(begin)
            content = file.read(end - begin)
    except failure as error:
        return Response(f"{error}\n", 404, media_type="text/plain")
    if part is not None:
        headers["content-range"] = f"bytes {begin}-{end - 1}/{size}"
    return Response(content, 200 if part is None else 206, headers, "application/octet-stream")
