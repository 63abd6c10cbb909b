from __future__ import annotations

import socket

import pytest

from splatavatar.errors import SettingsError
from splatavatar.viewer.room.host import open_room
from splatavatar.viewer.room.ice import ice_servers


def test_a_room_that_cannot_be() -> None:
    with pytest.raises(SettingsError, match=r"^a room has 2 to 8 people$"), open_room(9):
        pass
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"^the port {port} is taken"), open_room(port=port):
            pass


def test_everybody_has_a_link_of_their_own() -> None:
    with open_room(8) as links:
        assert len(set(links)) == 8 and all(link.startswith("http://127.0.0.1:") for link in links)


def test_servers_that_help_are_named_as_browsers_take_them() -> None:
    found = ice_servers(["stun.example", "stun:[2001:db8::1]:3478"], ["ann:se:cret@turn.example:3478?transport=tcp"])
    assert found == [
        {"urls": "stun:stun.example"},
        {"urls": "stun:[2001:db8::1]:3478"},
        {"urls": "turn:turn.example:3478?transport=tcp", "username": "ann", "credential": "se:cret"},
    ]
    assert ice_servers([], ["turns:a:b@turn.example"])[0]["urls"] == "turns:turn.example"
    for port in (1, 80, 9999, 10000, 59999, 60000, 64999, 65499, 65529, 65535):
        assert ice_servers([f"h:{port}"], [])[0]["urls"] == f"stun:h:{port}"
    for bad in ("", "a b", "http://x", "x?y", "user@host", "h:0", "h:65536", "h:99999", "h:007"):
        with pytest.raises(SettingsError, match="--stun"):
            ice_servers([bad], [])
    for bad in ("turn.example", "user@turn.example", "user:@turn.example", "u:p@", "u:p@h h", "u:p@h:65536"):
        with pytest.raises(SettingsError, match="--turn") as caught:
            ice_servers([], [bad])
        assert ":p" not in str(caught.value)
