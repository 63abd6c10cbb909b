"""Answering until the process is told to end, and then letting the sessions that are there come to their end."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Any

from splatavatar.interrupts import deferred_signals
from splatavatar.serve.http.admission import Admission
from splatavatar.serve.http.logs import log_event
from splatavatar.viewer.certificate import Certificate
from splatavatar.viewer.guard import Application
from splatavatar.viewer.server import MOST_HEADERS, PATIENCE, PING

if TYPE_CHECKING:
    pass

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
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    class Server(uvicorn.Server):
        until: float | None = None
        """the end of draining, in the time of ``monotonic``"""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        async def on_tick(self, counter: int) -> bool:
            ended = await super().on_tick(counter)
            if self.until is None:
                return ended
            return ended or monotonic() > self.until or not any(admission.sessions.values())

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            if close is not None:
                await close()
            # Of a WebSocket that the other end is closing uvicorn cannot take its leave a second time: it would raise,
            # and leave all others as they are.
            for connection in self.server_state.connections:
                if isinstance(connection, WebSocketsSansIOProtocol) and connection.conn.close_rcvd is not None:
                    connection.close_sent = True
            await super().shutdown(sockets)

        def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
            # The command line has its own way to end.
            return nullcontext()

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

    return Server(
        uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            server_header=False,
            lifespan="off",
            http=Prompt,
            ws="websockets-sansio",
            ws_max_size=LONGEST_TEXT,
            ws_ping_interval=PING,
            ws_ping_timeout=PATIENCE,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=MOST_HEADERS,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=1,
            ssl_certfile=None if certificate is None else str(certificate.certificate),
            ssl_keyfile=None if certificate is None else str(certificate.key),
        )
    )
