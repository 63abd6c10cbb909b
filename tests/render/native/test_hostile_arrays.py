"""Whatever arrays Python gives to the native module, it answers with a result or an error; sanitizers look on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from threading import Thread
from typing import Any

import numpy as np
import pytest

from splatavatar.errors import SettingsError
from splatavatar.render import _native

SPECIAL = (np.nan, np.inf, -np.inf, 3e38, -3e38, 1e20, -1e20, 1e-45, 0, -1)
INTEGERS = (-1, 2**31 - 1, -(2**31))
SIZES = ((16, 16), (1, 1), (33, 17), (64, 80))
COUNTS = (0, 1, 15, 16, 17, 40, 300)
CALLS = 150


class Hostile:
    """Arrays that are mostly right."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.rasterizers = [_native.Rasterizer() for _ in range(3)]

    def one(self, choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def floats(self, *shape: int) -> np.ndarray:
        """Some hold a number without sense, some have a row too few or too many."""
        if self.rng.random() < 0.02:
            shape = (max(shape[0] + self.one((-1, 1, 7)), 0), *shape[1:])
        values = self.rng.normal(0, 0.3, shape).astype(np.float32)
        for _ in range(self.one((0, 0, 1, 4)) if values.size else 0):
            values.flat[self.rng.integers(values.size)] = self.one(SPECIAL)
        return values

    def indices(self, below: int, *shape: int) -> np.ndarray:
        values = self.rng.integers(0, below, shape).astype(np.int32)
        if values.size and self.rng.random() < 0.05:
            values.flat[self.rng.integers(values.size)] = self.one((*INTEGERS, below))
        return values

    def view(self) -> tuple[np.ndarray, np.ndarray]:
        T, K = np.eye(4), np.array([[self.one((1e-3, 30.0, 300.0, 1e6)), 0, 16], [0, 30, 16], [0, 0, 1]])
        T[2, 3] = self.one((0.1, 1, 2, -1))
        if self.rng.random() < 0.1:
            self.one((T, K)).flat[self.rng.integers(9)] = self.one(SPECIAL)
        return T, K

    def world(self, n: int, w: int, h: int) -> None:
        rasterizer = self.one(self.rasterizers)
        fields = [self.floats(*shape) for shape in ((n, 3), (n, 4), (n, 3), (n,), (n, 3))]
        if self.rng.random() < 0.7:
            rasterizer.forward_world(*fields, *self.view(), np.zeros((4, h, w), np.float32))
        out = [np.empty_like(field) for field in fields]
        rasterizer.backward_world(*fields, self.floats(4, h, w), self.floats(4, h, w), *out, np.zeros((4, 4)))

    def bound(self, n: int, w: int, h: int) -> None:
        rasterizer, faces = self.one(self.rasterizers), self.one((1, 3, 9))
        shapes = [(n, 3), (n, 3), (n, 4), (n, 3), (n,), (n, 3), (n, 3, 3)]
        fields = [self.floats(*shape) for shape in (*shapes, (faces, _native.FRAME))]
        arrays = _native.BoundArrays(self.indices(faces, n), *fields)
        if self.rng.random() < 0.8:
            rasterizer.forward_bound(arrays, *self.view(), np.zeros((4, h, w), np.float32))
        out = [np.zeros(s, np.float32) for s in (*shapes[1:], (self.one((0, n)), 13), (n,), (n,))]
        rasterizer.backward_bound(arrays, self.floats(4, h, w), self.floats(4, h, w), *out)

    def frames(self, n: int, w: int, h: int) -> None:
        v, f = self.one((3, 20)), self.one((0, 1, 30))
        zeros = [np.zeros(shape, np.float32) for shape in ((f, _native.FRAME), (f, 19), (v, 3))]
        _native.triangle_frames(self.floats(v, 3), self.indices(v, f, 3), zeros[0])
        given = (
            self.floats(v, 3),
            self.indices(v, f, 3),
            self.indices(max(f, 1), n),
            self.floats(n, 3),
            self.floats(n, 13),
        )
        _native.triangle_frames_backward(*given, *zeros[1:])

    def loss(self, n: int, w: int, h: int) -> None:
        corners = [int(self.one((0, 3, w, h, -5, *INTEGERS))) for _ in range(4)]
        target = self.rng.integers(0, 256, (h, w, 4)).astype(np.uint8)
        weights = 1.0, self.one((0.0, 0.2)), self.one((0.1, np.nan))
        scratch = np.zeros(_native.photometric_scratch(w, h), np.float32)
        out = np.zeros((4, h, w), np.float32), scratch, np.zeros((h, 3))
        _native.photometric(self.floats(4, h, w), target, (0.5, 0.1, np.inf), weights, tuple(corners), *out)

    def step(self, n: int, w: int, h: int) -> None:
        seen = self.one((np.zeros(0, np.uint8), self.rng.integers(0, 2, n).astype(np.uint8)))
        rest = (seen, 0.01, 0.9, 0.999, 1e-15, 1.0, self.one((0, 1, 5)))
        value = [self.floats(n, 3) for _ in range(4)]
        _native.adam(*value, *rest)
        table = [self.floats(2, n, 6) for _ in range(3)]
        _native.adam_rank_one(*table, self.floats(2), self.floats(n, 6), *rest)
        _native.weighted_sum(table[0], self.floats(2), self.floats(n, 6), np.zeros((n, 6), np.float32))

    def path(self, n: int, w: int, h: int) -> None:
        v, e, j, f, k = (self.one(sizes) for sizes in ((4, 40), (0, 3), (1, 3), (1, 9), (0, 2)))
        body = (self.floats(v, 3), self.floats(e, v, 3), self.floats(j, 3), np.arange(-1, j - 1, dtype=np.int32))
        turned = self.one((None, self.floats(9 * (j - 1), v, 3)))
        skin = (
            self.indices(j, v, 4),
            self.floats(v, 4),
            turned,
            self.one((None, self.floats(e, j, 3))),
            self.indices(v, f, 3),
            self.indices(f, n),
        )
        shapes = [(n, 3), (n, 3), (n, 4), (n, 3), (n,), (n, 3), (n, 3, 3), (k, n, 3), (k, n, 3), (k, e + 3 * j), (k,)]
        path = _native.DrivePath(*body, *skin, *(self.floats(*shape) for shape in shapes))
        for _ in range(2):
            pose = self.floats(e), self.floats(j, 3), self.floats(3)
            behind = (0.1, self.one((0.5, np.nan, 9.0)), 0.0)
            path.render(*pose, *self.view(), behind, np.zeros((h, w, self.one((3, 4))), np.uint8))


@pytest.mark.parametrize("call", ["world", "bound", "frames", "loss", "step", "path"])
def test_answers(instruction_set: str, call: str) -> None:
    hostile = Hostile(sum(map(ord, call)))
    answers = {True: 0, False: 0}
    for _ in range(CALLS):
        run: Callable[..., None] = getattr(hostile, call)
        try:
            run(hostile.one(COUNTS), *hostile.one(SIZES))
        except (ValueError, SettingsError):
            answers[False] += 1
        else:
            answers[True] += 1
    assert min(answers.values()) > 3 or (call == "loss" and answers[True] > 100), answers


def test_rasterizers_are_shared_by_threads() -> None:
    hostile = [Hostile(seed) for seed in range(3)]
    for one, other in pairwise(hostile):
        other.rasterizers = one.rasterizers

    def work(mine: Hostile) -> None:
        for _ in range(CALLS):
            try:
                mine.one((mine.world, mine.bound))(mine.one(COUNTS), *mine.one(SIZES))
            except (ValueError, SettingsError):
                continue

    threads = [Thread(target=work, args=(mine,)) for mine in hostile]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
