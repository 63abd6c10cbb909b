"""Posts to servers of others, whose answers are waited for in a thread and may be cut off from any other."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress


class Post:
    """One request."""

    def __init__(self, secure: bool, host: str, port: int | None, patience: float) -> None:
        """``patience``: seconds in which the next piece of the answer has come."""
        self._connection = (
            http.client.HTTPSConnection(host, port, timeout=patience, context=ssl.create_default_context())
            if secure
            else http.client.HTTPConnection(host, port, timeout=patience)
        )
        self._socket: socket.socket | None = None
        self._is_cut = False

    def answer(self, path: str, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """The answer, as soon as it begins. Raises OSError, HTTPException; so may reading it."""
        self._connection.connect()
        # The connection forgets it when an answer begins that is the last one.
        self._socket = self._connection.sock
        if self._is_cut:
            self.cut()
        self._connection.request("POST", path, body, dict(headers))
        return self._connection.getresponse()

    def cut(self) -> None:
        """End the waiting of who waits for the answer. Does not wait itself."""
        self._is_cut = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free all of it. May wait for who reads."""
        with suppress(OSError):
            self._connection.close()
