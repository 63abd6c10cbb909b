from __future__ import annotations

import pytest

pytest.importorskip("prometheus_client")
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from splatavatar.serve.http.metrics import Metrics


def values(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {(each.name, tuple(each.labels.values())): each.value for family in families for each in family.samples}


def test_figures_are_there_before_anything_happens() -> None:
    found = values(Metrics({"video": 3, "client": 20}))
    assert found["splatavatar_sessions", ("video",)] == 0
    assert found["splatavatar_sessions_limit", ("client",)] == 20
    assert found["splatavatar_frames_total", ("client",)] == 0
    assert found["splatavatar_failures_total", ("offer",)] == 0
    assert found["splatavatar_refused_total", ("full",)] == 0
    assert found["splatavatar_frame_age_seconds_count", ()] == 0
    assert found["splatavatar_queue_seconds_count", ()] == 0
    assert found["process_resident_memory_bytes", ()] > 0


def test_what_happens_is_counted() -> None:
    metrics = Metrics({"video": 3, "client": 20}, process=False)
    metrics.opened("video")
    metrics.opened("video")
    metrics.ended("video", 70)
    metrics.frame("video", 0.03)
    metrics.frame("client", -0.02)
    metrics.queued(0.7)
    metrics.failed("offer")
    metrics.refused("full")
    metrics.state(0.75, True)
    found = values(metrics)
    assert found["splatavatar_sessions", ("video",)] == 1
    assert found["splatavatar_sessions_opened_total", ("video",)] == 2
    assert found["splatavatar_session_seconds_sum", ("video",)] == 70
    assert found["splatavatar_frames_total", ("video",)] == found["splatavatar_frames_total", ("client",)] == 1
    assert found["splatavatar_frame_age_seconds_bucket", ("0.02",)] == 1  # before its time is not late
    assert found["splatavatar_frame_age_seconds_bucket", ("0.04",)] == 2
    assert found["splatavatar_queue_seconds_bucket", ("0.5",)] == 0
    assert found["splatavatar_queue_seconds_bucket", ("1.0",)] == 1
    assert found["splatavatar_failures_total", ("offer",)] == 1
    assert found["splatavatar_refused_total", ("full",)] == 1
    assert (found["splatavatar_load", ()], found["splatavatar_draining", ()]) == (0.75, 1)
    assert ("process_resident_memory_bytes", ()) not in found


def test_two_services_in_a_process_stay_apart() -> None:
    one, two = Metrics(), Metrics()
    one.opened("client")
    assert values(one)["splatavatar_sessions", ("client",)] == 1
    assert values(two)["splatavatar_sessions", ("client",)] == 0
    assert not [family for family in REGISTRY.collect() if family.name.startswith("splatavatar")]
