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
def slow_server(piece: bytes, chunked: bool = False) -> Iterator[SlowServer]:
    """It, until the end of the block; ``chunked`` answers leave the connection for other requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if chunked else "HTTP/1.0"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            if chunked:
                self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            slow.go_on.wait(LONG)
            self.close_connection = True

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
