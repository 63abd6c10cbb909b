"""How the service says no: JSON with one sentence, whatever went wrong."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

from splatavatar.errors import SplatAvatarError
from splatavatar.printable import printable
from splatavatar.serve.http.models import Failure
from splatavatar.serve.http.service import Service
from splatavatar.serve.session.refused import Refused

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.responses import Response

LOG = logging.getLogger("splatavatar")
NO_JSON = "The body is not valid JSON."
WORDS = {
    400: "The request cannot be read.",
    401: "No key, or one that is not admitted.",
    403: "The key, the token or the avatar is not for that.",
    404: "Nothing is there (any more).",
    405: "Another method is expected.",
    408: "The body did not come in time.",
    409: "Something else goes on.",
    411: "The length of the body is not told.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    422: "A value is not what it is to be.",
    429: "Too many requests; Retry-After says when to ask again.",
    500: "Something went wrong here.",
    502: "The voice failed.",
    503: "The service is full or about to end, or cannot read its avatars now; Retry-After says when to ask again.",
}
"""what statuses mean, in the description of the service"""


def statuses(*given: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a path, as FastAPI describes them."""
    return {status: {"model": Failure, "description": WORDS[status]} for status in sorted(given)}


def failure(status: int, sentence: str, retry_after: float | None = None, headers: Any = None) -> Response:
    """A refusal."""
    from starlette.responses import JSONResponse

    more = {"cache-control": "no-store", **(headers or {})}
    if retry_after is not None:
        more["retry-after"] = str(max(1, math.ceil(retry_after)))
    if status == 401:
        more["www-authenticate"] = "Bearer"
    return JSONResponse({"error": printable(sentence)}, status, more)


def add_failures(app: FastAPI, service: Service) -> None:
    """Answer what goes wrong."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    async def refused(request: Any, error: Any) -> Response:
        return failure(error.status, error.sentence, error.retry_after)

    async def ours(request: Any, error: Any) -> Response:
        return failure(422, str(error))

    async def invalid(request: Any, error: Any) -> Response:
        found = error.errors()[0]
        if found["type"] == "json_invalid":
            return failure(422, NO_JSON)
        where = ".".join(str(part) for part in found["loc"] if part != "body")
        return failure(422, f"{where or 'The body'}: {found['msg'][0].lower()}{found['msg'][1:]}.")

    async def plain(request: Any, error: Any) -> Response:
        if error.status_code == 400:  # bytes that are no text: the framework has read no further
            return failure(422, NO_JSON)
        sentence = {404: "Nothing is there.", 405: "That method is not for this path."}.get(error.status_code)
        return failure(error.status_code, sentence or WORDS.get(error.status_code, "No."), None, error.headers)

    async def unexpected(request: Any, error: Exception) -> Response:
        service.registry.metrics.failed("request")
        LOG.error("a request failed", exc_info=error)
        return failure(500, "Something went wrong here; the log of the service says what.")

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(SplatAvatarError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, unexpected)
