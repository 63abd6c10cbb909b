"""How an avatar knows its person: in the file, and what it says of faces."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.likeness import GIVE, Likeness
from splatavatar.errors import AvatarFileError
from support.likenesses import likeness
from support.small_avatar import small_avatar


@pytest.fixture
def known() -> Likeness:
    return likeness()


@pytest.fixture
def avatar(known: Likeness) -> Avatar:
    return replace(small_avatar(), metadata={"name": "Ada", "likeness": known.to_json()})


def test_it_goes_through_a_file(avatar: Avatar, known: Likeness, tmp_path: Path) -> None:
    save_avatar(tmp_path / "a", avatar)
    back = Likeness.from_json(load_avatar(tmp_path / "a").metadata["likeness"])
    for name, values in vars(known).items():
        scale = np.abs(values).max()
        # Half precision, and bytes for the basis.
        np.testing.assert_allclose(getattr(back, name), values, atol=(0.005 if name == "basis" else 0.0006) * scale)
    assert len(json.dumps(known.to_json())) < 100_000
    assert Likeness.from_json(known.to_json()).to_json() == back.to_json()


def test_what_it_says_survives_rounding(known: Likeness) -> None:
    back, features = Likeness.from_json(known.to_json()), known.mean + 0.7 * known.basis.T @ known.deviation
    for rounded, exact in zip(back.shown(features), known.shown(features), strict=True):
        np.testing.assert_allclose(rounded, exact, atol=0.01)
    assert back.familiar(features) == pytest.approx(known.familiar(features), abs=0.02)


def test_it_says_no_more_than_was_seen(known: Likeness) -> None:
    coefficients, turn = known.shown(known.mean + 100 * known.basis.T @ known.deviation)
    both = np.concatenate([coefficients, turn])
    assert (both >= known.low).all()
    assert (both <= known.high).all()
    np.testing.assert_allclose(np.concatenate(known.shown(known.mean)), np.clip(known.bias, known.low, known.high))


def test_it_is_believed_less_the_stranger_a_face_looks(known: Likeness) -> None:
    away = known.basis.T @ known.deviation
    shares = [known.familiar(known.mean + far * away) for far in np.linspace(0, 3 * GIVE * known.reach, 60)]
    assert shares[0] == 1
    assert shares[-1] == 0
    assert (np.diff(shares) <= 0).all()
    assert np.abs(np.diff(shares)).max() < 0.2


def short(table: dict[str, Any], name: str) -> None:
    table[name] = base64.b64encode(base64.b64decode(table[name])[:-2]).decode()


def put(name: str, values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda table: table.update({name: values})


def halves(*values: float) -> str:
    return base64.b64encode(np.array(values, "<f2").tobytes()).decode()


DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "version": (put("version", 2), "its likeness has the version 2, expected 1"),
    "true": (put("version", True), "its likeness has the version True, expected 1"),
    "no shape": (lambda table: table.pop("shape"), "shape of its likeness is not 2868 bytes as text"),
    "short": (lambda table: short(table, "mean"), "mean of its likeness is not 2022 bytes as text"),
    "no base64": (put("bias", "?" * 147), "bias of its likeness is not 110 bytes as text"),
    "no text": (put("weights", [1.0]), "weights of its likeness is not 3520 bytes as text"),
    "components": (put("deviation", ""), "deviation of its likeness is not 1 to 64 numbers"),
    "habits": (put("bone_deviation", halves(*range(40))), "bone_deviation of its likeness is not 1 to 32 numbers"),
    "not finite": (put("bias", halves(*[np.nan] * 55)), "bias of its likeness holds a number that is not within 10000"),
    "reach": (put("reach", 0), "reach of its likeness is not a number from 0.001 to 10000"),
    "a reach in quotes": (put("reach", "2"), "reach of its likeness is not a number from 0.001 to 10000"),
    "range": (put("low", halves(*[9.0] * 55)), "a range of its likeness ends before it begins"),
}


@pytest.mark.parametrize(("change", "sentence"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_refused_in_a_sentence(
    avatar: Avatar, tmp_path: Path, change: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    table = dict(avatar.metadata["likeness"])
    change(table)
    with pytest.raises(Defect) as defect:
        Likeness.from_json(table)
    assert str(defect.value) == sentence
    with pytest.raises(AvatarFileError) as error:
        save_avatar(tmp_path / "a", replace(avatar, metadata={"likeness": table}))
    assert str(error.value).endswith(sentence)


def test_what_is_no_table_is_none() -> None:
    with pytest.raises(Defect, match="its likeness is not a table"):
        Likeness.from_json([1])
