"""Files of FLAME and SMPL-X: the official forms are read to the last bit, and no pickle runs anything."""

from __future__ import annotations

import base64
import contextlib
import gzip
import os
import pickle
import pickletools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from splatavatar.errors import RigError
from splatavatar.rig.body_models.model_file import FLAME, SMPLX, Kind, ModelFile, read_model_file
from splatavatar.rig.body_models.model_pickle import array_of, read_model_pickle
from support.body_models import arrays_of, pickled

SMALL = Kind("small", 60, 100, {12: 4}, ("root", "jaw", "left_eye", "right_eye"), eyes=(2, 3), jaw=1)


@pytest.fixture(scope="module")
def flame() -> dict[str, Any]:
    return arrays_of(FLAME, 400)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A model whose files are small enough to damage in every place."""
    monkeypatch.setattr("splatavatar.rig.body_models.model_file.KINDS", (FLAME, SMPLX, SMALL))
    return arrays_of(SMALL, 12)


def check(model: ModelFile, entries: dict[str, Any], shapes: int) -> None:
    assert np.array_equal(model.template, entries["v_template"])
    assert np.array_equal(model.shape_basis, entries["shapedirs"][..., :shapes])
    assert np.array_equal(model.expression_basis, entries["shapedirs"][..., shapes:])
    assert np.array_equal(model.pose_basis, entries["posedirs"])
    assert np.array_equal(model.joint_regressor, entries["J_regressor"])
    assert np.array_equal(model.weights, entries["weights"])
    assert np.array_equal(model.faces, entries["f"]) and model.faces.dtype == np.int64
    assert model.parents[0] == -1 and np.array_equal(model.parents[1:], entries["kintree_table"][0, 1:])


def test_a_pickle_of_full_size_as_python_2_wrote_it(tmp_path: Path, flame: dict[str, Any]) -> None:
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickled(flame, 2, python2=True))
    model = read_model_file(path)
    assert (model.kind, model.form) == (FLAME, "pickle")
    check(model, flame, 300)


@pytest.mark.parametrize(("protocol", "python2"), [(0, True), (1, True), (2, True), *((p, False) for p in range(6))])
def test_pickles_of_every_protocol(tmp_path: Path, small: dict[str, Any], protocol: int, python2: bool) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickled(small, protocol, python2))
    model = read_model_file(path)
    assert model.kind is SMALL
    check(model, small, 8)


def test_npz_with_entries_of_other_kinds(tmp_path: Path) -> None:
    entries = arrays_of(SMPLX, 20)
    path = tmp_path / "SMPLX_NEUTRAL.npz"
    objects = np.array({"Pelvis": 0}, dtype=object)
    np.savez(path, **entries, joint2num=objects, part2num=objects, allow_pickle=np.array(True))
    model = read_model_file(path)
    assert (model.kind, model.form) == (SMPLX, "npz")
    check(model, entries, 10)


def changed(entries: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**entries, **values}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"v_template": np.zeros((6890, 3))}, "SMPL or SMPL-H, expected FLAME with 5023 vertices or SMPL-X with 10475"),
        ({"v_template": np.zeros((5, 3))}, "a model of 5 vertices, expected FLAME"),
        ({"v_template": np.zeros((60, 2))}, "v_template is of the shape 60x2, expected Nx3"),
        (
            {"v_template": np.full((60, 3), np.nan)},
            "v_template is empty or holds values that are too large or not finite",
        ),
        ({"v_template": np.full((60, 3), 100.0)}, "v_template reaches 100, expected metres of one person"),
        (
            {"shapedirs": np.zeros((60, 3, 7))},
            "shapedirs has 7 columns, expected 12 (8 of shape, 4 of expression) of small: ",
        ),
        ({"posedirs": np.zeros((60, 3, 36))}, "posedirs is of the shape 60x3x36, expected 60x3x27"),
        ({"weights": np.ones((60, 4))}, "rows of weights sum to something else than 1, by up to 3"),
        ({"weights": np.tile([1.5, -0.5, 0, 0], (60, 1))}, "weights holds negative ones"),
        ({"J_regressor": np.zeros((4, 60))}, "rows of J_regressor sum to something else than 1, by up to 1"),
        ({"f": np.zeros((9, 3), np.uint32)}, "f has 9 triangles, expected 100"),
        ({"f": np.full((100, 3), 60, np.uint32)}, "f names vertices that there are not"),
        (
            {"kintree_table": np.array([[-1, 2, 1, 0], [0, 1, 2, 3]])},
            "kintree_table is no tree whose parents come first",
        ),
        (
            {"kintree_table": np.array([[0, 0, 1, 2], [0, 1, 2, 3]])},
            "kintree_table is no tree whose parents come first",
        ),
        ({"weights": np.array(["a"])}, "weights is no array of numbers"),
    ],
)
def test_arrays_that_make_no_sense(
    tmp_path: Path, small: dict[str, Any], change: dict[str, np.ndarray], expected: str
) -> None:
    path = tmp_path / "model.npz"
    np.savez(path, **changed(small, **change))
    with pytest.raises(RigError) as caught:
        read_model_file(path)
    assert str(caught.value).startswith(f"{path}: {expected}")


def test_what_is_missing(tmp_path: Path, small: dict[str, Any]) -> None:
    path = tmp_path / "model.npz"
    del small["posedirs"]
    np.savez(path, **small)
    with pytest.raises(
        RigError, match=r"no posedirs, expected a body model of FLAME or SMPL-X; it has J_regressor, f, "
    ):
        read_model_file(path)
    with pytest.raises(RigError, match=r"no such file|does not exist|no such"):
        read_model_file(tmp_path / "none.pkl")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(RigError, match=r"damaged"):
        read_model_file(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "a pointer of Git LFS to a file that"),
        (b"\n<!DOCTYPE html>\n<html><title>Sign In</title></html>", "a page of a web site"),
        (b"\xef\xbb\xbf<HTML><body>404</body></HTML>", "a page of a web site"),
        (gzip.compress(pickle.dumps({}), mtime=0), "a file compressed by gzip"),
        (b"\x80\x02}", "a damaged pickle"),
    ],
)
@pytest.mark.parametrize("suffix", [".pkl", ".npz"])
def test_what_else_lies_under_such_names(tmp_path: Path, content: bytes, expected: str, suffix: str) -> None:
    path = tmp_path / f"SMPLX_NEUTRAL{suffix}"
    path.write_bytes(content)
    with pytest.raises(RigError) as caught:
        read_model_file(path)
    assert str(caught.value).startswith(f"{path}: {expected}") and str(caught.value).endswith(
        ", expected a body model."
    )


def test_an_npz_of_something_else_says_what_it_has(tmp_path: Path, small: dict[str, Any]) -> None:
    path = tmp_path / "flame_static_embedding.npz"
    np.savez(path, lmk_face_idx=np.zeros(51, int), lmk_b_coords=np.zeros((51, 3)), names=np.array([{}], object))
    with pytest.raises(RigError, match=r"no v_template, .*; it has lmk_b_coords, lmk_face_idx, names$"):
        read_model_file(path)
    np.savez(path, **{**small, "J_regressor": np.array(scipy.sparse.csc_matrix(small["J_regressor"]), object)})
    with pytest.raises(RigError, match=r"pickled objects in 'J_regressor', which are never read, expected a body mod"):
        read_model_file(path)


class Payload:
    """Runs ``function`` with ``arguments`` where a pickle of it is read as usual."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> Any:
        return self.reduced


def payloads(mark: Path) -> dict[str, Any]:
    command = f"touch {mark}"
    return {
        "os.system": Payload(os.system, command),
        "eval": Payload(eval, f"open({str(mark)!r}, 'w')"),
        "exec": Payload(exec, f"open({str(mark)!r}, 'w')"),
        "Popen": Payload(subprocess.Popen, ["touch", str(mark)]),
        "getattr": Payload(getattr, "text", "upper"),
        "nested in a list": [[Payload(os.system, command)]],
        "in a key": {Payload(os.system, command): 1},
        "in an array": np.array([Payload(os.system, command)], dtype=object),
        "open": Payload(open, str(mark), "w"),
    }


@pytest.mark.parametrize("protocol", range(6))
def test_payloads_are_refused_and_do_not_run(tmp_path: Path, small: dict[str, Any], protocol: int) -> None:
    mark, path = tmp_path / "ran", tmp_path / "model.pkl"
    for name, payload in payloads(mark).items():
        for entries in (payload, {**small, "v_template": payload}, {**small, "unknown": payload}):
            path.write_bytes(pickle.dumps(entries, protocol))
            with pytest.raises(RigError, match=r"this is no file of FLAME or SMPL-X, and was not opened"):
                read_model_pickle(path)
            assert not mark.exists(), name
    # They are real: read as usual they run.
    pickle.loads(pickle.dumps(Payload(os.system, f"touch {mark}"), protocol))
    assert mark.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'touch ran'\ntR.",
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"(S'touch ran'\nios\nsystem\n.",
        b"cnumpy\nloads\n(S'x'\ntR.",
        b"cnumpy.core.multiarray\nfromfile\n(S'x'\ntR.",
        b"cscipy.sparse\nload_npz\n(S'x'\ntR.",
        b"\x80\x02cscipy.sparse.os\nsystem\nU\x09touch ranq\x00\x85R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x09touch ran\x85R.",
        b"Pname\n.",
        b"\x80\x02U\x04nameQ.",
        b"\x80\x02\x82\x01.",
        # The fields of a function or of a class of ours would be changed.
        b"c_codecs\nencode\n(dS'x'\nI1\nsb.",
        b"\x80\x02cchumpy.ch\nCh\n}U\x01xK\x01sb.",
        b"\x80\x02c__builtin__\nobject\n)\x81.",
        b"\x80\x02cnumpy\nndarray\n)\x81.",
    ],
)
def test_programs_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.pkl").write_bytes(program)
    with pytest.raises(RigError, match=r"was not opened"):
        read_model_pickle(Path("model.pkl"))
    assert not Path("ran").exists()


def test_damaged_pickles(tmp_path: Path, small: dict[str, Any]) -> None:
    path, whole = tmp_path / "model.pkl", pickled(small, 2, python2=True)
    ends = [at for _, _, at in pickletools.genops(whole) if at is not None]
    for length in [0, 1, *ends[1::5], len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(RigError):
            read_model_file(path)
    rng = np.random.default_rng(1)
    for _ in range(200):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 3):
            data[at] = rng.integers(256)
        path.write_bytes(bytes(data))
        with contextlib.suppress(RigError):
            read_model_file(path)


def test_nodes_that_pick_from_nothing(tmp_path: Path) -> None:
    entries = arrays_of(SMALL, 12)
    path = tmp_path / "model.pkl"
    path.write_bytes(pickled(entries, 2))
    found = read_model_pickle(path)
    picked = found["shapedirs"]
    assert np.array_equal(array_of(picked), entries["shapedirs"])
    size = entries["shapedirs"].size
    for idxs, shape in (
        (np.arange(size) + 1, None),
        (np.arange(6), (4, 3)),
        (np.arange(6.0), None),
        (np.arange(6), (float("inf"),)),
    ):
        picked.state |= {"idxs": record(idxs, tmp_path), "preferred_shape": shape}
        assert array_of(picked) is None
    picked.state |= {"idxs": record(np.arange(6), tmp_path), "preferred_shape": (2, 3)}
    assert np.array_equal(array_of(picked), entries["shapedirs"].ravel()[:6].reshape(2, 3))
    picked.state["a"] = record(np.array(["a", "b"]), tmp_path)
    assert array_of(picked) is None and array_of("lbs") is None and array_of(None) is None
    sparse = found["J_regressor"]
    assert np.array_equal(array_of(sparse), entries["J_regressor"])
    starts = array_of(sparse.state["indptr"])
    wraps = starts.astype(np.int64)
    wraps[1:3] = 2**63 - 1, -(2**63)
    changes = {
        "indices": [record(array_of(sparse.state["indices"]) + 1000, tmp_path)],
        "indptr": [record(starts[:-1], tmp_path), record(wraps, tmp_path), record(starts + 1, tmp_path), None],
        "_shape": [4, (4, 1 << 40), (4, -1), (4, 60, 1)],
        "data": [record(np.ones(3), tmp_path), "data"],
    }
    for name, values in changes.items():
        before = sparse.state[name]
        for value in values:
            sparse.state[name] = value
            assert array_of(sparse) is None
        sparse.state[name] = before


def record(array: np.ndarray, folder: Path) -> Any:
    """What a pickle of ``array`` is read as."""
    path = folder / "array.pkl"
    path.write_bytes(pickle.dumps({"a": array}))
    return read_model_pickle(path)["a"]


def test_arrays_come_in_the_order_of_this_machine(tmp_path: Path) -> None:
    for dtype in (">f8", "<f4", ">i2", "u1", "?", ">u4"):
        for order in "CF":
            array = np.asarray(np.arange(12).reshape(3, 4) % 5, dtype, order=order)
            assert np.array_equal(array_of(record(array, tmp_path)), array)
    for other in (np.array([1j]), np.array([{}]), np.array(["a"]), np.zeros(2, "f4,f4"), np.array([1], "M8[s]")):
        with contextlib.suppress(RigError):  # it may ask for more than an array of numbers does
            assert array_of(record(other, tmp_path)) is None


HOSTILE = {
    # Arrays and types told what they are not: numpy's own reader would read beyond its memory.
    "a list that is too short": (
        "gAR9KIwBYWNudW1weS5jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CmNudW1weQpuZGFycmF5CksAhUMBYodSKEsBKIoDQEIP"
        "dGNudW1weQpkdHlwZQqMAk84hVKJXXRidS4="
    ),
    "a pointer of its own": (
        "gARjbnVtcHkuY29yZS5tdWx0aWFycmF5Cl9yZWNvbnN0cnVjdApjbnVtcHkKbmRhcnJheQpLAIVDAWKHUihLASiKAQF0Y251bXB5"
        "CmR0eXBlCowCTziFUihLA4wBfE5OTooB/4oB/0sAdGKJQggAAABBQUFBQUFBQXRiSwBOcy4="
    ),
    "a field far away": (
        "gARjbnVtcHkuY29yZS5tdWx0aWFycmF5Cl9yZWNvbnN0cnVjdApjbnVtcHkKbmRhcnJheQpLAIVDAWKHUihLASiKAQR0Y251bXB5"
        "CmR0eXBlCowCVjiFUihLA4wBfE6MAWGFfSiMAWEoY251bXB5CmR0eXBlCowCZjiFUooGAAAAAAABdHWKAQiKAQFLAHRiiUIgAAAA"
        "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUF0YowBYUsFcy4="
    ),
}
PROGRAMS = {
    "a key that takes for ever": b"\x80\x04})" + b"2\x86" * 60 + b"Ns.",
    "a key that is deep": b"\x80\x04})" + b"\x85" * 1_000_000 + b"Ns.",
    "bytes that are not there": b"\x80\x04\x96\x00\x00\x00\xc0\x00\x00\x00\x00.",
    "an encoding that takes for ever": b"\x80\x04c_codecs\nencode\nX\x01\x00\x00\x00x)" + b"2\x86" * 60 + b"\x86R.",
}


@pytest.mark.parametrize("name", [*HOSTILE, *PROGRAMS])
def test_hostile_files_end_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(PROGRAMS[name] if name in PROGRAMS else base64.b64decode(HOSTILE[name]))
    # A process of its own: what goes wrong here ends Python itself.
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "from pathlib import Path\n"
        "from splatavatar.errors import RigError\n"
        "from splatavatar.rig.body_models.model_file import read_model_file\n"
        "try: read_model_file(Path(sys.argv[1]))\n"
        "except RigError as error: print('refused:', error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stdout.startswith("refused:"), done.stderr
