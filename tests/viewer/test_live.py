"""Faces over real connections to a real server."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from splatavatar.viewer.certificate import own_certificate
from splatavatar.viewer.guard import LOOPBACK
from splatavatar.viewer.hub import Hub
from splatavatar.viewer.server import create_app, listen, serving
from splatavatar.viewer.share import COOKIE, Token
from splatavatar.viewer.site import SiteFile

SITE = {"index.html": SiteFile("text/html", b"<p>page</p>", b"", False)}
UPGRADE = (
    "GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@contextmanager
def running(hub: Hub, port: int = 0, **options: Any) -> Iterator[int]:
    """The port of a server in this process."""
    certificate = options.pop("certificate", None)
    app = create_app(Path("absent"), SITE, hub=hub, **options)
    with listen(port) as listening, serving(app, listening, certificate):
        yield listening.getsockname()[1]


def face(number: int) -> bytes:
    return number.to_bytes(80, "little")


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def test_viewers_follow_a_driver_and_late_ones_see_the_present_face() -> None:
    hub = Hub()

    async def run(port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}/live") as early:
            await until(lambda: hub.viewers == 1)
            for number in range(5):
                hub.publish(face(number))
                assert await early.recv() == face(number)
            async with connect(f"ws://127.0.0.1:{port}/live") as late:
                assert await late.recv() == face(4)
        await until(lambda: hub.viewers == 0)

    with running(hub) as port:
        asyncio.run(run(port))


def upgraded(port: int) -> socket.socket:
    """A connection that has become a WebSocket and is never read from again."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.sendall(UPGRADE.format(port=port).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += connection.recv(1)
    assert answer.startswith(b"HTTP/1.1 101 ")
    return connection


def test_two_hundred_viewers_of_which_ten_never_read() -> None:
    hub = Hub()
    last = 300

    async def follow(viewer: Any) -> int:
        received = 0
        async for message in viewer:
            received += 1
            if message == face(last):
                break
        return received

    async def run(port: int) -> None:
        address = f"ws://127.0.0.1:{port}/live"
        viewers = await asyncio.gather(*(connect(address, compression=None, open_timeout=60) for _ in range(190)))
        await until(lambda: hub.viewers == 200)
        following = [asyncio.create_task(follow(viewer)) for viewer in viewers]
        for number in range(1, last + 1):
            hub.publish(face(number))
            await asyncio.sleep(0.002)
        received = await asyncio.wait_for(asyncio.gather(*following), 60)
        assert all(0 < count <= last for count in received)
        await asyncio.gather(*(viewer.close() for viewer in viewers))

    with running(hub) as port, ExitStack() as mute:
        for _ in range(10):
            mute.enter_context(upgraded(port))
        asyncio.run(run(port))


def test_a_viewer_that_never_reads_is_sent_no_more_than_its_connection_holds() -> None:
    """What has not left is one message, however many are published."""
    hub = Hub()
    sent = 0
    plain = hub.listen

    async def counting(send: Callable[[bytes], Any]) -> None:
        async def count(message: bytes) -> None:
            nonlocal sent
            await send(message)
            sent += 1

        await plain(count)

    hub.listen = counting  # type: ignore[method-assign]
    large = bytes(1 << 20)
    with running(hub) as port, upgraded(port):
        for _ in range(60):
            hub.publish(large)
            time.sleep(0.01)
        assert 0 < sent < 20


@pytest.mark.parametrize("message", ["hello", b"\x01", b"x" * 2000])
def test_a_viewer_that_speaks_is_cut_off_and_the_others_go_on(message: str | bytes) -> None:
    hub = Hub()

    async def run(port: int) -> None:
        address = f"ws://127.0.0.1:{port}/live"
        async with connect(address) as quiet, connect(address) as loud:
            await until(lambda: hub.viewers == 2)
            await loud.send(message)
            with pytest.raises(ConnectionClosed) as closed:
                await loud.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == (1009 if len(message) > 1024 else 1008)
            await until(lambda: hub.viewers == 1)
            hub.publish(face(1))
            assert await quiet.recv() == face(1)

    with running(hub) as port:
        asyncio.run(run(port))


def test_bytes_that_are_no_frames_end_their_connection_alone() -> None:
    hub = Hub()
    rng = np.random.default_rng(1)

    async def run(port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}/live") as quiet:
            for _ in range(200):
                with upgraded(port) as connection:
                    connection.sendall(rng.bytes(int(rng.integers(1, 60))))
                await asyncio.sleep(0)
            hub.publish(face(1))
            assert await quiet.recv() == face(1)
            await until(lambda: hub.viewers == 1)

    with running(hub) as port:
        asyncio.run(run(port))


def status(port: int, path: str, headers: dict[str, str]) -> tuple[int, str | None]:
    """The status of an answer and the cookie that it sets."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("set-cookie")


async def refused(address: str, **headers: str) -> int:
    """The status by which a WebSocket is refused."""
    with pytest.raises(InvalidStatus) as error:
        async with connect(address, additional_headers=headers):
            pass
    return int(error.value.response.status_code)


def test_only_who_has_the_token_gets_in() -> None:
    hub, token = Hub(), Token()

    async def run(port: int) -> None:
        address = f"ws://127.0.0.1:{port}/live"
        assert await refused(address) == 403
        assert await refused(f"{address}?token=wrong") == 403
        assert await refused(address, Cookie=f"{COOKIE}=wrong") == 403
        hub.publish(face(7))
        async with connect(address, additional_headers={"Cookie": f"other=1; {COOKIE}={token.text}"}) as viewer:
            assert await viewer.recv() == face(7)
        async with connect(f"{address}?token={token.text}") as viewer:
            assert await viewer.recv() == face(7)

    with running(hub, token=token) as port:
        for path in ("/", "/avatar.splatavatar", "/?token=", f"/?token={token.text}x"):
            assert status(port, path, {}) == (403, None)
        code, cookie = status(port, f"/?token={token.text}", {})
        assert code == 200
        assert cookie == f"{COOKIE}={token.text}; HttpOnly; SameSite=Strict; Path=/"
        assert status(port, "/", {"Cookie": f"{COOKIE}={token.text}"}) == (200, None)
        asyncio.run(run(port))


def test_pages_of_others_get_nothing() -> None:
    async def run(port: int) -> None:
        address = f"ws://127.0.0.1:{port}/live"
        assert await refused(address, Origin="https://evil.example") == 403
        async with connect(address, origin=f"http://127.0.0.1:{port}"):  # type: ignore[arg-type]
            pass

    with running(Hub()) as port:
        assert status(port, "/", {"Host": "evil.example"})[0] == 403
        assert status(port, "/", {"Origin": "https://evil.example"})[0] == 403
        asyncio.run(run(port))


def test_an_encrypted_page(tmp_path: Path) -> None:
    certificate = own_certificate(["127.0.0.1"], tmp_path)
    hub = Hub()
    hub.publish(face(3))

    async def run(port: int) -> None:
        trusting = ssl.create_default_context(cafile=str(certificate.certificate))
        async with connect(f"wss://127.0.0.1:{port}/live", ssl=trusting) as viewer:
            assert await viewer.recv() == face(3)

    with running(hub, certificate=certificate, hosts=LOOPBACK) as port:
        asyncio.run(run(port))


def test_a_server_that_comes_back_has_its_port_again() -> None:
    hub = Hub()
    hub.publish(face(1))

    async def one(port: int) -> Any:
        async with connect(f"ws://127.0.0.1:{port}/live") as viewer:
            return await viewer.recv()

    with running(hub) as port:
        assert asyncio.run(one(port)) == face(1)
    hub.publish(face(2))
    with running(hub, port) as again:
        assert again == port
        assert asyncio.run(one(port)) == face(2)


def test_the_server_ends_while_a_viewer_is_taking_its_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[Any] = []
    monkeypatch.setattr("threading.excepthook", failed.append)
    certificate = own_certificate(["127.0.0.1"], tmp_path)
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    with socket.socket() as plain, running(Hub(), certificate=certificate) as port:
        plain.connect(("127.0.0.1", port))
        viewer = trusting.wrap_socket(plain, server_hostname="127.0.0.1")
        viewer.sendall(UPGRADE.format(port=port).encode())
        while not viewer.recv(1 << 10).endswith(b"\r\n\r\n"):
            pass
        viewer.sendall(b"\x88\x80" + bytes(4))
        assert viewer.recv(1) == b"\x88"
        # Its end of the encryption stays open, and with it the connection.
    assert failed == []
