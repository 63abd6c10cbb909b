"""All sessions of the service, and when each ends by itself."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from splatavatar.drive.audio.model import AudioToFace
from splatavatar.errors import AvatarFileError, SettingsError, StorageError, TrustError
from splatavatar.printable import printable
from splatavatar.serve.http.admission import Admission, cost
from splatavatar.serve.http.logs import log_event
from splatavatar.serve.http.machine import cores
from splatavatar.serve.http.metrics import Metrics
from splatavatar.serve.session.library import Library
from splatavatar.serve.session.refused import Refused
from splatavatar.serve.session.session import Counted, Session, Wanted
from splatavatar.serve.speech.lips import LipModel

LOG = logging.getLogger("splatavatar")
UNCONNECTED = 60.0
"""seconds after which a session ends that nobody has connected to"""
UNWATCHED = 300.0
"""seconds after which one ends that is silent and that nobody watches any more"""
WORKER_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""a name of DNS in small letters: a balancer may find the worker by it"""
LOOK = 1.0
"""seconds between two looks at all sessions"""


class Registry:
    """Its methods belong to one event loop."""

    def __init__(
        self,
        library: Library,
        admission: Admission,
        metrics: Metrics,
        ice: Sequence[Mapping[str, Any]] = (),
        unconnected: float = UNCONNECTED,
        unwatched: float = UNWATCHED,
        model: Callable[[], LipModel] = AudioToFace,
        worker: str = "",
    ) -> None:
        """
        Args:
            library: the avatars.
            admission: how many sessions there may be.
            metrics: is told what happens.
            ice: the servers that help to connect.
            unconnected, unwatched: as the constants.
            model: makes the model of speech of each session.
            worker: the name of this process among several behind one balancer, which the ids of its sessions begin
                with, so that requests find their way (``WORKER_NAME``); empty where it is alone.

        Raises SettingsError for a name of another form.
        """
        if worker and not WORKER_NAME.fullmatch(worker):
            raise SettingsError(
                "the name of a worker must be of 1 to 40 letters a to z, digits and hyphens, got "
                f"{printable(worker[:80])!r}"
            )
        self._worker = worker
        self.library, self.admission, self.metrics = library, admission, metrics
        self.ice = ice
        self.unconnected, self.unwatched = unconnected, unwatched
        self._model = model
        self._sessions: dict[str, Session] = {}
        self._pool = ThreadPoolExecutor(max(1, round(cores())), "draw")
        self._counted = _Counted(admission, metrics)
        self._sweeping: asyncio.Task[None] | None = None

    def attach(self) -> None:
        """Begin to look after the sessions, in the event loop that asks."""
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep())

    def get(self, session_id: str) -> Session | None:
        """The session of that id; None where there is none."""
        return self._sessions.get(session_id)

    def all(self) -> list[Session]:
        """The sessions, oldest first."""
        return list(self._sessions.values())

    async def open(self, wanted: Wanted, owner: str | None) -> Session:
        """A new session. Raises Refused."""
        price = cost(wanted.width, wanted.height, wanted.fps) if wanted.mode == "video" else 1.0
        refused = self.admission.admit(wanted.mode, price)
        if refused is not None:
            self.metrics.refused(refused.reason)
            why = "The service is about to end." if refused.reason == "draining" else "The service is full."
            raise Refused(503, f"{why} Ask again later, or another one.", refused)
        try:
            session = await self._opened(wanted, owner)
        except BaseException:
            self.admission.release(wanted.mode, price)
            raise
        session.price = price
        self._sessions[session.id] = session
        self.metrics.opened(wanted.mode)
        log_event("opened", session=session.id, mode=wanted.mode, key=owner)
        return session

    async def end(self, session: Session, why: str) -> None:
        """End a session, and free all of it."""
        if self._sessions.pop(session.id, None) is None:
            return
        try:
            await session.close(why)
        finally:
            self.admission.release(session.wanted.mode, session.price)
            lasted = time.time() - session.opened
            self.metrics.ended(session.wanted.mode, lasted)
        log_event("ended", session=session.id, mode=session.wanted.mode, seconds=lasted, reason=why)

    async def close(self) -> None:
        """End all of them."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        await asyncio.gather(*(self.end(session, "closing") for session in self.all()))
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _opened(self, wanted: Wanted, owner: str | None) -> Session:
        try:
            stage = await asyncio.to_thread(self.library.stage, wanted.avatar)
        except KeyError:
            raise Refused(404, "No avatar has that name; GET /v1/avatars lists them.") from None
        except TrustError as error:
            self.metrics.refused("consent")
            raise Refused(403, str(error)) from error
        except (AvatarFileError, StorageError) as error:
            LOG.warning("the avatar %s cannot be opened: %s", printable(wanted.avatar), error)
            raise Refused(503, "The avatar cannot be read now.", LOOK) from error
        try:
            session = Session(wanted, owner, stage, self.ice, self._pool, self._counted, self._model)
        except SettingsError as error:
            raise Refused(422, str(error)) from error
        if self._worker:
            session.id = f"{self._worker}.{session.id}"
        return session

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            for session in self.all():
                longest = self.unwatched if session.watched_once else self.unconnected
                if session.idle > longest:
                    await self.end(session, "idle" if session.watched_once else "unconnected")


class _Counted(Counted):
    def __init__(self, admission: Admission, metrics: Metrics) -> None:
        self._admission, self._metrics = admission, metrics

    def queued(self, seconds: float) -> None:
        self._metrics.queued(seconds)

    def made(self, mode: str, late: float) -> None:
        self._metrics.frame(mode, late)
        if mode == "video":
            self._admission.drew(late)

    def failed(self, kind: str) -> None:
        self._metrics.failed(kind)
