"""Plain requests to a server of this machine."""

from __future__ import annotations

import http.client
import re

from splatavatar.viewer.server import HOST

Answer = tuple[int, dict[str, str], bytes]


def ask(address: str, path: str, method: str = "GET", **headers: str) -> Answer:
    """Status, headers and body; the path goes out as it is."""
    port = int(re.search(r":(\d+)/", address)[1])  # type: ignore[index]
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host="host" in named, skip_accept_encoding=True)
    for name, value in named.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    found = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return found
