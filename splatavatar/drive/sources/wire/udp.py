"""A source that listens to datagrams."""

from __future__ import annotations

import errno
import socket
import threading
import time

from splatavatar.drive.face.channels import FACE
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.drive.sources.thread import Thread
from splatavatar.drive.sources.wire.followed import Sender
from splatavatar.drive.sources.wire.strangers import stranger
from splatavatar.errors import SourceError

LOOPBACK = "127.0.0.1"
DATAGRAM = 65_535
"""bytes that one may have at most"""
BUFFER = 1 << 20
"""bytes of datagrams that the system keeps while the thread waits for its turn"""
WAIT = 0.1
"""seconds after which the thread looks whether it is to stop"""
SILENCE = 4.0
"""seconds without anything that was understood, after which that is said"""


class UdpSource:
    """Receives datagrams on ``port`` of ``listen``; subclasses understand them.

    What is not understood is said, once for each reason. ``port`` 0 takes any that is free; after ``start`` it is the
    real one.
    """

    what: str
    """who sends, for messages"""
    kind: str
    """of the source, as in its name"""
    fps = 60.0
    channels = FACE
    ended = False

    def __init__(self, port: int, listen: str = LOOPBACK) -> None:
        self.port = port
        self.listen = listen
        self.name = f"{self.kind} {port}"
        self.notices = Notices(self.name)
        self._thread: Thread | None = None
        self._socket: socket.socket | None = None
        self._understood = 0
        self._arrived = 0
        self._reason = "they hold no face"

    def start(self, emit: Emit, clock: Clock) -> None:
        """See ``Source``. Raises SourceError where the port or the address cannot be listened on."""
        if not 0 <= self.port <= 65535:
            raise SourceError(f"{self.kind}: the port {self.port} does not exist, expected 1 to 65535.")
        self._socket = self._bound()
        self.port = int(self._socket.getsockname()[1])
        self.name = f"{self.kind} {self.port}"
        self.notices.name = self.name
        receiver = self._socket
        self._thread = Thread(self.name, lambda stopping: self._receive(receiver, emit, clock, stopping))

    def stop(self) -> None:
        """See ``Source``."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def receive(self, packet: bytes, emit: Emit, now: float, sender: Sender | None = None) -> None:
        """Understand one datagram that arrived at ``now``, from ``sender`` where that is known. Never raises."""
        raise NotImplementedError

    def waited(self, emit: Emit, now: float) -> None:
        """Called where a tenth of a second brought nothing."""

    def leave_out(self, kind: str, reason: str) -> None:
        """Say, once for each of a few ``kind``, why datagrams are dropped."""
        self._reason = f"the last that was left out: {reason}"
        self.notices.once(kind, f"left out: {reason}.")

    def leave_out_stranger(self, packet: bytes) -> None:
        """Say, once for each kind, what a datagram of another protocol is."""
        found = stranger(packet)
        self.leave_out(found.kind, found.what)

    def _bound(self) -> socket.socket:
        where = f"port {self.port} of {self.listen}"
        try:
            family, kind, _, _, address = socket.getaddrinfo(self.listen, self.port, type=socket.SOCK_DGRAM)[0]
        except (OSError, ValueError) as error:
            raise SourceError(f"{self.kind}: no address {self.listen!r}, expected one such as 127.0.0.1.") from error
        receiver = socket.socket(family, kind)
        try:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            receiver.bind(address)
        except OSError as error:
            receiver.close()
            if error.errno == errno.EADDRINUSE:
                raise SourceError(
                    f"{self.kind}: {where} is in use by another program; close it or choose another port."
                ) from error
            if error.errno == errno.EADDRNOTAVAIL:
                raise SourceError(
                    f"{self.kind}: {self.listen} is not an address of this computer; listen on 0.0.0.0 for all of them."
                ) from error
            reason = (error.strerror or str(error)).lower()
            raise SourceError(f"{self.kind}: cannot listen on {where}: {reason}.") from error
        receiver.settimeout(WAIT)
        return receiver

    def _receive(self, receiver: socket.socket, emit: Emit, clock: Clock, stopping: threading.Event) -> None:
        def understood(signal: FaceSignal) -> None:
            self._understood += 1
            emit(signal)

        count, since, said = 0, time.monotonic(), False
        while not stopping.is_set():
            if self._understood != count:
                count, since, said = self._understood, time.monotonic(), False
                self._arrived = 0
            elif not said and time.monotonic() - since > SILENCE:
                said = self._say_silence()
            try:
                packet, address = receiver.recvfrom(DATAGRAM + 1)
            except TimeoutError:
                self.waited(understood, clock())
                continue
            except OSError as error:  # an ICMP answer on some systems, or the network went away
                if receiver.fileno() < 0:
                    return
                self.notices.say(f"cannot receive: {(error.strerror or str(error)).lower()}.")
                stopping.wait(WAIT)
                continue
            self._arrived += 1
            self.receive(packet, understood, clock(), (str(address[0]), int(address[1])))

    def _say_silence(self) -> bool:
        """Whether it was said."""
        where = f"[{self.listen}]:{self.port}" if ":" in self.listen else f"{self.listen}:{self.port}"
        if self._arrived:
            more = "any more" if self._understood else "yet"
            return self.notices.say(f"{self._arrived} datagrams at {where} and no face {more}; {self._reason}.")
        if self._understood:
            return self.notices.say(f"nothing more from {self.what} at {where}.")
        local = self.listen.startswith("127.") or self.listen in ("localhost", "::1")
        more = "; other devices reach this computer only with --listen 0.0.0.0." if local else "."
        return self.notices.say(f"nothing from {self.what} at {where} yet{more}")
