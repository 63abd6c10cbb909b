"""The server of uvicorn that everything here is served by: silent, and ended by who runs it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from splatavatar.viewer.certificate import Certificate
from splatavatar.viewer.guard import Application

if TYPE_CHECKING:
    import socket

    import uvicorn

PING, PATIENCE = 5.0, 10.0
"""seconds between two questions whether a WebSocket is still there, and those that an answer may take"""
MOST_HEADERS = 16 << 10
"""bytes of the headers of a request"""


def server_config(app: Application, certificate: Certificate | None, most_heard: int, **more: Any) -> uvicorn.Config:
    """How ``app`` is served: ``most_heard`` are the bytes that a message of a WebSocket may have, ``more`` options of
    uvicorn's.
    """
    import uvicorn

    return uvicorn.Config(
        app,
        log_level="critical",  # of a message that is no WebSocket's it would print a stack trace
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=most_heard,
        ws_ping_interval=PING,
        ws_ping_timeout=PATIENCE,
        ws_per_message_deflate=False,
        h11_max_incomplete_event_size=MOST_HEADERS,
        timeout_graceful_shutdown=1,
        ssl_certfile=None if certificate is None else str(certificate.certificate),
        ssl_keyfile=None if certificate is None else str(certificate.key),
        **more,
    )


def server_class() -> type[Any]:
    """A ``uvicorn.Server`` whose attribute ``ready`` is called once, when requests are answered."""
    import uvicorn
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    class Server(uvicorn.Server):
        def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
            super().__init__(config)
            self.ready = ready

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Of a WebSocket that the other end is closing uvicorn cannot take its leave a second time: it would raise,
            # and leave all others as they are.
            for connection in self.server_state.connections:
                if isinstance(connection, WebSocketsSansIOProtocol) and connection.conn.close_rcvd is not None:
                    connection.close_sent = True
            await super().shutdown(sockets)

        def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
            # The command line has its own way to end.
            return nullcontext()

    return Server
