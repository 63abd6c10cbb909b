from __future__ import annotations

from collections.abc import Callable

import pytest

from splatavatar.drive.sources.wire.strangers import stranger


@pytest.mark.parametrize(
    ("packet", "kind"),
    [
        (b"", "empty"),
        (b"/VMC/Ext/OK\0,\0\0\0", "osc"),
        (b"#bundle\0" + bytes(8), "osc"),
        # A request of the maker's, in the examples of his protocol.
        (bytes.fromhex("464d5633060028000807060504030201000000000700000000000000000000000000010000000000"), "fmv3"),
        (b'{"Timestamp":1,"BlendShapes":[{"k":"JawOpen","v":0.1}]}', "json"),
        (b"[1, 2]", "json"),
        (bytes(range(255)) * 7, "openseeface"),
        (b"jawOpen-12|eyeBlink_L-3|=head#1,2,3,0,0,0|", "mocap"),
        (b"GET / HTTP/1.1\r\n\r\n", "text"),
        (b"iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719", "text"),
        ("Gr\u00fc\u00dfe".encode(), "bytes"),
        (b"\x80\x60" + bytes(170), "bytes"),
        (b"\0", "bytes"),
        (b"\x06", "bytes"),
    ],
)
def test_kinds(packet: bytes, kind: str) -> None:
    assert stranger(packet).kind == kind


def test_live_link(packet: Callable[..., bytes]) -> None:
    assert stranger(packet([0.0] * 61)).kind == "livelink"
    assert stranger(packet(None, version=5)[:60]).kind == "livelink"


def test_what_is_shown_does_nothing_to_a_terminal() -> None:
    assert stranger(b"hello\x1b[31m").kind == "bytes"
    assert stranger(b"a\tb\r\nc").what == r"text that begins with 'a\tb\r\nc'"
