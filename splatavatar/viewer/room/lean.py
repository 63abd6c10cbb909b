"""What makes the data channels of aiortc cheaper on the wire, for many small messages in both directions.

aiortc has no settings for either; where another version of it is built otherwise, its connections stay as they are.
"""

from __future__ import annotations

import asyncio
import types
from contextlib import suppress
from typing import Any

RIPE, LATEST = 0.15, 0.2
"""seconds that an acknowledgement waits for a message to travel with, and until it goes by itself (RFC 9260, 6.2)"""
CIPHERS = b"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"
"""The ones of aiortc, in another order: records of the first have no nonce beside their number (RFC 7905), 8 bytes less
than those of AES-GCM, which is the one that every WebRTC has (RFC 8827, 6.5)."""


def prefer_short_records(connection: Any) -> None:
    """Have ``connection``, which has no transport yet, offer the cipher with the shortest records first."""
    certificates = getattr(connection, "_RTCPeerConnection__certificates", ())
    for certificate in certificates:
        create = getattr(certificate, "_create_ssl_context", None)
        if create is not None:
            certificate._create_ssl_context = types.MethodType(_preferring(create), certificate)


def _preferring(create: Any) -> Any:
    def created(certificate: Any, *arguments: Any, **named: Any) -> Any:
        context = create(*arguments, **named)
        context.set_cipher_list(CIPHERS)
        return context

    return created


class Acknowledging:
    """Delays the acknowledgements of an SCTP transport and has them travel with the messages that go the other way.

    aiortc sends a packet of its own for each message that comes: as many packets again, half as large. What is missing
    or came twice is still told at once, so that nothing waits for a packet that is lost.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._send_sack, self._send_chunk = transport._send_sack, transport._send_chunk
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._carrier: Any = None
        self._sending: set[asyncio.Task[None]] = set()
        transport._send_sack, transport._send_chunk = self._acknowledge, self._send

    @classmethod
    def delay(cls, transport: Any) -> None:
        """Begin with ``transport``, before it is connected."""
        with suppress(AttributeError):  # of another version
            cls(transport)

    async def _acknowledge(self) -> None:
        transport = self._transport
        if transport._sack_misordered or transport._sack_duplicates:
            await self._now()
        elif self._since is None:
            self._since = self._loop.time()
            self._timer = self._loop.call_later(LATEST, self._late)

    async def _send(self, chunk: Any) -> None:
        kind = type(chunk).__name__
        if kind == "SackChunk" and self._carrier is not None:
            carrier, self._carrier = self._carrier, None
            await self._send_chunk(_Bundle(chunk, carrier))
        elif kind == "DataChunk" and self._since is not None and self._loop.time() - self._since >= RIPE:
            self._carrier = chunk
            await self._now()
        else:
            await self._send_chunk(chunk)

    async def _now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._since = self._timer = None
        await self._send_sack()

    def _late(self) -> None:
        async def send() -> None:
            with suppress(ConnectionError):  # it has ended meanwhile
                await self._now()

        task = self._loop.create_task(send())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


class _Bundle:
    """Two chunks of one packet (RFC 9260, 6.10)."""

    def __init__(self, *chunks: Any) -> None:
        self._chunks = chunks

    def __bytes__(self) -> bytes:
        return b"".join(bytes(chunk) for chunk in self._chunks)
