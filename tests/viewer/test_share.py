"""Links, tokens and QR codes."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from splatavatar.viewer.share import PARAMETER, Token, addresses, link, qr_code


def test_a_token_admits_itself_alone() -> None:
    token = Token()
    assert token.admits(token.text)
    for given in (None, "", token.text[:-1], f"{token.text} ", "\u00e9", Token().text):
        assert not token.admits(given)
    assert len(token.text) >= 21
    assert token.text not in repr(token)


@pytest.mark.parametrize(("address", "host"), [("192.168.1.5", "192.168.1.5"), ("fd00::5", "fd00::5")])
def test_links(address: str, host: str) -> None:
    token = Token("a-_b")
    parts = urlsplit(link(address, 8017, token, secure=True))
    assert (parts.scheme, parts.hostname, parts.port) == ("https", host, 8017)
    assert parse_qs(parts.query) == {PARAMETER: ["a-_b"]}
    assert link("127.0.0.1", 80, None, secure=False) == "http://127.0.0.1:80/"


def test_addresses_are_those_of_others() -> None:
    for address in addresses():
        assert not ipaddress.ip_address(address).is_loopback


def test_a_camera_reads_the_code() -> None:
    import cv2

    # Of codes that are right OpenCV reads not quite all.
    text = link("192.168.1.5", 8017, Token("Hq3mZ0b2cV9tYk7sLw1xAg"), secure=True)
    code = qr_code(text)
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in code.splitlines()]
    assert all(line.startswith("\x1b[30;107m") and line.endswith("\x1b[0m") for line in code.splitlines())
    dark = (
        np.array([[(c in "\u2580\u2588") for c in line] for line in lines for _ in (0,)]),
        np.array([[(c in "\u2584\u2588") for c in line] for line in lines]),
    )
    rows = np.stack(dark, axis=1).reshape(-1, len(lines[0]))
    picture = np.kron(np.where(rows, 0, 255), np.ones((6, 6))).astype(np.uint8)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == text
