from __future__ import annotations

import pytest

from splatavatar.errors import SettingsError
from splatavatar.serve.http.admission import LATEST, RESERVE, SOONEST, Admission, Refusal, cost, fitting


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def plenty() -> int:
    return 1 << 40


def admission(clock: Clock, video: int = 3, client: int = 20) -> Admission:
    return Admission(video, client, plenty, clock)


def reason(refusal: Refusal | None) -> str | None:
    return None if refusal is None else refusal.reason


def test_as_many_as_fit_and_no_more(clock: Clock) -> None:
    for mode, limit in (("video", 3), ("client", 20)):
        door = admission(clock)
        assert [door.admit(mode) for _ in range(limit)] == [None] * limit
        refusal = door.admit(mode)
        assert reason(refusal) == "full"
        assert refusal is not None and SOONEST <= refusal <= LATEST
        door.release(mode)
        assert door.admit(mode) is None


def test_who_asks_why_not_takes_nothing(clock: Clock) -> None:
    door = admission(clock, video=1)
    assert [door.why_not("video") for _ in range(5)] == [None] * 5
    assert (door.load, door.sessions) == (0, {"video": 0, "client": 0})
    assert door.admit("video") is None
    assert door.why_not("video") == door.admit("video") == 10.0
    assert reason(door.why_not("client")) == "full"
    assert reason(Admission(3, 20, lambda: RESERVE, clock).why_not("client")) == "memory"


def test_both_kinds_share_the_machine(clock: Clock) -> None:
    door = admission(clock, video=4, client=20)
    assert door.admit("video") is None
    assert door.admit("video") is None
    assert [door.admit("client") for _ in range(10)] == [None] * 10
    assert door.load == pytest.approx(1)
    assert reason(door.admit("client")) == reason(door.admit("video")) == "full"
    door.release("video")
    assert [reason(door.admit("client")) for _ in range(6)] == [None] * 5 + ["full"]
    assert door.sessions == {"video": 1, "client": 15}


def test_larger_pictures_take_more(clock: Clock) -> None:
    door = admission(clock, video=4)
    assert cost(512, 512, 25) == pytest.approx(1)
    assert cost(512, 512, 50) == pytest.approx(2)
    assert 1.5 < cost(1024, 512, 25) < 2
    large = 2.0
    assert door.admit("video", large) is None
    assert door.admit("video", large) is None
    assert reason(door.admit("video", large)) == "full"
    door.release("video", large)
    assert door.admit("video") is None


def test_what_is_larger_than_the_machine_has_it_for_itself(clock: Clock) -> None:
    door = admission(clock)
    assert door.admit("video", 50) is None
    assert reason(door.admit("client")) == "full"
    door.release("video", 50)
    assert door.admit("client") is None
    assert reason(door.admit("video", 50)) == "full"


def test_nothing_is_left_of_many_sessions(clock: Clock) -> None:
    door = admission(clock, video=3, client=7)
    for _ in range(10_000):
        assert door.admit("video") is None
        assert door.admit("client") is None
        door.release("video")
        door.release("client")
    assert door.load == 0
    assert door.sessions == {"video": 0, "client": 0}


def test_nobody_is_let_in_while_pictures_are_late(clock: Clock) -> None:
    door = admission(clock)
    for number in range(100):
        clock.now += 0.04
        door.drew(0.03 if number % 5 == 0 else -0.01)
    assert reason(door.admit("video")) == "late"
    assert reason(door.admit("client")) == "late"
    for _ in range(400):
        clock.now += 0.04
        door.drew(-0.01)
    assert door.admit("video") is None


def test_one_late_picture_says_nothing(clock: Clock) -> None:
    door = admission(clock)
    door.drew(1.0)
    assert door.admit("video") is None
    for _ in range(100):
        clock.now += 0.04
        door.drew(0.0)
    door.drew(1.0)
    assert door.admit("video") is None


def test_lateness_is_forgotten_where_nothing_is_drawn(clock: Clock) -> None:
    door = admission(clock)
    for _ in range(100):
        door.drew(1.0)
    assert reason(door.admit("client")) == "late"
    clock.now += 60
    assert door.admit("client") is None


def test_nobody_is_let_in_without_memory(clock: Clock) -> None:
    left = RESERVE
    door = Admission(3, 20, lambda: left, clock)
    assert reason(door.admit("video")) == "memory"
    left = 1 << 40
    assert door.admit("video") is None
    assert Admission(3, 20, lambda: None, clock).admit("video") is None  # where the system does not say


def test_nobody_is_let_in_while_it_ends(clock: Clock) -> None:
    door = admission(clock)
    assert door.admit("client") is None
    door.draining = True
    assert reason(door.admit("client")) == "draining"
    door.release("client")
    assert reason(door.admit("client")) == "draining"


def test_who_is_refused_hears_when_sessions_usually_end(clock: Clock) -> None:
    door = admission(clock, video=1)
    for _ in range(50):
        assert door.admit("video") is None
        clock.now += 4
        door.release("video")
    assert door.admit("video") is None
    assert door.admit("video") == pytest.approx(4, rel=0.01)


def test_how_many_fit() -> None:
    assert fitting("video", 0.1) == fitting("client", 0.01) == 1
    assert fitting("video", 2) >= 3
    assert fitting("client", 2) >= 20
    assert fitting("client", 64) > fitting("video", 64) > fitting("video", 8)


@pytest.mark.parametrize("limits", [(0, 20), (3, -1)])
def test_a_service_for_nobody(limits: tuple[int, int]) -> None:
    with pytest.raises(SettingsError, match="expected 1 or more"):
        Admission(*limits)
