from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("uvicorn")

SERVICE = """
import socket, sys
from splatavatar.serve.http import serving
from splatavatar.serve.http.admission import Admission

serving.HEAD = 0.4
door = Admission(3, 20)
door.admit("client")

async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await receive()
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "still here"})
        return
    if scope["path"] == "/end":
        door.release("client")
    text = b"draining" if door.draining else b"ready"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})

async def close():
    print("closed", sum(door.sessions.values()), flush=True)

listening = socket.create_server(("127.0.0.1", 0))
serving.serve(
    app, listening, lambda: print(listening.getsockname()[1], flush=True), door, float(sys.argv[1]), close=close
)
"""
Start = Callable[[float], tuple[subprocess.Popen[str], int]]


@pytest.fixture
def start() -> Iterator[Start]:
    begun = []

    def run(drain: float) -> tuple[subprocess.Popen[str], int]:
        command = [sys.executable, "-c", SERVICE, str(drain)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        begun.append(process)
        assert process.stdout is not None
        return process, int(process.stdout.readline())

    yield run
    for process in begun:
        process.kill()
        process.communicate()


def get(port: int, path: str = "/") -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := line.recv(1 << 16):
            answer += piece
    return answer.rpartition(b"\r\n")[2]


def until_draining(port: int) -> None:
    while get(port) != b"draining":
        time.sleep(0.02)


def test_it_ends_well_when_the_last_session_has(start: Start) -> None:
    process, port = start(60)
    assert get(port) == b"ready"
    process.send_signal(signal.SIGTERM)
    until_draining(port)
    assert process.poll() is None
    get(port, "/end")
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (0, "closed 0\n", "")


def test_sessions_that_do_not_end_are_not_waited_for_for_ever(start: Start) -> None:
    process, _ = start(0.3)
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (0, "closed 1\n", "")


def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    process, port = start(60)
    process.send_signal(signal.SIGTERM)
    until_draining(port)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=20)[0] == "closed 1\n"
    assert process.returncode == 0


def test_ctrl_c_ends_it_at_once(start: Start) -> None:
    process, _ = start(60)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[0] == "closed 1\n"
    assert process.returncode in (130, -signal.SIGINT)


def test_who_does_not_come_to_the_end_of_a_request_is_not_waited_for(start: Start) -> None:
    _, port = start(60)
    for begins in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(begins)
            assert line.recv(100) == b""  # closed, after what takes no more than its time
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" in line.recv(1000)
        try:  # a dribble after a whole request
            for _ in range(200):
                line.sendall(b"G")
                time.sleep(0.02)
            pytest.fail("the connection was kept")
        except ConnectionError:
            pass


def test_a_websocket_stays(start: Start) -> None:
    from websockets.sync.client import connect

    _, port = start(60)
    with connect(f"ws://127.0.0.1:{port}/", proxy=None) as line:
        time.sleep(0.8)  # twice the time that a request has
        line.send("are you there?")
        assert line.recv(timeout=20) == "still here"
