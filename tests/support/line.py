"""A line to a server that fails as lines do."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

IMPATIENT = (
    "window.setTimeout = (wait => (act, after, ...more) => wait(act, after === 10000 ? 2000 : after, ...more))"
    "(window.setTimeout)"
)
"""has a page take a silent line for dead after a fifth of its ten seconds"""


class Line:
    """Passes bytes on to a server, until it is cut on one side, of which the other hears nothing, or goes dead."""

    def __init__(self, far: int) -> None:
        self._far = far
        self._near: list[socket.socket] = []
        self._beyond: list[socket.socket] = []
        self._dead: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                beyond = socket.create_connection(("127.0.0.1", self._far))
                self._near.append(near)
                self._beyond.append(beyond)
                threading.Thread(target=self._pass, args=(near, beyond, False), daemon=True).start()
                threading.Thread(target=self._pass, args=(beyond, near, True), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, to_the_end: bool) -> None:
        with suppress(OSError):
            while content := one.recv(65536):
                if one not in self._dead:
                    other.sendall(content)
            if to_the_end and one not in self._dead:
                other.shutdown(socket.SHUT_WR)

    def cut(self, sockets: str) -> None:
        """End the connections of now, on the "near" or the "beyond" side."""
        for each in getattr(self, f"_{sockets}")[:]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def go_dead(self) -> None:
        """Pass nothing on any more by the connections of now, which stay open."""
        self._dead.update(self._near, self._beyond)

    def close(self) -> None:
        self._listening.close()
        self.cut("near")
        self.cut("beyond")
