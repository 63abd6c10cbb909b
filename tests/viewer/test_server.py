from __future__ import annotations

import gzip
import re
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from splatavatar.avatar.library import DEMO
from splatavatar.errors import DependencyError, SettingsError
from splatavatar.viewer.server import HOST, PORT, listen
from splatavatar.viewer.site import load_site
from support.asking import ask
from support.serving import serving


def test_the_page(address: str) -> None:
    status, headers, body = ask(address, "/")
    assert status == 200 and headers["content-type"].startswith("text/html") and b"<title>" in body
    assert headers["cache-control"] == "no-cache"
    names = re.findall(rb'(?:src|href)="\./(assets/[^"]+)"', body)
    assert len(names) == 2
    for name in names:
        status, headers, plain = ask(address, "/" + name.decode())
        assert status == 200 and "immutable" in headers["cache-control"]
        _, packed_headers, packed = ask(address, "/" + name.decode(), accept_encoding="br, gzip")
        assert packed_headers["content-encoding"] == "gzip" and gzip.decompress(packed) == plain


def test_the_page_is_small_over_the_wire(built: None) -> None:
    size = {name: min(len(file.compressed), len(file.content)) for name, file in load_site().items()}
    named = re.findall(rb'"\./([^"]+)"', load_site()["index.html"].content)
    assert sum(size[name] for name in ["index.html", *(name.decode() for name in named)]) <= 100_000
    named = re.findall(rb'"\./([^"]+)"', load_site()["agent.html"].content)
    assert sum(size[name] for name in ["agent.html", *(name.decode() for name in named)]) <= 50_000
    # With a headset and the room; LiveKit's own client is loaded by who joins a room of LiveKit alone.
    clients = [name for name in size if "livekit-client" in name]
    assert sum(size[name] for name in clients) <= 150_000
    assert sum(size.values()) - sum(size[name] for name in clients) <= 320_000


def test_every_answer_says_what_a_browser_may_do_with_it(address: str) -> None:
    for path in ("/", "/avatar.splatavatar", "/nothing"):
        _, headers, _ = ask(address, path)
        policy = headers["content-security-policy"]
        # The page alone computes, with WebAssembly of this server.
        scripts = "script-src 'self' 'wasm-unsafe-eval';" if path == "/" else "script-src 'self';"
        assert "default-src 'none'" in policy and scripts in policy
        assert "unsafe" not in policy.replace("'wasm-unsafe-eval'", "")
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


def test_the_avatar_and_its_parts(address: str) -> None:
    whole = DEMO.read_bytes()
    status, headers, body = ask(address, "/avatar.splatavatar")
    assert (status, headers["accept-ranges"], body) == (200, "bytes", whole)
    status, headers, body = ask(address, "/avatar.splatavatar", range="bytes=100-299")
    assert (status, body) == (206, whole[100:300]) and headers["content-range"] == f"bytes 100-299/{len(whole)}"
    status, headers, _ = ask(address, "/avatar.splatavatar", range=f"bytes={len(whole)}-")
    assert status == 416 and headers["content-range"] == f"bytes */{len(whole)}"
    status, headers, body = ask(address, "/avatar.splatavatar", "HEAD")
    assert (status, int(headers["content-length"]), body) == (200, len(whole), b"")


def test_an_avatar_that_is_baked_anew_is_served_anew(built: None, tmp_path: Path) -> None:
    path = tmp_path / "a.splatavatar"
    path.write_bytes(b"one")
    with serving(path) as where:
        assert ask(where, "/avatar.splatavatar")[2] == b"one"
        path.write_bytes(b"another")
        assert ask(where, "/avatar.splatavatar")[2] == b"another"
        path.unlink()
        status, _, body = ask(where, "/avatar.splatavatar")
        assert status == 404 and b"no such file" in body


def test_bytes_are_served_as_a_file_is(built: None) -> None:
    content = bytes(range(200)) * 5
    with serving(content) as where:
        status, headers, body = ask(where, "/avatar.splatavatar")
        assert (status, headers["accept-ranges"], headers["cache-control"], body) == (200, "bytes", "no-store", content)
        status, headers, body = ask(where, "/avatar.splatavatar", range="bytes=990-2000")
        assert (status, headers["content-range"], body) == (206, "bytes 990-999/1000", content[990:])
        status, headers, _ = ask(where, "/avatar.splatavatar", range="bytes=1000-")
        assert (status, headers["content-range"]) == (416, "bytes */1000")
        status, headers, body = ask(where, "/avatar.splatavatar", "HEAD")
        assert (status, headers["content-length"], body) == (200, "1000", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/..%2fserver.py",
        "/%2e%2e/%2e%2e/server.py",
        "/assets/../../server.py",
        "//etc/passwd",
        "/signals/../avatar.splatavatar",
        "/signals/..%2f..%2f..%2fetc%2fpasswd",
        "/signals/other.npz",
        "/docs",
        "/openapi.json",
        "/index.html%00.js",
    ],
)
def test_nothing_else_has_a_path(address: str, path: str) -> None:
    assert ask(address, path)[0] == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8017", "127.0.0.1.evil.example", "", "localhost:x", "a@localhost"]
)
def test_other_names_are_refused(address: str, host: str) -> None:
    status, _, body = ask(address, "/avatar.splatavatar", host=host)
    assert status in (400, 403) and len(body) < 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:1", "LOCALHOST:99", "[::1]:8017"])
def test_names_of_this_machine_are_answered(address: str, host: str) -> None:
    assert ask(address, "/", host=host)[0] == 200


def test_pages_of_others_are_refused(address: str) -> None:
    host = address.split("/")[2]
    for origin in ("https://evil.example", "null", "http://localhost:1", "http://127.0.0.1"):
        assert ask(address, "/avatar.splatavatar", origin=origin)[0] == 403, origin
    assert ask(address, "/avatar.splatavatar", origin=f"http://{host}")[0] == 200


def test_only_reading_is_answered(address: str) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(address, "/avatar.splatavatar", method)[0] == 405


def test_a_port_that_is_taken() -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as caught:
            listen(port)
        assert str(caught.value) == f"the port {port} is taken by another program; name another one"


def test_another_port_is_used_where_the_usual_one_is_taken() -> None:
    with ExitStack() as stack:
        with suppress(OSError):  # taken by another program
            stack.enter_context(socket.create_server((HOST, PORT)))
        with listen(None) as listening:
            assert listening.getsockname()[0] == HOST and listening.getsockname()[1] != PORT


def test_a_page_that_is_not_built(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match=r"^the page is not built in this checkout; build it with: make page"):
        load_site(tmp_path)


@pytest.mark.parametrize("host", ["192.0.2.1", "256.0.0.1", "a..b"])
def test_a_host_that_is_not_this_machine_is_told_as_one(host: str) -> None:
    with pytest.raises(SettingsError) as caught:
        listen(0, host)
    assert str(caught.value) == f"--host takes an address of this machine, such as 127.0.0.1 or 0.0.0.0, not {host!r}."
