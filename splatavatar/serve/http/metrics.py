"""The figures of the service, as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from splatavatar.extras import required
from splatavatar.serve.http.admission import MODES

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
AGES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""seconds: bounds of the classes in which pictures are counted by how late they were"""
QUEUES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""seconds: of speech that waits to be said"""
FAILURES = ("speech", "voice", "offer", "peer", "draw", "request")
"""what can go wrong: with a sound, a text to say, an offer, a connection, a picture, or else"""
REFUSALS = ("full", "late", "memory", "draining", "rate", "key", "scope", "consent", "size", "origin")


class Metrics:
    """Counters and gauges in a registry of their own, so that several services in one process stay apart.

    None has a name of an avatar, a session or a key in it.
    """

    def __init__(self, limits: dict[str, int] | None = None, process: bool = True) -> None:
        """
        Args:
            limits: how many sessions of each mode fit.
            process: whether memory, CPU and open files of the process are told as well.

        Raises DependencyError without ``prometheus_client``.
        """
        client = required("prometheus_client")
        self._registry = client.CollectorRegistry()
        self._text: Callable[[Any], bytes] = client.generate_latest
        if process:
            client.ProcessCollector(registry=self._registry)

        def made(kind: str, name: str, what: str, *labels: str, **more: Any) -> Any:
            return getattr(client, kind)(f"splatavatar_{name}", what, labels, registry=self._registry, **more)

        self._sessions = made("Gauge", "sessions", "Sessions that are open.", "mode")
        self._limit = made("Gauge", "sessions_limit", "Sessions that fit where there are no others.", "mode")
        self._load = made("Gauge", "load", "What sessions take of what there is, 0 to 1.")
        self._draining = made("Gauge", "draining", "1 while nobody is let in because the service ends.")
        self._frames = made("Counter", "frames", "Faces or pictures that were made.", "mode")
        self._age = made("Histogram", "frame_age_seconds", "How late a picture was ready.", buckets=AGES)
        self._queue = made("Histogram", "queue_seconds", "Speech that waits to be said.", buckets=QUEUES)
        self._failures = made("Counter", "failures", "What went wrong.", "kind")
        self._refused = made("Counter", "refused", "Requests that were refused.", "reason")
        self._opened = made("Counter", "sessions_opened", "Sessions that were opened.", "mode")
        self._lasted = made(
            "Histogram", "session_seconds", "How long sessions lasted.", "mode", buckets=(10, 60, 300, 900, 3600)
        )
        # What has not happened is 0, not absent: alarms are written on differences.
        for mode in MODES:
            for each in (self._sessions, self._frames, self._opened, self._lasted):
                each.labels(mode)
            self._limit.labels(mode).set((limits or {}).get(mode, 0))
        for kind in FAILURES:
            self._failures.labels(kind)
        for reason in REFUSALS:
            self._refused.labels(reason)

    def opened(self, mode: str) -> None:
        """A session has begun."""
        self._sessions.labels(mode).inc()
        self._opened.labels(mode).inc()

    def ended(self, mode: str, seconds: float) -> None:
        """A session is over, which lasted so long."""
        self._sessions.labels(mode).dec()
        self._lasted.labels(mode).observe(seconds)

    def frame(self, mode: str, late: float) -> None:
        """A face, or a picture of it, was ready ``late`` seconds after its time."""
        self._frames.labels(mode).inc()
        self._age.observe(max(0.0, late))

    def queued(self, seconds: float) -> None:
        """Speech of so many seconds waited when more of it came."""
        self._queue.observe(seconds)

    def failed(self, kind: str) -> None:
        """Something went wrong: one of ``FAILURES``."""
        self._failures.labels(kind).inc()

    def refused(self, reason: str) -> None:
        """A request was refused: one of ``REFUSALS``."""
        self._refused.labels(reason).inc()

    def state(self, load: float, draining: bool) -> None:
        """How full the service is, and whether it ends."""
        self._load.set(load)
        self._draining.set(draining)

    def text(self) -> bytes:
        """All of them in Prometheus' text format (``CONTENT_TYPE``)."""
        return self._text(self._registry)
