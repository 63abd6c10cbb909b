"""Every path of the service by its description, by Schemathesis: whatever is sent, the answer is a described one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import SkipTest

import numpy as np
import pytest

pytest.importorskip("schemathesis")
pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CheckContext
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from splatavatar.array_types import Floats
from splatavatar.rig.arkit import NAMES
from splatavatar.serve.http.admission import Admission
from splatavatar.serve.http.app import create_service_app
from splatavatar.serve.http.keys import ApiKeys, new_key
from splatavatar.serve.http.limits import RateLimits
from splatavatar.serve.http.metrics import Metrics
from splatavatar.serve.http.service import Service
from splatavatar.serve.session.library import Library
from splatavatar.serve.session.registry import Registry
from splatavatar.viewer.server import listen, serving

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
TELLING = ("Traceback", 'File "', ".py", "site-packages", "0x7f", "/work/", "/home/", "/tmp/")
"""what only an answer has in it that tells how the service is made or where it lies"""
SOUNDS = ("pcm", "wav", "x-wav", "wave", "flac", "x-flac", "ogg", "mpeg", "mp3")
PLENTY = RateLimits(1e6, 1e6)


@schemathesis.serializer(*(f"audio/{kind}" for kind in SOUNDS))
def as_it_is(context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


class Mumble:
    """A model of speech that moves nothing."""

    look_ahead = 0.0

    def push(self, samples: Any) -> tuple[Floats, Floats]:
        return np.zeros(0, np.float32), np.zeros((0, len(NAMES)), np.float32)

    def reset(self) -> None:
        pass


@dataclass
class Running:
    """A service that answers."""

    address: str
    key: str = field(repr=False)
    weak: str = field(repr=False)
    """a key for figures alone"""

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(
            method, self.address + path, headers={"authorization": f"Bearer {self.key}"}, timeout=20, **more
        )


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    (admin, shown), (metrics, weak) = new_key("all", ["admin"]), new_key("figures", ["metrics"])
    registry = Registry(
        Library.of("demo", True, "cpu", True, None),
        Admission(100_000, 100_000, lambda: None),
        Metrics(),
        unconnected=5.0,
        model=Mumble,
    )
    app = create_service_app(Service(registry, ApiKeys([admin, metrics]), limits=PLENTY, mistakes=PLENTY), {})
    with listen(0) as listening, serving(app, listening, most_heard=1 << 20):
        yield Running(f"http://127.0.0.1:{listening.getsockname()[1]}", shown, weak)


def nothing_is_told(context: CheckContext, response: Any, case: Any) -> None:
    assert response.status_code != 500, response.text
    if response.headers.get("content-type") == ["application/octet-stream"]:  # the file of the avatar
        return
    text = response.text
    assert not [word for word in TELLING if word in text], text


def fuzz(running: Running, key: str | None, examples: int) -> int:
    """Send what the description allows and what it does not; how many requests that were."""
    schema = schemathesis.openapi.from_url(f"{running.address}/v1/openapi.json")
    made = running.ask("POST", "/v1/sessions", json={"avatar": "demo", "mode": "client"}).json()
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    count = 0

    def each(case: Any) -> None:
        nonlocal count
        count += 1
        # Mostly the session is there. Its stream of events would not end, and ending it is what comes last.
        if count % 4 and case.path_parameters and not case.path.endswith("/events") and case.method != "DELETE":
            case.path_parameters = {"session_id": made["id"]}
        checks = [*CHECKS, nothing_is_told]
        if case.path.endswith("/avatar"):  # no text that a schema could be held against
            checks.remove(response_schema_conformance)
        case.call_and_validate(headers=headers, checks=checks, timeout=30, base_url=running.address)

    asked = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 14
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            try:
                asked(given(case=operation.as_strategy(mode))(each))()
            except (Unsatisfiable, SkipTest):  # of what takes nothing nothing can be wrong
                assert mode is schemathesis.GenerationMode.NEGATIVE
    assert running.ask("DELETE", f"/v1/sessions/{made['id']}").status_code in (204, 404)
    return count


@pytest.mark.parametrize("who", ["admin", "figures", "nobody"])
def test_every_answer_is_one_that_is_described(who: str, running: Running) -> None:
    key = {"admin": running.key, "figures": running.weak, "nobody": None}[who]
    assert fuzz(running, key, examples=6 if who == "admin" else 2) > 40


@pytest.mark.slow
@pytest.mark.parametrize("who", ["admin", "figures", "nobody"])
def test_every_answer_is_one_that_is_described_at_length(who: str, running: Running) -> None:
    key = {"admin": running.key, "figures": running.weak, "nobody": None}[who]
    fuzz(running, key, examples=400)
