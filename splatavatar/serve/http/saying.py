"""Texts that a voice says in a session."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from splatavatar.errors import SignalError, SplatAvatarError
from splatavatar.serve.http.models import LONGEST_TEXT
from splatavatar.serve.http.service import Service
from splatavatar.serve.session.mouth import Interrupted
from splatavatar.serve.session.refused import Refused
from splatavatar.serve.session.session import Session
from splatavatar.serve.voices.voice import Voice, VoiceError

MOST_TEXTS = 32
"""of a session that wait to be said"""
NO_VOICE = "The service says no texts: it was started without --voice."


def check_text(session: Session, service: Service, text: Any, voice: Any) -> tuple[str, Voice]:
    """The text, and the voice that is to say it. Raises Refused."""
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
        raise Refused(422, f"a text to say has 1 to {LONGEST_TEXT} characters.")
    if not service.voices:
        raise Refused(409, NO_VOICE)
    name = voice if voice is not None else session.wanted.voice or next(iter(service.voices))
    if not isinstance(name, str) or name not in service.voices:
        raise Refused(422, "No voice has that name; GET /v1/avatars lists them.")
    if session.mouth.waiting >= MOST_TEXTS:
        raise Refused(429, "Too much waits to be said in this session already.", 1.0)
    return text, service.voices[name]


async def say(session: Session, text: str, voice: Voice, since: int | None = None) -> int | None:
    """Have the text said; the number of its segment as soon as the first of it is there, None where it has no sound.

    The rest is said meanwhile. What goes wrong before the first sound raises VoiceError or Refused, and is told as an
    event afterwards. Raises Interrupted where it is cut off before the first sound; ``since`` as ``Mouth.turn``.
    """
    begun: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    task = session.work(_said(session, text, voice, since, begun))
    task.add_done_callback(lambda _: begun.done() or begun.cancel())
    try:
        return await begun
    except asyncio.CancelledError:
        if task.done() or session.closed:
            raise Refused(404, "The session has ended.") from None
        raise


async def _said(
    session: Session, text: str, voice: Voice, since: int | None, begun: asyncio.Future[int | None]
) -> None:
    segment: int | None = None
    try:
        async with session.mouth.turn(since) as turn, aclosing(voice.say(text)) as sound:
            async for samples, rate in sound:
                segment = await turn.push(samples, rate)
                if not begun.done():
                    begun.set_result(segment)
    except Interrupted as interrupted:
        if not begun.done():
            begun.set_exception(interrupted)
    except (VoiceError, SignalError, Refused) as error:
        session.count_failure("voice")
        if begun.done():
            session.tell("failed", segment=segment, error=_sentence(error))
        else:
            begun.set_exception(error)
    if not begun.done():
        begun.set_result(segment)


def _sentence(error: SplatAvatarError) -> str:
    return error.sentence if isinstance(error, Refused) else str(error)
