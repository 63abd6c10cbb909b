from __future__ import annotations

import pytest

import splatavatar


@pytest.mark.parametrize("name", splatavatar.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(splatavatar, name) is not None
    assert name in dir(splatavatar)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'undefined'"):
        splatavatar.undefined  # noqa: B018


def test_star_names_and_lazy_names_agree() -> None:
    assert set(splatavatar.__all__) == {*splatavatar._MODULES, "__version__"}
