"""A line between a browser and a server that can go dead without a word."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """Hands bytes on between those who connect to ``port`` and a server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._dead: set[socket.socket] = set()

    def cut(self) -> None:
        """What is connected now stays open and is handed nothing any more; who connects from now on is."""
        self._dead.update(end for pair in self._pairs for end in pair)


@contextmanager
def silent_line(server: int) -> Iterator[Line]:
    """A line to the port ``server`` of this machine, until the end of the block."""
    listening = socket.create_server(("127.0.0.1", 0))
    line = Line(listening.getsockname()[1])

    def hand_on(source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(1 << 16):
                if source not in line._dead:
                    to.sendall(content)
            if source not in line._dead:
                to.shutdown(socket.SHUT_WR)

    def answer() -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", server))
                line._pairs.append((near, far))
                for source, to in ((near, far), (far, near)):
                    threading.Thread(target=hand_on, args=(source, to), daemon=True).start()

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield line
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for end in (end for pair in line._pairs for end in pair):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
