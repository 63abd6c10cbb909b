"""Voices that are programs: a text goes in, samples come out while it is spoken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import numpy as np

from splatavatar.serve.speech.resampling import Samples
from splatavatar.serve.voices.voice import VoiceError

PIECE = 4096
"""bytes that are read at a time: at 22,050 Hz a tenth of a second"""
SLOWEST = 30.0
"""seconds in which a program has said the next piece"""
ENDING = 2.0
"""seconds in which what a program has said already is thrown away when it is ended"""
MOST_SAMPLES = 48000 * 1800
"""of one text"""


async def output_of(command: Sequence[str], text: str) -> AsyncGenerator[bytes, None]:
    """What ``command`` writes, piece by piece, which is given a text; it is ended where nobody listens any more.

    Raises VoiceError where it cannot be started, fails, or says nothing for long.
    """
    async with _running(command) as process:
        sending = asyncio.ensure_future(_send(process, text))
        try:
            while piece := await asyncio.wait_for(process.stdout.read(PIECE), SLOWEST):
                yield piece
            if await asyncio.wait_for(process.wait(), SLOWEST):
                raise VoiceError("The program of the voice failed.")
        except asyncio.TimeoutError:
            raise VoiceError("The program of the voice said nothing for too long.") from None
        finally:
            sending.cancel()


async def samples_of(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[Samples, None]:
    """The samples (s16le) in pieces of bytes of any length."""
    left, count = b"", 0
    async with aclosing(pieces):
        async for piece in pieces:
            piece = left + piece
            whole = len(piece) - len(piece) % 2
            left = piece[whole:]
            count += whole // 2
            if count > MOST_SAMPLES:
                raise VoiceError("The voice does not come to an end.")
            if whole:
                yield np.frombuffer(piece[:whole], "<i2").astype(np.int16)


@asynccontextmanager
async def _running(command: Sequence[str]) -> AsyncGenerator[Any, None]:
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError as error:
        raise VoiceError("The program of the voice cannot be started.") from error
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        # Until all of what it has said is read, asyncio does not tell that it has ended.
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.communicate(), ENDING)


async def _send(process: Any, text: str) -> None:
    with suppress(ConnectionError):  # it does not read on: what it says tells
        process.stdin.write(text.encode("utf-8", "replace"))
        await process.stdin.drain()
        process.stdin.close()
