from __future__ import annotations

import threading

import pytest

from splatavatar.serve.http.limits import RateLimits, subscriber


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_and_then_the_rate(clock: Clock) -> None:
    limits = RateLimits(rate=2, burst=5, clock=clock)
    assert [limits.take("a") for _ in range(5)] == [None] * 5
    assert limits.take("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert limits.take("a") is None
    assert limits.take("a") == pytest.approx(0.5)
    assert limits.take("b") is None  # each has their own
    clock.now += 100
    assert [limits.take("a") is None for _ in range(6)] == [True] * 5 + [False]


def test_who_is_refused_pays_nothing(clock: Clock) -> None:
    limits = RateLimits(rate=1, burst=1, clock=clock)
    limits.take("a")
    for _ in range(50):
        assert limits.take("a") == pytest.approx(1)
    clock.now += 1
    assert limits.take("a") is None


def test_cost_and_a_rate_of_their_own(clock: Clock) -> None:
    limits = RateLimits(rate=10, burst=20, clock=clock)
    assert limits.take("a", cost=15) is None
    assert limits.take("a", cost=15) == pytest.approx(1.0)
    assert [limits.take("slow", rate=1) is None for _ in range(3)] == [True, True, False]
    assert limits.take("slow", rate=1) == pytest.approx(1.0)
    assert [limits.take("fast", rate=100) is None for _ in range(201)] == [True] * 200 + [False]


def test_what_costs_more_than_ever_is_there_waits_for_all_of_it(clock: Clock) -> None:
    limits = RateLimits(rate=1, burst=4, clock=clock)
    assert limits.take("a", cost=1000) is None
    assert limits.take("a", cost=1000) == pytest.approx(4)


def test_waiting_takes_nothing(clock: Clock) -> None:
    limits = RateLimits(rate=1, burst=2, clock=clock)
    assert [limits.wait("a") for _ in range(5)] == [None] * 5
    limits.take("a")
    limits.take("a")
    assert limits.wait("a") == pytest.approx(1)
    assert limits.wait("b") is None


def test_no_more_are_remembered_than_were_asked_for(clock: Clock) -> None:
    limits = RateLimits(rate=1, burst=1, most=100, clock=clock)
    for number in range(10_000):
        assert limits.take(str(number)) is None
    assert len(limits._buckets) == 100
    assert limits.take("9999") is not None
    assert limits.take("5") is None  # who was silent longest is forgotten


def test_threads_take_no_more_than_there_is(clock: Clock) -> None:
    limits = RateLimits(rate=1, burst=500, clock=clock)
    taken: list[int] = []

    def ask() -> None:
        taken.append(sum(limits.take("a") is None for _ in range(200)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 500


@pytest.mark.parametrize(
    ("address", "whose"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("x" * 1000, "x" * 64),
        ("", ""),
    ],
)
def test_whose_an_address_is(address: str, whose: str) -> None:
    assert subscriber(address) == whose
