"""Faces over Open Sound Control (the VMC protocol), and iFacialMocap's text, which shares its port."""

from __future__ import annotations

from collections.abc import Sequence

from splatavatar.drive.signal import nobody
from splatavatar.drive.sources.source import Emit
from splatavatar.drive.sources.wire import ifacialmocap, osc_packet
from splatavatar.drive.sources.wire.followed import Followed, Sender, spoken_name
from splatavatar.drive.sources.wire.osc_packet import Message
from splatavatar.drive.sources.wire.repetition import Repetition
from splatavatar.drive.sources.wire.udp import LOOPBACK, UdpSource
from splatavatar.drive.sources.wire.vmc import BLEND, BONE, PREFIX, VmcFace
from splatavatar.printable import printable

PORT = 39539
"""on which the VMC protocol lets a listener listen"""
MOCAP_PORT = 49983
"""to which iFacialMocap sends"""
FROZEN = 0.5
"""seconds of one packet of iFacialMocap over and over, after which its face is gone: its head has six digits"""


class OscSource(UdpSource):
    """A sender of the VMC protocol with PerfectSync blendshapes, or of iFacialMocap or FaceMotion3D.

    The first sender of faces is followed; another one may turn the head of a face that comes without.
    """

    kind = "osc"
    what = "a VMC or iFacialMocap sender"

    def __init__(self, port: int = PORT, listen: str = LOOPBACK) -> None:
        super().__init__(port, listen)
        self._vmc = VmcFace(self.notices)
        self._faces, self._heads = Followed(), Followed()
        self._frozen = Repetition(FROZEN)

    def receive(self, packet: bytes, emit: Emit, now: float, sender: Sender | None = None) -> None:
        """See ``UdpSource``."""
        if packet[:1] in (b"/", b"#"):
            self._hear_vmc(packet, emit, now, sender)
        else:
            self._hear_mocap(packet, emit, now, sender)

    def waited(self, emit: Emit, now: float) -> None:
        """See ``UdpSource``."""
        signal = self._vmc.flush(now)
        if signal is not None:
            emit(signal)

    def _hear_vmc(self, packet: bytes, emit: Emit, now: float, sender: Sender | None) -> None:
        try:
            messages = osc_packet.messages(packet)
        except osc_packet.NotOsc as error:
            self.leave_out("damaged", f"a damaged packet of Open Sound Control, {len(packet)} bytes ({error})")
            return
        if messages and not any(message.address.startswith(PREFIX) for message in messages):
            address = printable(messages[0].address[:60])
            self.leave_out("other osc", f"Open Sound Control for {address}; the face is understood in {BLEND}")
            return
        followed = self._followed(messages, sender, now)  # which may begin a new face
        signal = self._vmc.hear(followed, now)
        if signal is not None:
            emit(signal)

    def _hear_mocap(self, packet: bytes, emit: Emit, now: float, sender: Sender | None) -> None:
        try:
            signal = ifacialmocap.parse(packet, now)
        except ifacialmocap.DamagedMocap as error:
            self.leave_out("damaged text", f"a packet of iFacialMocap with {error}")
            return
        except ifacialmocap.NotMocap:
            self.leave_out_stranger(packet)
            return
        if not self._faces.takes(sender, now):
            self._say_second(sender)
            return
        if self._frozen(packet, now):
            self.notices.once(
                "frozen", "one packet comes over and over, as iFacialMocap does without a face: nobody is there."
            )
            signal = nobody(now)
        emit(signal)

    def _followed(self, messages: Sequence[Message], sender: Sender | None, now: float) -> Sequence[Message]:
        """Those of ``messages`` that count."""
        face = any(message.address == BLEND for message in messages)
        head = any(message.address == BONE for message in messages)
        if not self._faces.takes(sender, now, face):
            if face:
                self._say_second(sender)
            messages = [message for message in messages if message.address == BONE]
        elif self._faces.anew:
            self._vmc = VmcFace(self.notices)  # what the one before it said is not this one's
        if not self._heads.takes(sender, now, head):
            messages = [message for message in messages if message.address != BONE]
        return messages

    def _say_second(self, sender: Sender | None) -> None:
        first = self._faces.sender
        if first is not None and sender is not None:
            self.notices.once(
                "senders",
                f"two send faces at once; {spoken_name(first)} is followed and {spoken_name(sender)} is left out.",
            )
