"""The application of the service: its paths, its description, the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from splatavatar import __version__
from splatavatar.serve.http.answering import add_failures
from splatavatar.serve.http.bounded import Bounded
from splatavatar.serve.http.gate import Gate
from splatavatar.serve.http.plain_paths import add_plain_paths
from splatavatar.serve.http.service import Service
from splatavatar.serve.http.session_paths import PAGE, add_session_paths
from splatavatar.serve.http.speech_paths import add_speech_paths
from splatavatar.viewer.answers import NO_TELEMETRY, add_site, bare_app
from splatavatar.viewer.guard import LOOPBACK, Application, Guard, Receive, Scope, Send
from splatavatar.viewer.site import SiteFile

if TYPE_CHECKING:
    from fastapi import FastAPI

OURS = ("/v1/", "/healthz", "/readyz", "/metrics")
"""how the paths of the service begin; all others are of the page"""
OPENAPI = "/v1/openapi.json"
DESCRIPTION = (
    "Talking avatars: open a session, connect to it by WebRTC, send it speech. Programs show an API key "
    "(Authorization: Bearer KEY), browsers the token of one session (?token= or the same header). What is refused is "
    "told as JSON with one sentence."
)


def create_service_app(
    service: Service, site: Mapping[str, SiteFile], hosts: Collection[str] = LOOPBACK, origins: Collection[str] = ()
) -> Application:
    """The ASGI application: the service, and the built page ``site`` that shows a session.

    Requests of pages of other origins than its own and ``origins`` are refused. Where there are no keys, those by
    another name than one of ``hosts`` are too: a page of somebody else may have its own name point to this machine.
    Needs the extra ``serve``.
    """
    api, page = service_api(service), bare_app()
    add_site(page, site, PAGE)
    bounded = Bounded(api, "/speech")

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        service.registry.attach()
        ours = scope["type"] == "websocket" or scope["path"].startswith(OURS)
        await (bounded if ours else page)(scope, receive, send)

    known: Application = either if service.keys is not None else Guard(either, hosts)
    return Gate(known, service.registry.metrics, origins)


def service_api(service: Service) -> FastAPI:
    """The service alone, with its description (OpenAPI)."""
    from fastapi import FastAPI

    api = FastAPI(
        title="splatavatar",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    add_failures(api, service)
    add_session_paths(api, service)
    add_speech_paths(api, service)
    add_plain_paths(api, service)
    return api
