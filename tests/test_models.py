from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from splatavatar import models
from splatavatar.errors import DependencyError, OutputError
from splatavatar.models import MODELS, locate, pull, stored

MODEL = MODELS["face_landmarker"]
CONTENT = bytes(range(256)) * 800


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)
    return tmp_path / "cache"


class Handler(BaseHTTPRequestHandler):
    """/model, and the same file damaged, cut off, and too long."""

    def do_GET(self) -> None:
        bodies = {
            "/model": CONTENT,
            "/damaged": CONTENT[:-1] + b"?",
            "/cut": CONTENT[: len(CONTENT) // 2],
            "/long": CONTENT * 2,
        }
        body = bodies.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(CONTENT) if self.path == "/cut" else len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned file is ``CONTENT``, and ``address`` is where it comes from."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    model = replace(MODEL, address=address, sha256=digest, size=len(CONTENT))
    monkeypatch.setitem(models.MODELS, "face_landmarker", model)


def test_a_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "any name.task"
    file.write_bytes(b"x")
    assert locate(given=file) == file
    (tmp_path / MODEL.file).write_bytes(b"x")
    assert locate(given=tmp_path) == tmp_path / MODEL.file
    with pytest.raises(DependencyError) as caught:
        locate(given=tmp_path / "gone.task")
    assert str(caught.value) == f"{tmp_path / 'gone.task'}: no such file, expected the model face_landmarker.task"


def test_the_places_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(MODEL)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cached")
    assert locate() == path
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(folder))
    assert locate() == path, "a folder without the model"
    (folder / MODEL.file).write_bytes(b"stated")
    assert locate() == folder / MODEL.file
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(folder / MODEL.file))
    assert locate() == folder / MODEL.file


def test_absent() -> None:
    with pytest.raises(DependencyError) as caught:
        locate()
    assert str(caught.value) == (
        "the model face_landmarker.task is not here: run `splatavatar models pull`, "
        "or name the file with --model or SPLATAVATAR_MODELS"
    )


def test_pulled_once(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(f"{server}/model", monkeypatch)
    heard: list[tuple[int, int]] = []
    path = pull("face_landmarker", lambda done, total: heard.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert path == locate()
    assert heard[-1] == (len(CONTENT), len(CONTENT)) and heard == sorted(heard) and len(heard) > 1
    at(f"{server}/gone", monkeypatch)
    assert pull("face_landmarker") == path, "it is there: nothing is fetched"


def test_a_damaged_model_is_fetched_again(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(f"{server}/model", monkeypatch)
    path = pull("face_landmarker")
    path.write_bytes(CONTENT[:-1])
    assert pull("face_landmarker").read_bytes() == CONTENT


@pytest.mark.parametrize("what", ["damaged", "long"])
def test_another_file_is_not_kept(server: str, cache: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    at(f"{server}/{what}", monkeypatch)
    with pytest.raises(DependencyError) as caught:
        pull("face_landmarker")
    assert str(caught.value) == (
        f"{server}/{what}: not the file that was expected (its SHA-256 differs); nothing was kept"
    )
    assert not list(cache.rglob("*.*"))


@pytest.mark.parametrize(("what", "reason"), [("gone", "not found"), ("cut", "102400 of 204800 bytes")])
def test_a_download_that_fails(
    server: str, cache: Path, monkeypatch: pytest.MonkeyPatch, what: str, reason: str
) -> None:
    at(f"{server}/{what}", monkeypatch)
    with pytest.raises(DependencyError) as caught:
        pull("face_landmarker")
    assert str(caught.value) == (
        f"{server}/{what}: cannot be fetched ({reason}); "
        "fetch it elsewhere and name the file with --model or SPLATAVATAR_MODELS"
    )
    assert not list(cache.rglob("*.*"))


def test_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    at("http://127.0.0.1:9/model", monkeypatch)  # the port of nobody
    with pytest.raises(DependencyError, match=r"cannot be fetched \(.*refused\); fetch it elsewhere"):
        pull("face_landmarker")


def test_a_cache_that_cannot_be_written(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at(f"{server}/model", monkeypatch)
    file = tmp_path / "a file"
    file.write_bytes(b"")
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(file))
    with pytest.raises(OutputError, match=r"^cannot make the folder .*a file"):
        pull("face_landmarker")
