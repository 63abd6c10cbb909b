"""The balancer's configuration under a real nginx, before services that run: sessions find their workers."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the package fastapi is not installed")
pytest.importorskip("aiortc", reason="the package aiortc is not installed")
pytest.importorskip("prometheus_client", reason="the package prometheus_client is not installed")

from splatavatar.serve.http.admission import Admission
from support.service import Running, avatar_folder, running

TEMPLATE = Path(__file__).parents[2] / "deploy" / "nginx" / "default.conf.template"
NGINX = os.environ.get("SPLATAVATAR_NGINX") or shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed, and SPLATAVATAR_NGINX does not name it")


class Names:
    """A server of DNS that knows names by a table: loopback addresses of workers."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self.table = table
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                asked, sender = self._socket.recvfrom(512)
            except OSError:
                return
            end = asked.index(b"\0", 12)
            labels, at = [], 12
            while at < end:
                labels.append(asked[at + 1 : at + 1 + asked[at]].decode())
                at += 1 + asked[at]
            found = self.table.get(".".join(labels), [])
            header = asked[:2] + struct.pack(">HHHHH", 0x8180 if found else 0x8183, 1, len(found), 0, 0)
            answers = [b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 1, 4) + socket.inet_aton(each) for each in found]
            self._socket.sendto(header + asked[12 : end + 5] + b"".join(answers), sender)


@dataclass
class Balanced:
    """Two workers, and the balancer before them as one service."""

    balancer: Running
    workers: dict[str, Running]
    names: Names


def relayed(stack: ExitStack, address: str, port: int) -> None:
    """What comes to port 8020 of a loopback address goes to ``port``: the service of a test takes a free one."""
    listening = socket.create_server((address, 8020))
    stack.callback(listening.close)
    stack.callback(listening.shutdown, socket.SHUT_RDWR)  # who waits in accept() would keep it

    def pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def run() -> None:
        while True:
            try:
                one, _ = listening.accept()
                other = socket.create_connection(("127.0.0.1", port))
            except OSError:
                return
            for pair in ((one, other), (other, one)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=run, daemon=True).start()


@pytest.fixture
def balanced(tmp_path: Path) -> Iterator[Balanced]:
    folder = avatar_folder(tmp_path / "avatars")
    lowest = 10 + os.getpid() % 200
    addresses = {f"worker-{n}": f"127.{lowest}.0.{n}" for n in (1, 2)}
    with ExitStack() as stack:
        workers = {}
        for name, address in addresses.items():
            admission = Admission(1, 1, memory=lambda: None)
            workers[name] = stack.enter_context(running(folder, admission=admission, worker=name))
            relayed(stack, address, workers[name].port)
        names = Names({f"{n}.of.test": [a] for n, a in addresses.items()} | {"workers.test": list(addresses.values())})
        stack.callback(names.close)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        text = TEMPLATE.read_text().replace("listen 8080", f"listen 127.0.0.1:{port}")
        given = {"WORKERS": "workers.test", "WORKER_DOMAIN": ".of.test", "RESOLVER": f"127.0.0.1:{names.port}"}
        for name, value in given.items():
            text = text.replace(f"${{{name}}}", value)
        text = text.replace("access_log /dev/stdout plain", f"access_log {tmp_path}/access.log plain")
        scratch = "".join(
            f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = tmp_path / "nginx.conf"
        configuration.write_text(
            f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
            f"events {{}}\nhttp {{\n{scratch}{text}\n}}\n"
        )
        assert NGINX is not None
        command = [NGINX, "-e", str(tmp_path / "error.log"), "-p", str(tmp_path), "-c", str(configuration)]
        process = subprocess.Popen(command)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        # It names 127.0.0.1, which services without keys answer to.
        yield Balanced(Running(port, next(iter(workers.values())).registry), workers, names)


def worker_of(session: dict[str, str]) -> str:
    return session["id"].partition(".")[0]


def test_sessions_find_their_workers(balanced: Balanced, tmp_path: Path) -> None:
    """Each worker takes one: the second session goes to the other, and both are reached by their ids."""
    first, second = balanced.balancer.opened(), balanced.balancer.opened()
    assert {worker_of(first), worker_of(second)} == {"worker-1", "worker-2"}
    for made in (first, second, first):
        status, state = balanced.balancer.ask("GET", f"/v1/sessions/{made['id']}")
        assert (status, state["id"]) == (200, made["id"])
        assert balanced.workers[worker_of(made)].registry.get(made["id"]) is not None
    # Both are full: the answer of the last one that was asked comes through, with when to ask again.
    status, told = balanced.balancer.ask("POST", "/v1/sessions", {"avatar": "ann", "mode": "client"})
    assert status == 503 and "full" in told["error"]
    connection = http.client.HTTPConnection("127.0.0.1", balanced.balancer.port, timeout=20)
    connection.request("DELETE", f"/v1/sessions/{first['id']}")
    assert connection.getresponse().status == 204
    connection.close()
    third = balanced.balancer.opened()
    assert worker_of(third) == worker_of(first)
    # A token is in no log.
    status, _ = balanced.balancer.ask("GET", f"/v1/sessions/{third['id']}?token={third['token']}")
    assert status == 200
    assert third["token"] not in (tmp_path / "access.log").read_text()


def test_the_page_and_what_is_not_for_outside(balanced: Balanced) -> None:
    assert balanced.balancer.ask("GET", "/agent.html")[0] == 200
    assert balanced.balancer.ask("GET", "/healthz")[0] == 200
    assert balanced.balancer.ask("GET", "/balancerz") == (200, "ok\n")
    assert balanced.balancer.ask("GET", "/metrics")[0] == 404


def test_a_worker_that_is_gone(balanced: Balanced) -> None:
    made = balanced.balancer.opened()
    del balanced.names.table[f"{worker_of(made)}.of.test"]
    time.sleep(0.1)
    assert balanced.balancer.ask("GET", "/v1/sessions/worker-9.aaaa") == (404, {"error": "No session has that id."})


def test_no_worker_takes_sessions(balanced: Balanced) -> None:
    balanced.names.table.clear()
    status, told = balanced.balancer.ask("POST", "/v1/sessions", {"avatar": "ann", "mode": "client"})
    assert (status, told) == (503, {"error": "The service is full. Ask again later."})


@pytest.mark.parametrize(
    "path", ["/v1/sessions/evil.example.com.x", "/v1/sessions/..%2f.x", "/v1/sessions/127.0.0.1.x", "/v1/sessions/A.x"]
)
def test_ids_lead_nowhere_else(balanced: Balanced, path: str) -> None:
    """The name before the first dot is a worker's, of the domain of workers, whatever follows."""
    status, _ = balanced.balancer.ask("GET", path)
    assert status in (400, 404)
    assert not re.search("evil", " ".join(balanced.names.table))
