"""Answers of servers that are cut off while they are waited for."""

from __future__ import annotations

import http.client
import threading

import pytest

from splatavatar.serve.post import Post
from support.slow_server import LONG, slow_server


@pytest.mark.parametrize("chunked", [False, True])
def test_who_waits_for_more_is_let_go(chunked: bool) -> None:
    with slow_server(b"first", chunked) as slow:
        post = Post(False, "127.0.0.1", slow.port, LONG)
        answer = post.answer("/", b"{}", {})
        assert answer.read(5) == b"first"
        waiting = threading.Thread(target=answer.read, args=(1,))
        waiting.start()
        post.cut()
        waiting.join(LONG / 2)
        assert not waiting.is_alive()
        post.close()


def test_what_is_cut_before_it_begins_has_no_answer() -> None:
    with slow_server(b"first") as slow:
        post = Post(False, "127.0.0.1", slow.port, LONG)
        post.cut()
        with pytest.raises((OSError, http.client.HTTPException)):
            post.answer("/", b"{}", {})
        post.close()
