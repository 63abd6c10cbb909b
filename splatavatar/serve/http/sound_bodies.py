"""Sound that is posted: samples as they are, or a file of a usual kind."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from splatavatar.errors import SignalError
from splatavatar.serve.http.models import Spoken
from splatavatar.serve.session.mouth import Interrupted, Turn
from splatavatar.serve.session.refused import Refused
from splatavatar.serve.session.session import Session
from splatavatar.serve.speech.resampling import HIGHEST_RATE, LOWEST_RATE, Samples

if TYPE_CHECKING:
    from fastapi import Request

FILES = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/flac": "flac",
    "audio/x-flac": "flac",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}
"""media types of files, and how FFmpeg calls their format"""
SAMPLES = "audio/pcm"
KINDS = (SAMPLES, *FILES)
LARGEST = 32 << 20
"""bytes of a body"""
LONGEST = 300.0
"""seconds of its sound"""
SLOWEST = 60.0
"""seconds in which the next piece of a body has to come, or all of a file"""
PIECE = 48000
"""samples of a file that are pushed at a time"""
RATE = 48000
"""Hz of what is read from files"""
TOO_LARGE = f"The body has more than {LARGEST >> 20} MiB, or its sound lasts longer than {LONGEST:g} s."
TOO_SLOW = "The sound did not come in time."


async def read_sound(session: Session, request: Request) -> Spoken:
    """Say what the body of a request holds, as it comes. Raises Refused and SignalError."""
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    if kind not in KINDS:
        raise Refused(415, f"The body is to be of a type of {', '.join(KINDS)}; for samples add ;rate=24000.")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > LARGEST:
        raise Refused(413, TOO_LARGE)
    try:
        if kind == SAMPLES:
            rate, channels = _parameters(rest)
            async with session.mouth.turn() as turn:
                seconds = await _samples(turn, request, rate, channels)
                segment = turn.segment
        else:
            with session.mouth.expecting() as since:
                # A file is sound only when all of it is there: others may speak until then.
                sound = await _file(request, FILES[kind])
                async with session.mouth.turn(since) as turn:
                    for start in range(0, len(sound), PIECE):
                        await turn.push(sound[start : start + PIECE], RATE)
                    seconds, segment = len(sound) / RATE, turn.segment
    except Interrupted:
        raise Refused(409, "It was interrupted before all of it had come.") from None
    except SignalError:
        session.count_failure("speech")
        raise
    if segment is None:
        raise Refused(422, "The body holds no sound.")
    return Spoken(segment=segment, seconds=round(seconds, 3))


async def _samples(turn: Turn, request: Request, rate: int, channels: int) -> float:
    size, count, left = 2 * channels, 0, b""
    async for piece in _pieces(request):
        piece = left + piece
        whole = len(piece) - len(piece) % size
        left = piece[whole:]
        count += whole // size
        if count > LONGEST * rate:
            raise Refused(413, TOO_LARGE)
        if whole:
            await turn.push(np.frombuffer(piece[:whole], "<i2"), rate, channels)
    if left:
        raise Refused(422, f"The body ends within a sample of {size} bytes.")
    return count / rate


async def _file(request: Request, kind: str) -> Samples:
    with tempfile.NamedTemporaryFile(prefix="splatavatar-", suffix=f".{kind}") as file:

        async def received() -> None:
            async for piece in _pieces(request):
                file.write(piece)

        try:
            await asyncio.wait_for(received(), SLOWEST)
        except asyncio.TimeoutError:
            raise Refused(408, TOO_SLOW) from None
        file.flush()
        return await asyncio.to_thread(_decoded, file.name, kind)


def _decoded(path: str, kind: str) -> Samples:
    """All of the sound of a file. Raises Refused and SignalError."""
    from splatavatar.sounds import Sound

    out: list[Samples] = []
    count = 0
    try:
        with closing(Sound(path, 1, RATE)) as sound:
            for piece in sound.pieces():
                count += piece.shape[1]
                if count > LONGEST * RATE:
                    raise Refused(413, TOO_LARGE)
                out.append(np.rint(np.clip(piece[0], -1, 1) * 32767).astype(np.int16))
    except SignalError as error:
        raise SignalError(f"The body is no {kind} file with sound that can be decoded.") from error
    return np.concatenate([np.zeros(0, np.int16), *out])


async def _pieces(request: Request) -> Any:
    from starlette.requests import ClientDisconnect

    total = 0
    stream = request.stream()
    while True:
        try:
            piece = await asyncio.wait_for(anext(stream), SLOWEST)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError:
            raise Refused(408, TOO_SLOW) from None
        except ClientDisconnect:
            raise Refused(400, "The body ends early.") from None
        total += len(piece)
        if total > LARGEST:
            raise Refused(413, TOO_LARGE)
        yield piece


def _parameters(rest: str) -> tuple[int, int]:
    """Rate and channels of a media type. Raises Refused."""
    found = dict.fromkeys(("rate", "channels"), "")
    for part in rest.split(";"):
        name, _, value = part.partition("=")
        found[name.strip().lower()] = value.strip().strip('"')
    rate, channels = found["rate"], found["channels"] or "1"
    if not (rate.isascii() and rate.isdigit() and len(rate) < 7 and LOWEST_RATE <= int(rate) <= HIGHEST_RATE):
        raise Refused(422, f"Samples need their rate: audio/pcm;rate={LOWEST_RATE} to {HIGHEST_RATE}.")
    if channels not in ("1", "2"):
        raise Refused(422, "Samples have 1 or 2 channels.")
    return int(rate), int(channels)
