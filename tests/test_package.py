from __future__ import annotations

import doctest
import shutil
from pathlib import Path

import pytest

import splatavatar

HELLO = Path(__file__).parents[1] / "data" / "signals" / "hello.npz"


@pytest.mark.parametrize("name", splatavatar.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(splatavatar, name) is not None
    assert name in dir(splatavatar)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'undefined'"):
        splatavatar.undefined  # noqa: B018


def test_star_names_and_lazy_names_agree() -> None:
    assert set(splatavatar.__all__) == {*splatavatar._MODULES, "__version__"}


@pytest.mark.parametrize("old", sorted(splatavatar._OLD))
def test_old_names_stay_for_one_version(old: str) -> None:
    splatavatar.__dict__.pop(old, None)
    with pytest.warns(DeprecationWarning, match=f"splatavatar.{old} is now "):
        assert getattr(splatavatar, old) is not None
    splatavatar.__dict__.pop(old)


EXAMPLES = {
    name: tests
    for name in splatavatar.__all__
    if (tests := [t for t in doctest.DocTestFinder().find(getattr(splatavatar, name), name) if t.examples])
}


def test_what_people_begin_with_has_an_example() -> None:
    assert {"Performer", "Session", "FaceSignal", "save_video", "open_source", "open_sink"} <= EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run_in_an_empty_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(HELLO, tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in EXAMPLES[name]:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
