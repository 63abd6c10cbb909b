"""Files that are no intact avatars: the exact sentence for each kind of damage."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.format.container import read_container, write_container
from splatavatar.avatar.format.digest import digest
from splatavatar.errors import AvatarFileError

Tensors = dict[str, np.ndarray]


@pytest.fixture
def path(tmp_path: Path, avatar: Avatar) -> Path:
    """An intact avatar of 40 Gaussians, 30 vertices, 20 triangles, 5 expressions, 3 joints and 2 correctives."""
    path = tmp_path / "face.splatavatar"
    save_avatar(path, avatar)
    return path


def refusal(path: Path) -> str:
    """The message of ``load_avatar`` without the name of the file."""
    with pytest.raises(AvatarFileError) as error:
        load_avatar(path)
    start = f"{path} is not an intact avatar: "
    assert str(error.value).startswith(start)
    return str(error.value)[len(start) :]


def rewrite(path: Path, change: Callable[[Tensors, dict[str, str]], None]) -> None:
    """Change tensors and metadata of a file, keeping the container in order and the digest right."""
    tensors, texts = read_container(path)
    tensors = {name: tensor.copy() for name, tensor in tensors.items()}
    change(tensors, texts)
    texts["sha256"] = digest(tensors, texts)
    with open(path, "wb") as file:
        write_container(file, tensors, texts)


def edit_header(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the JSON header of a file and leave its data alone."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])


TENSORS: dict[str, tuple[str, Any, str]] = {
    "face out of range": ("gaussians.face", 7012, "gaussians.face holds 7012, the rig has 20 triangles"),
    "vertex out of range": ("rig.faces", 30, "rig.faces holds 30, the rig has 30 vertices"),
    "joint out of range": ("rig.skin_joints", 3, "rig.skin_joints holds 3, the rig has 3 joints"),
    "region out of range": ("rig.region.skin", 20, "rig.region.skin holds 20, the rig has 20 triangles"),
    "landmark out of range": (
        "rig.landmark.ibug68.face",
        99,
        "rig.landmark.ibug68.face holds 99, the rig has 20 triangles",
    ),
    "no root": ("rig.parents", 0, "rig.parents begins with 0, expected -1 for the root"),
    "nan vertex": ("rig.template", np.nan, "rig.template holds a number that is not finite"),
    "infinite position": ("gaussians.position", np.inf, "gaussians.position holds a number that is not finite"),
    "huge map": ("rig.arkit_map", -3e38, "rig.arkit_map holds -3e+38, expected values within 1e+06"),
    "nan colour": ("gaussians.colour", np.nan, "gaussians.colour holds a number that is not finite"),
    "infinite share": ("gaussians.sh.share", np.inf, "gaussians.sh holds a number that is not finite"),
    "nan bias": ("correctives.bias", np.nan, "correctives.bias holds a number that is not finite"),
    "weights": ("rig.skin_weights", 50000, "rig.skin_weights has a row that does not sum to one"),
    "barycentric": (
        "gaussians.barycentric",
        60000,
        "gaussians.barycentric holds -0.831083, expected values from 0 to 1",
    ),
    "landmark": (
        "rig.landmark.ibug68.barycentric",
        2.0,
        "rig.landmark.ibug68.barycentric has a row that does not sum to one",
    ),
    "quaternion": ("gaussians.rotation", 0, "gaussians.rotation holds a zero quaternion"),
    "count": ("rig.expression_basis.count", -1, "rig.expression_basis.count does not sum to the {R} rows"),
    "sparse vertex": (
        "rig.expression_basis.vertex",
        30,
        "rig.expression_basis.vertex holds 30, the rig has 30 vertices",
    ),
    "sparse order": ("rig.expression_basis.vertex", 1, "rig.expression_basis.vertex is not in ascending order"),
}


@pytest.mark.parametrize(("name", "value", "message"), TENSORS.values(), ids=TENSORS.keys())
def test_values(path: Path, name: str, value: Any, message: str) -> None:
    def change(tensors: Tensors, _: dict[str, str]) -> None:
        tensors[name][: 1 + (name.endswith("vertex"))] = value

    rows = len(read_container(path)[0]["rig.expression_basis"])
    rewrite(path, change)
    assert refusal(path).startswith(message.replace("{R}", str(rows)))


def test_a_parent_that_comes_later(path: Path) -> None:
    rewrite(path, lambda tensors, _: tensors["rig.parents"].__setitem__(1, 2))
    assert refusal(path) == "rig.parents gives joint 1 the parent 2, expected an earlier joint"


SHAPES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray], str]] = {
    "columns": ("rig.template", lambda t: t[:, :2], "rig.template has the shape (30, 2), expected (30, 3)"),
    "rows": ("gaussians.scale", lambda t: t[:-1], "gaussians.scale has the shape (39, 3), expected (40, 3)"),
    "inputs": (
        "correctives.weights",
        lambda t: t[:, 1:],
        "correctives.weights has the shape (2, 13), expected (2, 14)",
    ),
    "dtype": (
        "rig.template",
        lambda t: t.astype("<f2"),
        "rig.template is stored as float16, expected float32",
    ),
    "index": ("rig.faces", lambda t: t.astype("<i4"), "rig.faces is stored as int32, expected uint16"),
}


@pytest.mark.parametrize(("name", "change", "message"), SHAPES.values(), ids=SHAPES.keys())
def test_shapes(path: Path, name: str, change: Callable[[np.ndarray], np.ndarray], message: str) -> None:
    rewrite(path, lambda tensors, _: tensors.__setitem__(name, np.ascontiguousarray(change(tensors[name]))))
    assert refusal(path) == message


def test_a_missing_and_an_unknown_tensor(path: Path) -> None:
    rewrite(path, lambda tensors, _: tensors.__setitem__("extra", tensors.pop("gaussians.sh")))
    assert refusal(path) == "it has no tensor gaussians.sh"
    rewrite(path, lambda tensors, _: tensors.__setitem__("gaussians.sh", tensors["extra"]))
    assert refusal(path) == "it has the unknown tensor 'extra'"


def described(**fields: Any) -> Callable[[Tensors, dict[str, str]], None]:
    """A change of the JSON that describes the rig."""

    def change(_: Tensors, texts: dict[str, str]) -> None:
        texts["rig"] = json.dumps({**json.loads(texts["rig"]), **fields})

    return change


def text(name: str, value: str) -> Callable[[Tensors, dict[str, str]], None]:
    return lambda _, texts: texts.__setitem__(name, value)


JSON: dict[str, tuple[Callable[[Tensors, dict[str, str]], None], str]] = {
    "not json": (text("metadata", "{"), "its metadata is not valid JSON (Expecting property name"),
    "not a table": (text("metadata", "[]"), "its metadata is not a table"),
    "nan": (text("metadata", '{"a":NaN}'), "its metadata is not valid JSON (NaN is not a number)"),
    "infinite": (text("metadata", '{"a":1e999}'), "its metadata is not valid JSON (a number is too large)"),
    "digits": (
        text("metadata", '{"a":' + "9" * 5000 + "}"),
        "its metadata is not valid JSON (a number has 5000 digits)",
    ),
    "deep": (text("metadata", "[" * 200_000), "its metadata is not valid JSON (nested too deeply)"),
    "twice": (text("metadata", '{"a":1,"a":2}'), "its metadata is not valid JSON (the key 'a' is there twice)"),
    "surrogate": (text("metadata", '{"a":"\\ud800"}'), "its metadata is not valid JSON ('utf-8' codec can't encode"),
    "no rig": (lambda _, texts: texts.__delitem__("rig"), "its rig description is missing"),
    "rig field": (described(extra=1), "the description of its rig does not consist of kind, licence, "),
    "kind": (described(kind=3), "kind of its rig is not a text"),
    "names": (described(joint_names=[1, 2, 3]), "joint_names of its rig is not a list of texts"),
    "fewer names": (described(joint_names=["a", "b"]), "rig.joints has the shape (3, 3), expected (2, 3)"),
    "chain": (described(head_chain=[[0]]), "head_chain of its rig is not a list of joints and shares"),
    "chain joint": (
        described(head_chain=[[7, 1.0]]),
        "rig.head_chain holds joint 7 with share 1.0, the rig has 3 joints",
    ),
    "chain share": (described(head_chain=[[0, 0.5]]), "the shares of rig.head_chain do not sum to one"),
    "eyes": (described(eye_joints=[0, True]), "eye_joints of its rig are not two joints"),
    "eye joint": (described(eye_joints=[0, 3]), "rig.eye_joints holds 3, the rig has 3 joints"),
    "region name": (described(regions=["../x"]), "regions of its rig has the name '../x', expected letters"),
    "region order": (described(regions=["skin", "lips"]), "regions of its rig are not sorted, or not unique"),
    "scales": (text("scales", "{}"), "its scales are not those of rig.uv, "),
}


@pytest.mark.parametrize(("change", "message"), JSON.values(), ids=JSON.keys())
def test_descriptions(path: Path, change: Callable[[Tensors, dict[str, str]], None], message: str) -> None:
    rewrite(path, change)
    assert refusal(path).startswith(message)


@pytest.mark.parametrize("value", [[-1.0, 1.0], [1.0], [1e31, 1.0]])
def test_scales(path: Path, value: list[float]) -> None:
    def change(_: Tensors, texts: dict[str, str]) -> None:
        texts["scales"] = json.dumps({**json.loads(texts["scales"]), "correctives.colour": value})

    rewrite(path, change)
    assert refusal(path) == "the scales of correctives.colour are not 2 numbers from 0 to 1e30"


HEADERS: dict[str, tuple[Any, str]] = {
    "dtype": ({"dtype": "F64"}, "rig.joints has the unknown dtype 'F64'"),
    "dtype type": ({"dtype": [[]]}, "rig.joints has the unknown dtype '[[]]'"),
    "negative": ({"shape": [-3, -3]}, "the shape of rig.joints is not a list of up to 4 counts"),
    "boolean": ({"shape": [True, 9]}, "the shape of rig.joints is not a list of up to 4 counts"),
    "huge": ({"shape": [10**18, 0]}, "the shape of rig.joints is not a list of up to 4 counts"),
    "size": ({"shape": [3, 4]}, "rig.joints takes 36 bytes, its shape needs 48"),
    "offsets": ({"data_offsets": [9, 3]}, "the data_offsets of rig.joints are not a begin and an end"),
    "overlap": ({"data_offsets": [0, 36]}, " begins at byte "),
    "beyond": ({"data_offsets": [10**9, 10**9 + 36]}, " begins at byte "),
    "extra": ({"more": 1}, "rig.joints is not described by dtype, shape and data_offsets"),
}


@pytest.mark.parametrize(("change", "message"), HEADERS.values(), ids=HEADERS.keys())
def test_headers(path: Path, change: dict[str, Any], message: str) -> None:
    edit_header(path, lambda header: header["rig.joints"].update(change))
    assert message in refusal(path)


def test_truncated_and_extended(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert refusal(path).endswith(f"bytes, the file has {len(content) - 1 - 8 - int.from_bytes(content[:8], 'little')}")
    path.write_bytes(content + b"\0")
    assert refusal(path).startswith("its tensors take ")
    path.write_bytes(content[:100])
    assert refusal(path) == f"its header claims {int.from_bytes(content[:8], 'little')} bytes, the file has 100"
    path.write_bytes(content[:5])
    assert refusal(path) == "it ends after 5 bytes"


def test_other_kinds_of_file(path: Path) -> None:
    path.write_bytes(b"")
    assert refusal(path) == "the file is empty"
    path.write_bytes((2 << 30).to_bytes(8, "little") + b"{}")
    assert refusal(path) == "its header claims 2147483648 bytes, the limit is 16777216"
    path.write_bytes(pickle.dumps({"rig": [1.0] * 100}))
    assert refusal(path) == "it is a Python pickle, which could run code and is never opened"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", "x")
    assert refusal(path) == "it is a zip archive"
    with open(path, "wb") as file:
        write_container(file, {"weight": np.zeros(3, np.float32)}, {})
    assert refusal(path) == "it is a safetensors file without an avatar in it"
    os.truncate(path, 1 << 30)
    assert refusal(path) == "it has 1024 MB, the limit is 256 MB"


def test_no_file_a_folder_and_a_pipe(tmp_path: Path) -> None:
    with pytest.raises(AvatarFileError) as error:
        load_avatar(tmp_path / "x")
    assert str(error.value) == f"{tmp_path}/x: no such file, expected a .splatavatar file."
    with pytest.raises(AvatarFileError) as error:
        load_avatar(tmp_path)
    assert str(error.value) == f"{tmp_path}: a folder, expected a .splatavatar file."
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(AvatarFileError) as error:
        load_avatar(tmp_path / "pipe")
    assert str(error.value) == f"{tmp_path}/pipe: a pipe or a device, expected a .splatavatar file."
    with pytest.raises(AvatarFileError, match="no name that a file can have"):
        load_avatar("a\0b")


def test_a_newer_version(path: Path) -> None:
    rewrite(path, text("version", "7"))
    with pytest.raises(AvatarFileError) as error:
        load_avatar(path)
    assert str(error.value) == (
        f"{path} was made by a newer version of splatavatar (format 7, this one reads 3); upgrade splatavatar"
    )
    rewrite(path, text("version", "one"))
    assert refusal(path) == "its format version is 'one', expected 1 to 3"
