"""Paths for who runs the service: whether it lives, whether it takes sessions, its figures."""

# Without `from __future__ import annotations`: the framework reads the types of what is defined within the functions.
from typing import TYPE_CHECKING, Annotated, Any

from splatavatar.serve.http.access import Caller, caller_needed, check_program
from splatavatar.serve.http.admission import MODES
from splatavatar.serve.http.answering import failure, statuses
from splatavatar.serve.http.metrics import CONTENT_TYPE
from splatavatar.serve.http.models import Failure, Health
from splatavatar.serve.http.service import Service

if TYPE_CHECKING:
    from fastapi import FastAPI


def add_plain_paths(app: "FastAPI", service: Service) -> None:
    """Add them to ``app``."""
    from fastapi import Depends, Response

    registry = service.registry
    By = Annotated[Caller, Depends(caller_needed(service))]

    @app.get("/healthz", tags=["operation"])
    async def live() -> Health:
        """The process answers. Needs no key."""
        return Health(status="draining" if registry.admission.draining else "ok")

    @app.get(
        "/readyz", tags=["operation"], responses={503: {"model": Failure, "description": "No session is let in now."}}
    )
    async def ready() -> Any:
        """Whether a session of either mode would be let in. Needs no key."""
        refused = [registry.admission.why_not(mode) for mode in MODES]
        soonest = min((again for again in refused if again is not None), default=None)
        if soonest is None or None in refused:
            return Health(status="ok")
        ends = soonest.reason == "draining"
        return failure(503, "The service is about to end." if ends else "The service is full.", soonest)

    @app.get(
        "/metrics",
        tags=["operation"],
        response_class=Response,
        responses={
            200: {"description": "Prometheus' text format.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **statuses(401, 403, 429),
        },
    )
    async def metrics(caller: By) -> Response:
        """The figures of the service; its key has the scope ``metrics``."""
        check_program(caller, service, "metrics")
        registry.metrics.state(registry.admission.load, registry.admission.draining)
        return Response(registry.metrics.text(), media_type=CONTENT_TYPE)
