from __future__ import annotations

from itertools import pairwise

from splatavatar.capture.inspection.guide import ADVICE, BEFORE, KINDS, STEPS, guide


def test_the_guide_sees_to_everything_that_the_critique_looks_for() -> None:
    seen_to = [*BEFORE, *(kind for step in STEPS for kind in step.against)]
    assert sorted(seen_to) == sorted(KINDS)
    text = " ".join(guide().split())
    for kind in KINDS:
        assert ADVICE[kind][1:] in text, kind


def test_the_steps_fill_sixty_seconds() -> None:
    assert STEPS[0].start == 0
    assert STEPS[-1].stop == 60
    assert all(one.stop == next_.start for one, next_ in pairwise(STEPS))
    assert all(step.stop - step.start >= 4 for step in STEPS)


def test_lines_keep_to_the_width() -> None:
    assert max(map(len, guide(60).splitlines())) <= 60
    assert "0:46-1:00" in guide(60)
