"""What people in a room and its server say to each other; docs/room.md has the tables.

Everything read here comes from strangers: a message that is not exactly as described is refused with one sentence.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from splatavatar.errors import SignalError
from splatavatar.viewer import protocol

VERSION = 1
MOST_SEATS = 8
"""a mask of one byte says whom a relayed message is for"""
LONGEST_NAME = 40
LONGEST_TEXT = 64 << 10
"""bytes of a message in JSON"""
LONGEST_RELAYED = 1500
"""bytes of a relayed message"""
FACE: Final = 1
SOUND: Final = 2
"""kinds of relayed messages"""
HEAD = 2
"""bytes before a face; before sound its time follows"""
TIME = 4
LONGEST_SOUND = 1 << 10
"""bytes of 20 ms of sound"""
LONGEST_INTRODUCTION = LONGEST_TEXT - 256
"""characters of what WebRTC tells, as it is handed on: with whom it is from it is a message, too"""
KINDS = ("page", "program")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Join:
    """Somebody wants a seat."""

    name: str
    avatar: str
    """SHA-256 of the file that was handed over"""
    kind: str
    """one of ``KINDS``"""


@dataclass(frozen=True)
class Introduce:
    """What the WebRTC of one person tells that of another."""

    to: int
    data: dict[str, Any]


@dataclass(frozen=True)
class Mute:
    """Somebody is heard no more, or again."""

    muted: bool


@dataclass(frozen=True)
class Leave:
    """Somebody goes."""


Said = Join | Introduce | Mute | Leave


@dataclass(frozen=True)
class Person:
    """Somebody in the room, as everybody is told."""

    id: int
    seat: int
    name: str
    avatar: str
    muted: bool
    kind: str
    notice: str
    """the consent line of the avatar"""

    def table(self) -> dict[str, Any]:
        """The person as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Relayed:
    """A face or sound that goes through the server."""

    kind: Literal[1, 2]
    seats: int
    """whom it is for, a bit a seat; from the server: the seat of the sender"""
    content: bytes
    """80 bytes of a face, or a time and an Opus packet"""

    def bytes(self) -> bytes:
        """The message."""
        return bytes((self.kind, self.seats)) + self.content


def read_said(text: str) -> Said:
    """What somebody said. Raises SignalError."""
    if len(text.encode(errors="replace")) > LONGEST_TEXT:
        raise SignalError(f"a text of more than {LONGEST_TEXT >> 10} KiB.")
    table = parse(text)
    kind = table.get("type")
    if kind == "join":
        return _join(table)
    if kind == "peer":
        return Introduce(whole(table.get("to"), "to"), _introduction(table.get("data")))
    if kind == "mute":
        return Mute(truth(table.get("muted"), "muted"))
    if kind == "leave":
        return Leave()
    raise SignalError("a message of a type that no room knows.")


def _join(table: dict[str, Any]) -> Join:
    version = table.get("version")
    if version != VERSION or type(version) is not int:
        raise SignalError(f"a page or program of another version of rooms, expected {VERSION}.")
    name, avatar, kind = (text(table.get(key), key) for key in ("name", "avatar", "kind"))
    name = " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise SignalError(f"a name that is not of 1 to {LONGEST_NAME} letters.")
    if not _SHA256.fullmatch(avatar):
        raise SignalError("an avatar that is no SHA-256.")
    if kind not in KINDS:
        raise SignalError(f"neither a {' nor a '.join(KINDS)}.")
    return Join(name, avatar, kind)


def _introduction(data: Any) -> dict[str, Any]:
    """What is handed on to somebody else, who leaves where they cannot read it: no more than WebRTC says."""
    if not isinstance(data, dict) or not data.keys() <= {"description", "candidate"}:
        raise SignalError("an introduction without a description or a candidate.")
    for part in data.values():
        if not isinstance(part, dict) or any(
            type(value) not in (str, int, bool, type(None)) for value in part.values()
        ):
            raise SignalError("an introduction that holds more than texts and whole numbers.")
    if len(json.dumps(data)) > LONGEST_INTRODUCTION:
        raise SignalError(f"an introduction of more than {LONGEST_INTRODUCTION} characters.")
    return data


def read_relayed(content: bytes) -> Relayed:
    """A message for the server to hand on, or one that it has handed on. Raises SignalError."""
    if len(content) > LONGEST_RELAYED:
        raise SignalError(f"a message of {len(content)} bytes, the limit is {LONGEST_RELAYED}.")
    if len(content) < HEAD:
        raise SignalError(f"a message of {len(content)} bytes.")
    kind, rest = content[0], content[HEAD:]
    if kind == FACE:
        protocol.check(rest)
        return Relayed(FACE, content[1], rest)
    if kind == SOUND:
        if not TIME < len(rest) <= TIME + LONGEST_SOUND:
            raise SignalError(f"sound of {len(rest) - TIME} bytes, expected 1 to {LONGEST_SOUND}.")
        return Relayed(SOUND, content[1], rest)
    raise SignalError(f"a message of kind {kind}, expected {FACE} or {SOUND}.")


def parse(text: str) -> dict[str, Any]:
    """The table of a message in JSON. Raises SignalError."""
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise SignalError("a text that is not JSON.") from error
    if not isinstance(value, dict):
        raise SignalError("a message that is not a table.")
    return value


def whole(value: Any, what: str) -> int:
    """Takes ``value`` as a whole number from 0 on. Raises SignalError."""
    if type(value) is not int or not 0 <= value < 1 << 53:
        raise SignalError(f"a message without a whole number as {what}.")
    return value


def text(value: Any, what: str) -> str:
    """Takes ``value`` as a text. Raises SignalError."""
    if not isinstance(value, str):
        raise SignalError(f"a message without a text as {what}.")
    return value


def truth(value: Any, what: str) -> bool:
    """Takes ``value`` as true or false. Raises SignalError."""
    if not isinstance(value, bool):
        raise SignalError(f"a message without true or false as {what}.")
    return value


def _refuse(name: str) -> None:
    raise ValueError(name)
