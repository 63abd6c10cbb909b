from __future__ import annotations

import math

from splatavatar.drive.signal import FaceSignal
from splatavatar.serve.pipecat.held import Held
from splatavatar.serve.speech.moment import Moment


def sent(segment: int | None, position: float = 0.0, *ended: int) -> Moment:
    return Moment(FaceSignal.neutral(), None, segment, position, False, ended, 0)


def due(held: Held[str]) -> list[str]:
    out = []
    while (thing := held.due()) is not None:
        out.append(thing)
    return out


def test_what_comes_before_all_speech_is_due_at_once() -> None:
    held: Held[str] = Held()
    held.put("a", -1)
    assert held
    assert due(held) == ["a"]
    assert not held
    assert held.due() is None


def test_a_thing_waits_for_the_place_of_the_speech_before_it() -> None:
    held: Held[str] = Held()
    held.put("word", 0, 0.5)
    held.put("next", 0, 0.8)
    held.said(sent(0, 0.48))
    assert due(held) == []
    held.said(sent(0, 0.495))
    assert due(held) == ["word"], "a resampler holds a little back"
    held.said(sent(0, 0.9))
    assert due(held) == ["next"]


def test_the_end_of_a_segment_waits_until_it_is_over() -> None:
    held: Held[str] = Held()
    held.put("end", 0)
    held.said(sent(0, 5.0))
    assert due(held) == []
    held.said(sent(None, 0.0, 0))
    assert due(held) == ["end"]


def test_no_thing_overtakes_another() -> None:
    held: Held[str] = Held()
    held.put("end of 0", 0)
    held.put("after it", -1)
    held.put("in 1", 1, 0.2)
    held.put("end of 1", 1)
    assert due(held) == []
    held.said(sent(1, 0.1))
    assert due(held) == ["end of 0", "after it"]
    held.said(sent(1, 0.14, 1))
    assert due(held) == ["in 1", "end of 1"], "the segment was shorter than was thought"


def test_what_is_cut_off_goes_but_for_what_is_kept() -> None:
    held: Held[str] = Held()
    held.said(sent(3, 1.0))
    for thing, segment, position in (("gone", 3, 1.2), ("kept", 3, 1.5), ("lost", 3, 2.0), ("kept too", 4, 0.5)):
        held.put(thing, segment, position)
    assert held.cut([3, 4], lambda thing: thing.startswith("kept")) == [("kept", 0.5), ("kept too", math.inf)]
    assert not held
    held.put("after", 4)
    assert due(held) == ["after"]
