"""Who may speak in a session, and who is refused."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
from splatavatar.serve.session.mouth import MOST_EXPECTED, Interrupted, Mouth
from splatavatar.serve.session.refused import Refused
from splatavatar.serve.speech.face import SpeakingFace
from support.service import RATE, LoudMouth, tone


def mouth() -> tuple[Mouth, SpeakingFace]:
    face = SpeakingFace(LoudMouth)
    return Mouth(face, lambda seconds: None), face


def test_turns_are_taken_one_after_the_other_and_each_is_a_segment() -> None:
    async def run() -> None:
        one, face = mouth()
        order: list[int] = []

        async def speak(number: int) -> None:
            async with one.turn() as turn:
                order.append(number)
                assert await turn.push(tone(0.1), RATE) == number
                await asyncio.sleep(0)
                assert await turn.push(tone(0.1), RATE) == number
                order.append(number)

        await asyncio.gather(*(speak(number) for number in range(3)))
        assert order == [0, 0, 1, 1, 2, 2]
        assert face.waiting == pytest.approx(0.6, abs=0.001) and one.waiting == 0

    asyncio.run(run())


def test_who_waits_for_a_turn_when_the_session_ends_is_refused() -> None:
    async def run() -> None:
        one, _ = mouth()

        async def late() -> None:
            async with one.turn():
                raise AssertionError

        async with one.turn():
            waiting = asyncio.ensure_future(late())
            await asyncio.sleep(0)
            one.close()
        with pytest.raises(Refused) as refused:
            await waiting
        assert (refused.value.status, refused.value.sentence) == (404, "The session has ended.")
        assert one.waiting == 0

    asyncio.run(run())


def test_so_many_files_are_on_their_way_at_once() -> None:
    one, _ = mouth()
    on_the_way = [one.expecting() for _ in range(MOST_EXPECTED)]
    for each in on_the_way:
        each.__enter__()
    assert one.waiting == MOST_EXPECTED
    with pytest.raises(Refused) as refused, one.expecting():
        raise AssertionError
    assert refused.value.status == 429
    on_the_way[0].__exit__(None, None, None)
    with one.expecting():
        assert one.waiting == MOST_EXPECTED
    for each in on_the_way[1:]:
        each.__exit__(None, None, None)
    assert one.waiting == 0


def test_an_interruption_cuts_off_what_waits_for_its_turn_and_what_is_on_its_way() -> None:
    async def run() -> None:
        one, face = mouth()

        async def second(since: int | None) -> None:
            async with one.turn(since) as turn:
                await turn.push(tone(0.1), RATE)

        with one.expecting() as since:
            async with one.turn() as turn:
                await turn.push(tone(0.1), RATE)
                waiting = asyncio.ensure_future(second(None))
                await asyncio.sleep(0)
                assert face.clear() == [0]
            with pytest.raises(Interrupted):
                await waiting
            with pytest.raises(Interrupted):
                await second(since)
        assert face.waiting == 0
        await second(None)
        assert face.waiting == pytest.approx(0.1, abs=0.001)

    asyncio.run(run())
