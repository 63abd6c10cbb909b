from __future__ import annotations

from splatavatar.drive.sources.wire.followed import Followed, spoken_name

ONE, TWO = ("127.0.0.1", 5000), ("127.0.0.1", 5001)


def test_the_first_of_two_is_followed() -> None:
    followed = Followed()
    taken = [(followed.takes(ONE, step / 30), followed.takes(TWO, step / 30 + 0.01)) for step in range(90)]
    assert all(one for one, _ in taken[5:])
    assert not any(two for _, two in taken[5:])


def test_another_one_once_the_first_is_silent() -> None:
    followed = Followed()
    for step in range(30):
        followed.takes(ONE, step / 30)
    assert not followed.takes(TWO, 2.0)
    assert followed.takes(TWO, 5.0)
    assert followed.sender == TWO


def test_who_comes_after_another_has_gone_is_anew() -> None:
    followed = Followed()
    anew = []
    for sender, time, face in (
        (ONE, 0.0, True),
        (ONE, 0.1, True),
        (ONE, 9.0, True),  # the same one again
        (TWO, 9.1, True),
        (TWO, 20.0, False),
        (TWO, 20.1, True),
        (TWO, 20.2, True),
    ):
        followed.takes(sender, time, face)
        anew.append(followed.anew)
    assert anew == [False, False, False, False, False, True, False]


def test_a_sender_with_a_new_port_for_every_datagram() -> None:
    followed = Followed()
    for step in range(500):
        assert followed.takes(("127.0.0.1", 1024 + step), step / 60)
        assert not followed.anew


def test_what_holds_no_face_changes_nothing() -> None:
    followed = Followed()
    assert followed.takes(TWO, 0.0, face=False)
    assert followed.sender is None
    for step in range(5):
        followed.takes(ONE, step / 30)
    assert not followed.takes(TWO, 0.2, face=False)
    assert followed.takes(None, 0.2)


def test_names() -> None:
    assert spoken_name(ONE) == "127.0.0.1:5000"
    assert spoken_name(("::1", 7)) == "[::1]:7"
