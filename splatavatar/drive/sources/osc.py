"""Faces over Open Sound Control (the VMC protocol), and iFacialMocap's text, which shares its port."""

from __future__ import annotations

from splatavatar.drive.sources import ifacialmocap, osc_packet
from splatavatar.drive.sources.source import Emit
from splatavatar.drive.sources.udp import LOOPBACK, UdpSource
from splatavatar.drive.sources.vmc import VmcFace

PORT = 39539
"""on which the VMC protocol lets a listener listen"""
MOCAP_PORT = 49983
"""to which iFacialMocap sends"""
LARGEST = 4 * 1500
"""bytes: the protocol asks for packets of no more than 1500"""


class OscSource(UdpSource):
    """A sender of the VMC protocol with PerfectSync blendshapes, or of iFacialMocap or FaceMotion3D."""

    kind = "osc"
    what = "a VMC or iFacialMocap sender"
    largest = LARGEST

    def __init__(self, port: int = PORT, listen: str = LOOPBACK) -> None:
        super().__init__(port, listen)
        self._vmc = VmcFace(self.notices)

    def receive(self, packet: bytes, emit: Emit, now: float) -> None:
        """See ``UdpSource``."""
        if packet[:1] in (b"/", b"#"):
            try:
                signal = self._vmc.hear(osc_packet.messages(packet), now)
            except osc_packet.NotOsc:
                return
        else:
            try:
                signal = ifacialmocap.parse(packet, now)
            except ifacialmocap.NotMocap:
                return
        if signal is not None:
            emit(signal)
