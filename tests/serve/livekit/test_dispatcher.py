from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from splatavatar.errors import SettingsError
from splatavatar.serve.livekit import worker_processes
from splatavatar.serve.livekit.dispatcher import create_dispatcher
from splatavatar.serve.livekit.worker_processes import WorkerProcesses

SLEEPER = (sys.executable, "-c", "import os, time; assert os.environ['LIVEKIT_TOKEN'] == 't'; time.sleep(60)")
SLOW = (
    sys.executable,
    "-c",
    """
import os, signal, sys, time

def leave(*_):
    if sys.argv[-1] == "ws://late":
        time.sleep(3)
        open(sys.argv[1] + ".left", "w").close()
        sys.exit()

signal.signal(signal.SIGTERM, leave)
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n")
time.sleep(60)
""",
)
"""does not leave when asked to, or 3 s late, once its number is in the file that it is named"""
WANTED = {"room_name": "one", "url": "ws://127.0.0.1:7880", "token": "t"}
KEY = {"Authorization": "Bearer secret"}


@pytest.fixture
def workers() -> Iterator[WorkerProcesses]:
    processes = WorkerProcesses((), 2, SLEEPER)
    yield processes
    processes.close()


@pytest.fixture
def client(workers: WorkerProcesses) -> TestClient:
    return TestClient(create_dispatcher(workers, "secret", "ws://127.0.0.1:7880"))


def test_a_worker_for_each_room_and_no_more_than_there_may_be(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    for room, status in (("one", 202), ("two", 202), ("one", 202), ("three", 503)):
        assert client.post("/launch", json={**WANTED, "room_name": room}, headers=KEY).status_code == status
    assert client.get("/workers", headers=KEY).json() == {"rooms": ["one", "two"], "most": 2}
    refused = client.get("/readyz")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert client.delete("/workers/one", headers=KEY).status_code == 200
    assert client.delete("/workers/one", headers=KEY).status_code == 404
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}])
def test_without_the_key_nothing_is_started(
    client: TestClient, workers: WorkerProcesses, given: dict[str, str]
) -> None:
    assert client.post("/launch", json=WANTED, headers=given).status_code == 401
    assert client.get("/workers", headers=given).status_code == 401
    assert client.delete("/workers/one", headers=given).status_code == 401
    assert workers.rooms == []


@pytest.mark.parametrize("key", ["", "schl\u00fcssel", " secret", "secret\n", "sec\tret"])
def test_a_key_that_no_header_can_bring_is_refused(workers: WorkerProcesses, key: str) -> None:
    with pytest.raises(SettingsError, match="the key that agents are to send"):
        create_dispatcher(workers, key, None)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 422, "no JSON"),
        (b"[]", 422, "expected an object"),
        (b"[" * 9999, 422, "no JSON"),
        (b'{"room_name": "a\\n", "url": "ws://h", "token": "t"}', 422, "room_name"),
        (b'{"room_name": "a", "url": "file:///etc", "token": "t"}', 422, "url"),
        (b'{"room_name": "a", "url": "ws://u:p@h", "token": "t"}', 422, "url"),
        (b'{"room_name": "a", "url": "ws://[", "token": "t"}', 422, "url"),
        (b'{"room_name": "a", "url": "ws://h", "token": 5}', 422, "token"),
        (b'{"room_name": "a", "url": "ws://other", "token": "t"}', 403, "not joined from here"),
        (b" " * 40000, 413, "more than"),
    ],
    ids=range(10),
)
def test_what_makes_no_sense_is_refused(
    client: TestClient, workers: WorkerProcesses, body: bytes, status: int, said: str
) -> None:
    answer = client.post("/launch", content=body, headers={**KEY, "Content-Type": "application/json"})
    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert workers.rooms == []


def test_workers_that_end_are_forgotten() -> None:
    processes = WorkerProcesses((), 1, (sys.executable, "-c", "raise SystemExit(2)"))
    assert processes.start("one", "ws://h", "t")
    until = time.monotonic() + 20
    while processes.rooms and time.monotonic() < until:
        time.sleep(0.02)
    assert not processes.full
    processes.close()
    assert processes.full


def test_without_a_key_no_page_of_another_origin_is_answered(workers: WorkerProcesses) -> None:
    open_to_all = TestClient(create_dispatcher(workers, None, None), base_url="http://localhost")
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        assert open_to_all.post("/launch", json=WANTED, headers=headers).status_code == 403
    told = open_to_all.post("/launch", content=json.dumps(WANTED), headers={"Content-Type": "text/plain"})
    assert (told.status_code, told.json()) == (415, {"error": "expected JSON as application/json"})
    assert workers.rooms == []
    assert open_to_all.post("/launch", json=WANTED).status_code == 202


def start_slow(processes: WorkerProcesses, path: Path, *rooms: str, url: str = "ws://h") -> None:
    """Start some that are slow to leave, and wait until they would be."""
    for room in rooms:
        assert processes.start(room, url, "t")
    wait_for(lambda: path.exists() and len(path.read_text().split()) >= len(processes.rooms))


def wait_for(there: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not there():
        assert time.monotonic() < until
        time.sleep(0.02)


def running(path: Path) -> int:
    """How many of the processes whose numbers are in a file are there."""
    there = 0
    for number in path.read_text().split():
        with suppress(ProcessLookupError):
            os.kill(int(number), 0)
            there += 1
    return there


def test_nobody_waits_for_a_worker_that_does_not_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_processes, "LEAVING", 3.0)
    path = tmp_path / "there"
    processes = WorkerProcesses([str(path)], 2, SLOW)
    client = TestClient(create_dispatcher(processes, "secret", None))
    start_slow(processes, path, "one")
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(client.delete, "/workers/one", headers=KEY)
        wait_for(lambda: bool(processes._leaving))
        assert client.post("/launch", json={**WANTED, "room_name": "two"}, headers=KEY).status_code == 202
        # Its place is taken until it has left, for all rooms but its own.
        assert client.get("/readyz").status_code == 503
        assert client.get("/workers", headers=KEY).json()["rooms"] == ["one", "two"]
        assert client.post("/launch", json={**WANTED, "room_name": "three"}, headers=KEY).status_code == 503
        for _ in range(20):  # more than there are threads for requests
            assert client.post("/launch", json=WANTED, headers=KEY).status_code == 202
        wait_for(lambda: running(path) == 2)
        assert not ending.done()
        assert ending.result(30).status_code == 200
    assert processes.rooms == ["one", "two"]
    wait_for(lambda: len(path.read_text().split()) == 3)
    assert running(path) == 2
    monkeypatch.setattr(worker_processes, "LEAVING", 0.1)
    processes.close()
    assert running(path) == 0


def test_who_is_ended_while_it_waits_for_its_place_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_processes, "LEAVING", 0.3)
    path = tmp_path / "there"
    processes = WorkerProcesses([str(path)], 1, SLOW)
    start_slow(processes, path, "one")
    assert processes.start("one", "ws://h", "t")
    left = processes.end("one")
    assert left is not None
    left.result(30)
    assert processes.rooms == []
    assert running(path) == 0
    processes.close()


def test_all_are_closed_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_processes, "LEAVING", 1.0)
    path = tmp_path / "there"
    processes = WorkerProcesses([str(path)], 6, SLOW)
    start_slow(processes, path, *"abcde")
    start_slow(processes, path, "late", url="ws://late")
    processes.close()
    assert running(path) == 0
    # Were each waited for in turn, it would have had the time to leave.
    assert not (tmp_path / "there.left").exists()
