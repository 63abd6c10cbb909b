from __future__ import annotations

import inspect
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from splatavatar.serve.http.keys import new_key
from splatavatar.serve.http.logs import configure_logs, hidden, log_event


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("splatavatar")
    handlers, level = list(root.handlers), ours.level
    yield
    root.handlers[:] = handlers
    ours.setLevel(level)


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_a_line_of_json() -> None:
    stream = io.StringIO()
    configure_logs(json=True, stream=stream)
    log_event("ended", session="0123456789abcdef", mode="video", seconds=1.23456, reason="deleted")
    log_event("failed", status=500, failed=True)
    ended, failed = written(stream)
    assert ended.pop("time").endswith("+00:00")
    assert ended == {
        "level": "info",
        "event": "ended",
        "session": "01234567",
        "mode": "video",
        "seconds": 1.235,
        "reason": "deleted",
    }
    assert (failed["level"], failed["status"]) == ("warning", 500)


def test_words_for_who_reads_along() -> None:
    stream = io.StringIO()
    configure_logs(json=False, stream=stream)
    log_event("opened", session="0123456789abcdef", mode="client")
    assert stream.getvalue().partition(" ")[2] == "info opened session=01234567 mode=client\n"


def test_addresses_are_written_where_they_are_asked_for() -> None:
    for asked in (False, True):
        stream = io.StringIO()
        configure_logs(json=True, addresses=asked, stream=stream)
        log_event("refused", address="192.0.2.7", reason="key")
        assert ("192.0.2.7" in stream.getvalue()) is asked


def test_there_is_no_field_for_what_is_nobodys_business() -> None:
    names = set(inspect.signature(log_event).parameters)
    assert not names & {"token", "text", "sound", "sdp", "header", "body", "name", "url"}


def test_keys_and_tokens_never_come_through() -> None:
    stream = io.StringIO()
    configure_logs(json=True, stream=stream)
    _, shown = new_key("shop", ["admin"])
    secret = shown.split("_", 2)[2]
    log = logging.getLogger("splatavatar")
    log.warning("somebody showed %s", shown)
    log.warning("Authorization: Bearer %s", secret)
    log.warning("GET /v1/sessions/5/offer?token=abc&x=1")
    logging.getLogger("somebody").warning("offer of %s", shown)
    logging.getLogger("uvicorn.error").error("GET /?token=%s", shown)
    try:
        raise ValueError(shown)
    except ValueError:
        log.exception("it failed with %s", shown)
        logging.getLogger("somebody").exception("it failed")
    text = stream.getvalue()
    assert secret not in text
    assert "abc" not in text
    *_, ours, theirs = written(stream)
    assert ours["error"] == theirs["error"] == "ValueError"
    assert ours["at"].startswith("test_keys_and_tokens_never_come_through:")
    assert theirs["logger"] == "somebody"


@pytest.mark.parametrize("at", range(0, 43, 6))
def test_a_key_is_hidden_whole_wherever_it_has_a_hyphen(at: int) -> None:
    secret = ("Ab0_" * 11)[:43]
    shown = f"sak_0123456789ab_{secret[:at]}-{secret[at + 1 :]}"
    assert hidden(f"it failed with {shown}, and so on") == "it failed with [hidden], and so on"


def test_a_line_stays_a_line() -> None:
    for as_json in (True, False):
        stream = io.StringIO()
        configure_logs(json=as_json, stream=stream)
        log_event("refused", reason='a\n{"event":"forged"}\x1b[2J')
        logging.getLogger("splatavatar").warning("one\ntwo")
        assert len(stream.getvalue().splitlines()) == 2
        assert "\x1b" not in stream.getvalue()


def test_it_is_configured_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logs(json=True, stream=first)
    configure_logs(json=True, stream=second)
    log_event("opened")
    assert not first.getvalue()
    assert len(written(second)) == 1


def test_words_are_not_hidden() -> None:
    assert hidden("the avatar me.splatavatar has no consent") == "the avatar me.splatavatar has no consent"
