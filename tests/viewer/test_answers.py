"""What is not there, as both servers say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.avatar.library import DEMO
from splatavatar.viewer.room.room import Room
from support.asking import ask
from support.rooms import running, token
from support.serving import serving

PLAIN = "text/plain; charset=utf-8"


def said(address: str, path: str) -> tuple[int, str, str, bytes]:
    status, headers, body = ask(address, path)
    return status, headers["content-type"], headers["cache-control"], body


def test_what_has_no_path(address: str) -> None:
    for path in ("/nothing", "/signals/other.npz", "/models/other.onnx"):
        assert said(address, path) == (404, PLAIN, "no-store", b"Not found\n")


def test_what_a_room_does_not_have() -> None:
    room = Room(2)
    with running(room) as port:
        for path in ("/nothing", "/models/other.onnx"):
            answer = said(f"http://127.0.0.1:{port}/", f"{path}?token={token(room, 1)}")
            assert answer == (404, PLAIN, "no-store", b"Not found\n")


def test_why_a_file_or_a_model_is_not_there(built: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)
    with serving(DEMO, {"gone.npz": tmp_path / "gone.npz"}) as address:
        for path, why in (
            ("/signals/gone.npz", b"no such file"),
            ("/models/face_landmarker.task", b"splatavatar models pull"),
        ):
            *answer, body = said(address, path)
            assert answer == [404, PLAIN, "no-store"] and why in body and body.endswith(b"\n")
