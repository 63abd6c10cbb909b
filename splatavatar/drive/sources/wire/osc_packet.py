"""Open Sound Control 1.0: datagrams to messages.

Big-endian, everything padded to four bytes. A message is an address, a string of type tags that starts with a comma,
and its arguments; a bundle is "#bundle", a time tag and elements with their sizes before them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

Argument = int | float | str | bytes | bool | None

BUNDLE = b"#bundle\0"
DEEPEST = 8
"""bundles inside bundles"""
NUMBERS = {"i": ">i", "f": ">f", "h": ">q", "t": ">Q", "d": ">d", "c": ">I", "r": ">I"}
CONSTANTS: dict[str, Argument] = {"T": True, "F": False, "N": None, "I": float("inf")}


class NotOsc(ValueError):
    """Bytes that are no packet of Open Sound Control, and why."""


@dataclass(frozen=True)
class Message:
    """An address pattern and what is sent to it."""

    address: str
    arguments: tuple[Argument, ...]


def messages(packet: bytes) -> list[Message]:
    """All messages of a packet, those in bundles in their order; time tags are ignored. Raises NotOsc."""
    found: list[Message] = []
    _element(packet, 0, len(packet), 0, found)
    return found


def _element(packet: bytes, start: int, end: int, depth: int, found: list[Message]) -> None:
    if packet.startswith(BUNDLE, start):
        if depth == DEEPEST:
            raise NotOsc("bundles in bundles in bundles")
        at = start + 16
        if at > end:
            raise NotOsc(f"a bundle of {end - start} bytes")
        while at < end:
            size = _size(packet, at, end)
            at += 4
            if size < 0 or size % 4 or at + size > end:
                raise NotOsc("an element that is larger than what is left of its bundle")
            if size:
                _element(packet, at, at + size, depth + 1, found)
            at += size
        return
    address, at = _string(packet, start, end)
    if not address.startswith("/"):
        raise NotOsc("no address")
    if at == end:  # very old senders leave the type tags out
        found.append(Message(address, ()))
        return
    tags, at = _string(packet, at, end)
    if not tags.startswith(","):
        raise NotOsc("no type tags")
    arguments: list[Argument] = []
    for tag in tags[1:]:
        if tag in NUMBERS:
            layout = NUMBERS[tag]
            arguments.append(_unpack(layout, packet, at, end))
            at += struct.calcsize(layout)
        elif tag in "sS":
            text, at = _string(packet, at, end)
            arguments.append(text)
        elif tag == "b":
            size = _size(packet, at, end)
            at += 4
            if size < 0 or at + size > end:
                raise NotOsc("a blob that is larger than its message")
            arguments.append(packet[at : at + size])
            at += size + -size % 4
        elif tag in CONSTANTS:
            arguments.append(CONSTANTS[tag])
        elif tag not in "[]":  # arrays come out flat
            raise NotOsc(f"the unknown type {tag!r}")
    if at != end:
        raise NotOsc("bytes after the last argument")
    found.append(Message(address, tuple(arguments)))


def _unpack(layout: str, packet: bytes, at: int, end: int) -> int | float:
    if at + struct.calcsize(layout) > end:
        raise NotOsc("an argument is cut off")
    number: int | float = struct.unpack_from(layout, packet, at)[0]
    return number


def _size(packet: bytes, at: int, end: int) -> int:
    if at + 4 > end:
        raise NotOsc("a size is cut off")
    return int.from_bytes(packet[at : at + 4], "big", signed=True)


def _string(packet: bytes, at: int, end: int) -> tuple[str, int]:
    stop = packet.find(b"\0", at, end)
    if stop < 0:
        raise NotOsc("a text without an end")
    after = stop + 4 - (stop - at) % 4
    if after > end:
        raise NotOsc("a text is cut off")
    try:
        return packet[at:stop].decode("utf-8"), after
    except UnicodeDecodeError as error:
        raise NotOsc("a text that is no UTF-8") from error
