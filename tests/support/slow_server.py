"""A server that keeps who asks it waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LONG = 30.0
"""seconds, more than any test waits"""


class SlowServer:
    """Answers every POST with ``piece``, and with the end when it is let go on."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.go_on = threading.Event()

    @property
    def address(self) -> str:
        """Of an interface like OpenAI's."""
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def slow_server(piece: bytes) -> Iterator[SlowServer]:
    """It, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(piece)
            slow.go_on.wait(LONG)

        def log_message(self, *_: Any) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slow = SlowServer(httpd.server_address[1])
    threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield slow
    finally:
        slow.go_on.set()
        httpd.shutdown()
        httpd.server_close()
