"""What every server here answers with: files of the built page, models, files of a disk, and sentences."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from splatavatar.errors import DependencyError, SplatAvatarError
from splatavatar.input import open_input
from splatavatar.viewer.guard import COMPUTING_POLICY, POLICY_HEADER
from splatavatar.viewer.page_models import FOLDER, PageModels
from splatavatar.viewer.ranges import byte_range
from splatavatar.viewer.site import SiteFile

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

READING = ("GET", "HEAD")
"""methods that change nothing"""
NO_TELEMETRY: Any = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""newer versions of the framework can report what they serve to where variables of the environment point"""
FRESH = {"cache-control": "no-store"}
"""of answers that may be others the next time"""


def bare_app() -> FastAPI:
    """An application without a path, also none of the framework's own. Needs the extra ``viewer``."""
    from fastapi import FastAPI

    return FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=NO_TELEMETRY)


def add_site(app: FastAPI, site: Mapping[str, SiteFile], page: str) -> None:
    """Serve the built page and what it drives itself with.

    Each file of ``site`` has its own path, ``page`` among them that of the root too, and each model its path under
    ``FOLDER``. What else is asked for is not found: an application adds its own paths before these.
    """
    models = PageModels()

    # Annotations of this module are texts: the framework is told the types that they name here.
    def one_model(request: Request) -> Response:
        try:
            file = models.get(request.path_params["name"])
        except DependencyError as error:
            return said(error, 404)
        return not_found() if file is None else site_response(file, request)

    def one_file(request: Request) -> Response:
        name = request.path_params.get("name") or page
        file = site.get(name)
        if file is None:
            return not_found()
        response = site_response(file, request)
        if name == page:  # its camera and its microphone are understood by WebAssembly
            response.headers[POLICY_HEADER] = COMPUTING_POLICY
        return response

    app.router.add_route(f"/{FOLDER}{{name}}", one_model, READING)
    app.router.add_route("/{name:path}", one_file, READING)


def said(sentence: object, status: int) -> Response:
    """A sentence, which is not kept."""
    from fastapi import Response

    return Response(f"{sentence}\n", status, FRESH, "text/plain")


def not_found() -> Response:
    """The answer to who asks for what is not there."""
    return said("Not found", 404)


def site_response(file: SiteFile, request: Request) -> Response:
    """The answer to who asks for ``file``, compressed for those who can read that."""
    from fastapi import Response

    headers = {
        "cache-control": "max-age=31536000, immutable" if file.lasting else "no-cache",
        "vary": "accept-encoding",
    }
    small = "gzip" in request.headers.get("accept-encoding", "") and len(file.compressed) < len(file.content)
    if small:
        headers["content-encoding"] = "gzip"
    return Response(file.compressed if small else file.content, headers=headers, media_type=file.kind)


def file_response(path: Path, failure: type[SplatAvatarError], request: Request) -> Response:
    """The file as it is now, or the part of it that is asked for; why it cannot be read is ``failure``'s sentence."""
    try:
        with open_input(path, failure) as file:
            return part_response(file, os.fstat(file.fileno()).st_size, request)
    except failure as error:
        return said(error, 404)


def part_response(file: BinaryIO, size: int, request: Request) -> Response:
    """The ``size`` bytes of ``file``, or the part of them that is asked for."""
    from fastapi import Response

    part = byte_range(request.headers.get("range"), size) if size else None
    begin, end = part or (0, size)
    headers = {"accept-ranges": "bytes", **FRESH}
    if part is not None and begin >= size:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    file.seek(begin)
    content = file.read(end - begin)
    if part is not None:
        headers["content-range"] = f"bytes {begin}-{end - 1}/{size}"
    return Response(content, 200 if part is None else 206, headers, "application/octet-stream")
