"""Answering until the process is told to end, and then letting the sessions that are there come to their end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

from splatavatar.interrupts import deferred_signals
from splatavatar.serve.http.admission import Admission
from splatavatar.serve.http.logs import log_event
from splatavatar.viewer.certificate import Certificate
from splatavatar.viewer.guard import Application
from splatavatar.viewer.uvicorn_server import server_class, server_config

DRAIN = 30.0
"""seconds that sessions have to come to their end"""
MOST_CONNECTIONS = 4096
"""connections at once; those beyond are told to come again"""
HEAD = 10.0
"""seconds in which the head of a request has come"""
LONGEST_TEXT = 256 << 10
"""bytes of a message of a WebSocket: five seconds of sound in one piece"""


def serve(
    app: Application,
    listening: socket.socket,
    ready: Callable[[], None],
    admission: Admission,
    drain: float = DRAIN,
    certificate: Certificate | None = None,
    close: Callable[[], Any] | None = None,
) -> None:
    """Answer until the process is told to end; ``ready`` is called once when requests are answered.

    SIGTERM *drains*: nobody is let in any more (``admission.draining``), and the process ends well when the last
    session has, or after ``drain`` seconds. Ctrl-C, and a second signal, end it at once.

    Args:
        app: the ASGI application.
        listening: a socket that listens.
        ready: called once.
        admission: who counts the sessions.
        drain: seconds.
        certificate: for TLS.
        close: a coroutine function that ends what sessions are left, called last in the event loop.

    Raises KeyboardInterrupt where Ctrl-C ended it, SystemExit for other signals but SIGTERM.
    """
    server = _server(app, ready, admission, certificate, close)

    def stop() -> None:
        if asked.number == signal.SIGTERM and server.until is None:
            admission.draining = True
            server.until = monotonic() + drain
            log_event("draining", count=sum(admission.sessions.values()))
        else:
            server.should_exit = True

    # An exception that a signal raised amid the event loop could be lost in one of its callbacks.
    with deferred_signals(stop) as asked:
        server.run([listening])
    log_event("ended")
    if asked() and asked.number != signal.SIGTERM:
        raise asked.ending()


def _server(
    app: Application,
    ready: Callable[[], None],
    admission: Admission,
    certificate: Certificate | None,
    close: Callable[[], Any] | None,
) -> Any:
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Server(server_class()):  # type: ignore[misc]
        until: float | None = None
        """the end of draining, in the time of ``monotonic``"""

        async def on_tick(self, counter: int) -> bool:
            ended: bool = await super().on_tick(counter)
            if self.until is None:
                return ended
            return ended or monotonic() > self.until or not any(admission.sessions.values())

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            if close is not None:
                await close()
            await super().shutdown(sockets)

    class Prompt(H11Protocol):
        """Closes a connection on which no request begins, or one does not come to the end of its head."""

        _watch: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._wait()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._watch is not None:
                self._watch.cancel()
            super().connection_lost(exc)

        def _wait(self) -> None:
            """The clock runs from the first moment without a request to answer, and dribbling does not set it back."""
            # Of a WebSocket another protocol takes care, which has its own clock.
            answering = self not in self.connections or (self.cycle is not None and not self.cycle.response_complete)
            if answering and self._watch is not None:
                self._watch.cancel()
                self._watch = None
            elif not answering and self._watch is None and not self.transport.is_closing():
                self._watch = self.loop.call_later(HEAD, self.transport.close)

    config = server_config(app, certificate, LONGEST_TEXT, http=Prompt, limit_concurrency=MOST_CONNECTIONS)
    return Server(config, ready)
