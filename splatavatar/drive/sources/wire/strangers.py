"""What a datagram is that the reader of its port does not understand."""

from __future__ import annotations

from dataclasses import dataclass

from splatavatar.printable import printable

FMV3 = b"FMV3"
OPEN_SEE_FACE = 1785
"""bytes that OpenSeeFace sends for each face"""
SHOWN = 24
"""characters of a text that are shown"""


@dataclass(frozen=True)
class Stranger:
    """A kind of datagram."""

    kind: str
    what: str
    """for messages: what it is, and what to do about it"""


def stranger(packet: bytes) -> Stranger:
    """Looks at the beginning only: nothing that is sent here costs much."""
    if not packet:
        return Stranger("empty", "empty datagrams")
    if packet[:1] == b"/" or packet[:7] == b"#bundle":
        return Stranger("osc", "Open Sound Control, which --osc listens to")
    if packet.startswith(FMV3):
        return Stranger(
            "fmv3",
            "FMV3, the binary protocol of newer versions of iFacialMocap; let the app send its text, version 1 or 2",
        )
    if _livelink(packet):
        return Stranger("livelink", "packets of Live Link Face, which --livelink listens to")
    if len(packet) % OPEN_SEE_FACE == 0:
        return Stranger("openseeface", "packets of OpenSeeFace; let a program that understands it send VMC")
    head = packet[:256]
    if head.lstrip()[:1] in (b"{", b"["):
        return Stranger("json", "JSON, as VTube Studio and MeowFace send it; let the sender speak VMC or iFacialMocap")
    text = head.rstrip(b"\0").decode("latin-1")
    if not text.isascii() or not text.strip() or not all(c.isprintable() or c in "\r\n\t" for c in text):
        return Stranger("bytes", f"{len(packet)} bytes of no protocol that is known here")
    if "|" in text and any(mark in text for mark in "-&#"):
        return Stranger("mocap", "the text of iFacialMocap, which --osc listens to")
    return Stranger("text", f"text that begins with '{printable(text.strip()[:SHOWN])}'")


def _livelink(packet: bytes) -> bool:
    """A small number, then the length of an id and as much text."""
    if not 1 <= packet[0] <= 9 or len(packet) < 10:
        return False
    length = int.from_bytes(packet[1:5], "big")
    return 0 < length <= min(256, len(packet) - 9) and packet[5 : 5 + length].isascii()
