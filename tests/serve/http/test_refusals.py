"""Who is refused, and in which words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
from splatavatar.serve.http.admission import MEMORY, RESERVE, Admission
from splatavatar.serve.http.keys import ApiKeys, add_key
from support.service import Running, avatar_folder, running

ID = "AAAAAAAAAAAAAAAA"
NOT_ADMITTED = "This needs an API key (Authorization: Bearer KEY), or the token of the session; what came is neither."
NO_AVATAR = "No avatar has that name; GET /v1/avatars lists them."
NO_VOICE = "No voice has that name; GET /v1/avatars lists them."
NO_AUDIO = "the offer has no audio, expected audio and video that is received."
NO_SESSION = "No session has that id (any more)."
CLIENT = {"avatar": "ann", "mode": "client"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return avatar_folder(tmp_path_factory.mktemp("refusals") / "avatars")


@pytest.fixture(scope="module")
def here(folder: Path) -> Iterator[Running]:
    """Without keys: whoever is on this machine."""
    with running(folder) as at:
        yield at


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status", "sentence"),
    [
        ("GET", "/v1/nothing", None, "", 404, "Nothing is there."),
        ("PATCH", "/v1/sessions", None, "", 405, "That method is not for this path."),
        ("POST", "/v1/sessions", {}, "", 422, "avatar: field required."),
        ("POST", "/v1/sessions", b"{", "", 422, "The body is not valid JSON."),
        ("POST", "/v1/sessions", {**CLIENT, "width": 65}, "", 422, "width: input should be a multiple of 16."),
        ("POST", "/v1/sessions", {**CLIENT, "fps": 1e9}, "", 422, "fps: input should be less than or equal to 60."),
        ("POST", "/v1/sessions", {**CLIENT, "more": 1}, "", 422, "more: extra inputs are not permitted."),
        (
            "POST",
            "/v1/sessions",
            {**CLIENT, "voice": "eve"},
            "",
            422,
            "No voice has that name; GET /v1/avatars lists them.",
        ),
        ("POST", "/v1/sessions", {"avatar": "eve"}, "", 404, NO_AVATAR),
        ("POST", "/v1/sessions", {"avatar": "../avatars/ann"}, "", 404, NO_AVATAR),
        ("POST", "/v1/sessions", {"avatar": "/etc/passwd"}, "", 404, NO_AVATAR),
        ("POST", "/v1/sessions", {"avatar": "ann\x00"}, "", 404, NO_AVATAR),
        ("POST", "/v1/sessions", b"x" * 300_000, "", 413, "The body has more than 256 KiB."),
        ("GET", f"/v1/sessions/{ID}", None, "", 404, NO_SESSION),
        ("GET", f"/v1/sessions/{ID}?token=x", None, "", 404, NO_SESSION),
        ("GET", "/v1/sessions/..%2f..%2fetc", None, "", 404, "Nothing is there."),
    ],
)
def test_what_is_asked_wrongly(
    method: str, path: str, body: Any, kind: str, status: int, sentence: str, here: Running
) -> None:
    assert here.ask(method, path, body, kind or "application/json") == (status, {"error": sentence})


def test_a_mood_that_is_none_and_an_avatar_without_consent(here: Running) -> None:
    status, answer = here.ask("POST", "/v1/sessions", {**CLIENT, "mood": "purple"})
    assert status == 422
    assert answer["error"].startswith("there is no mood 'purple'; expected one of neutral")
    status, answer = here.ask("POST", "/v1/sessions", {"avatar": "ben"})
    assert status == 403
    assert "it has no record of consent, so it is private" in answer["error"]


@pytest.fixture(scope="module")
def session(here: Running) -> dict[str, Any]:
    return here.opened("video")


@pytest.mark.parametrize(
    ("path", "body", "kind", "status", "sentence"),
    [
        (
            "offer",
            {"type": "offer", "sdp": "x"},
            "",
            422,
            "the offer has no audio, expected audio and video that is received.",
        ),
        (
            "offer",
            {"type": "offer", "sdp": "m=audio\r\nm=video\r\n"},
            "",
            422,
            "the offer cannot be read, expected SDP of RTCPeerConnection.createOffer.",
        ),
        ("speech", b"abc", "text/plain", 415, None),
        ("speech", b"abc", "audio/pcm", 422, "Samples need their rate: audio/pcm;rate=8000 to 192000."),
        ("speech", b"abc", "audio/pcm;rate=24000", 422, "The body ends within a sample of 2 bytes."),
        ("speech", b"", "audio/pcm;rate=24000", 422, "The body holds no sound."),
        ("speech", b"RIFF", "audio/wav", 422, "The body is no wav file with sound that can be decoded."),
        ("say", {"text": "Hello"}, "", 409, "The service says no texts: it was started without --voice."),
        ("say", {"text": ""}, "", 422, "text: string should have at least 1 character."),
    ],
)
def test_what_a_session_does_not_take(
    path: str, body: Any, kind: str, status: int, sentence: str | None, here: Running, session: dict[str, Any]
) -> None:
    found, answer = here.ask("POST", f"/v1/sessions/{session['id']}/{path}", body, kind or "application/json")
    assert found == status
    assert sentence is None or answer == {"error": sentence}


def test_a_session_is_for_who_has_its_token_alone(here: Running, session: dict[str, Any]) -> None:
    other = here.opened()
    path = f"/v1/sessions/{session['id']}"
    assert here.ask("GET", f"{path}?token={session['token']}")[0] == 200
    wrong = (403, {"error": "That is not the token of this session."})
    for what in ("", "/avatar", "/events"):
        assert here.ask("GET", f"{path}{what}?token={other['token']}") == wrong
    assert here.ask("DELETE", f"{path}?token={other['token']}") == wrong
    assert here.ask("POST", f"{path}/interrupt?token={other['token']}", b"") == wrong
    assert here.ask("POST", f"/v1/sessions?token={other['token']}", CLIENT) == (401, {"error": NOT_ADMITTED})
    # What is drawn here does not leave as a file.
    status, answer = here.ask("GET", f"{path}/avatar?token={session['token']}")
    assert (status, answer["error"][:13]) == (403, "In video mode")
    assert here.ask("GET", f"{other['avatar_url']}?token={other['token']}")[0] == 200


def test_a_websocket_is_refused_in_words(here: Running, session: dict[str, Any]) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{here.port}/v1/sessions/{session['id']}/speech?token=wrong")
    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b'{"error":"That is not the token of this session."}'


def test_other_names_and_other_pages_are_refused(here: Running) -> None:
    assert here.ask("GET", "/v1/avatars", host="evil.example")[0] == 403
    assert here.ask("GET", "/v1/avatars", origin="https://evil.example")[0] == 403
    assert here.ask("GET", "/") == (200, "<!doctype html>the page")


def test_programs_need_a_key_and_see_their_own_sessions(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = {
        name: add_key(path, name, scopes)[1]
        for name, scopes in (("one", ["sessions"]), ("two", ["sessions", "speech"]), ("boss", ["admin"]))
    }
    with running(folder, ApiKeys.read(path)) as at:
        assert at.ask("GET", "/v1/avatars") == (401, {"error": NOT_ADMITTED})
        assert at.ask("GET", "/healthz") == (200, {"status": "ok"})
        assert at.ask("GET", "/metrics")[0] == 401
        at.header = f"Bearer {keys['one']}"
        made = at.opened()
        one = f"/v1/sessions/{made['id']}"
        status, answer = at.ask("POST", f"{one}/interrupt", b"")
        assert (status, answer["error"]) == (403, "This key is not for that; it lacks the scope speech.")
        at.header = f"Bearer {keys['two']}"
        assert at.ask("GET", "/v1/sessions") == (200, {"sessions": []})
        assert at.ask("DELETE", one) == (404, {"error": NO_SESSION})
        at.header = f"Bearer {keys['boss']}"
        assert [each["id"] for each in at.ask("GET", "/v1/sessions")[1]["sessions"]] == [made["id"]]
        assert "splatavatar_sessions{" in at.ask("GET", "/metrics")[1]
        assert at.ask("DELETE", one)[0] == 204


def test_avatars_are_listed_whatever_lies_beside_them(tmp_path: Path) -> None:
    folder = avatar_folder(tmp_path / "avatars")
    (folder / "notes").mkdir()
    for name in (b"caf\xe9.txt", b"eve\\.splatavatar", b"notes/a\\b.txt"):
        (folder / os.fsdecode(name)).touch()
    with running(folder) as at:
        assert at.ask("GET", "/v1/avatars") == (200, {"avatars": ["ann", "ben"], "voices": []})


def test_avatars_that_cannot_be_listed_now(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = avatar_folder(tmp_path / "avatars")
    with running(folder) as at:
        folder.rename(tmp_path / "away")
        folder.touch()
        assert at.ask("GET", "/v1/avatars") == (503, {"error": "The avatars cannot be listed now."})
    assert f"the avatars cannot be listed: {folder}: " in caplog.text


def test_a_full_service_says_when_to_ask_again(folder: Path) -> None:
    with running(folder, admission=Admission(1, 1, memory=lambda: None)) as at:
        made = at.opened()
        assert at.ask("POST", "/v1/sessions", CLIENT)[0] == 503
        assert at.ask("GET", "/readyz") == (503, {"error": "The service is full."})
        at.ask("DELETE", f"/v1/sessions/{made['id']}")
        assert at.ask("GET", "/readyz")[0] == 200
        at.registry.admission.draining = True
        status, answer = at.ask("POST", "/v1/sessions", CLIENT)
        assert (status, answer["error"]) == (503, "The service is about to end. Ask again later, or another one.")


def test_a_session_that_nobody_connects_to_ends(folder: Path) -> None:
    import time

    with running(folder, unconnected=0.1) as at:
        made = at.opened()
        for _ in range(100):
            if at.ask("GET", f"/v1/sessions/{made['id']}")[0] == 404:
                break
            time.sleep(0.05)
        assert at.registry.admission.sessions == {"video": 0, "client": 0}


def test_who_lets_nobody_in_is_not_ready(folder: Path) -> None:
    left = RESERVE
    door = Admission(3, 20, memory=lambda: left)
    full = (503, {"error": "The service is full."})
    with running(folder, admission=door) as at:
        assert at.ask("POST", "/v1/sessions", CLIENT)[0] == 503
        assert at.ask("GET", "/readyz") == full
        left = RESERVE + MEMORY["client"]  # enough for those who draw themselves
        assert at.ask("GET", "/readyz")[0] == 200
        at.opened()
        left = 1 << 40
        for _ in range(100):
            door.drew(1.0)
        assert at.ask("POST", "/v1/sessions", CLIENT)[0] == 503
        assert at.ask("GET", "/readyz") == full
        door.draining = True
        assert at.ask("GET", "/readyz") == (503, {"error": "The service is about to end."})
