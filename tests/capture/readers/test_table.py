from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.readers.colmap_files import ColmapCamera, ColmapImage
from splatavatar.capture.readers.table import READERS, reader_of
from splatavatar.errors import CaptureError
from support.colmap import write_text
from support.exavatar import custom, neuman
from support.flame_captures import flash_avatar, gaussian_blendshapes, imavatar, insta, pixel3dmm, vhap
from support.nersemble import benchmark, version_1, version_2


def test_a_folder_is_read_by_the_reader_that_knows_it(tiny_capture: Path) -> None:
    reader = reader_of(tiny_capture)
    assert reader is not None and reader.name == "nerfstudio"
    read, again = reader.read(tiny_capture, None, False), read_capture(tiny_capture)
    assert [frame.picture for frame in read.frames] == [frame.picture for frame in again.frames]
    assert read.splits == again.splits


def test_a_folder_that_no_reader_knows(tmp_path: Path) -> None:
    assert reader_of(tmp_path) is None
    with pytest.raises(CaptureError, match="no images in this folder"):
        read_capture(tmp_path)
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(CaptureError) as caught:
        read_capture(tmp_path)
    expected = "; or ".join(f"{reader.expects} ({reader.name})" for reader in READERS)
    assert str(caught.value) == (
        f"{tmp_path}: nothing beside the images says where the cameras are, expected {expected}"
    )


def others(chosen: str, **found: str) -> str:
    """What is said of the readers that were not chosen; ``found`` has what some of them found."""
    return "; ".join(
        f"not {reader.name}: {found.get(reader.name, f'no {reader.expects}')}"
        for reader in READERS
        if reader.name != chosen
    )


def test_why_a_reader_was_chosen(tiny_capture: Path) -> None:
    assert read_capture(tiny_capture).recognised == f"nerfstudio: transforms.json ({others('nerfstudio')})"
    camera = ColmapCamera("PINHOLE", 24, 16, (40.0, 40.0, 12.0, 8.0))
    picture = ColmapImage("t000_cam00.png", 1, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    write_text(tiny_capture / "sparse" / "0", {1: camera}, [picture])
    later = others("nerfstudio", colmap="cameras and images in sparse/0, but asked later")
    assert read_capture(tiny_capture).recognised == f"nerfstudio: transforms.json ({later})"
    assert "not splits: no transforms_train.json; not colmap: cameras and images in sparse/0, but asked later" in later
    (tiny_capture / "rig_params.npz").unlink()
    asked = read_capture(tiny_capture, layout="colmap")
    passed_over = others("colmap", nerfstudio="transforms.json, but not asked for")
    assert asked.recognised == f"colmap: cameras and images in sparse/0 ({passed_over})"
    assert len(asked.frames) == 1


def test_a_format_that_it_is_not(tiny_capture: Path) -> None:
    with pytest.raises(CaptureError) as caught:
        read_capture(tiny_capture, layout="colmap")
    assert str(caught.value) == (
        f"{tiny_capture}: no capture in the format colmap, expected cameras and images in sparse/0, as .bin or .txt"
    )
    with pytest.raises(
        CaptureError, match=rf"unknown format 'ply' of a capture; known are {', '.join(r.name for r in READERS)}"
    ):
        read_capture(tiny_capture, layout="ply")


def test_names_are_unique() -> None:
    assert len({reader.name for reader in READERS}) == len(READERS)


def vhap_motion(root: Path) -> Path:
    """What VHAP exports for others to play: its flame_params.json has no cameras."""
    vhap(root)
    (root / "flame_params.json").write_text('{"translation": [[0, 0, 0]], "expr": [{"expr0": 0.5}]}')
    return root


def nerfstudio(root: Path) -> Path:
    (root / "images").mkdir(parents=True)
    (root / "transforms.json").write_text('{"frames": [{"file_path": "images/a.png"}]}')
    return root


def splits(root: Path) -> Path:
    nerfstudio(root)
    (root / "transforms.json").rename(root / "transforms_train.json")
    return root


def colmap(root: Path) -> Path:
    (root / "images").mkdir(parents=True)
    camera = ColmapCamera("PINHOLE", 24, 16, (40.0, 40.0, 12.0, 8.0))
    picture = ColmapImage("t000_cam00.png", 1, (1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    write_text(root / "sparse" / "0", {1: camera}, [picture])
    return root


LAYOUTS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "vhap": ("vhap", vhap),
    "vhap with a motion": ("vhap", vhap_motion),
    "insta": ("insta", insta),
    "GaussianBlendshapes": ("metrical", gaussian_blendshapes),
    "FlashAvatar": ("metrical", lambda root: flash_avatar(root, root / "checkpoint")),
    "pixel3dmm": ("metrical", lambda root: gaussian_blendshapes(root, pixel3dmm)),
    "imavatar": ("imavatar", imavatar),
    "NeRSemble 1": ("nersemble", version_1),
    "NeRSemble 2": ("nersemble", version_2),
    "NeRSemble benchmark": ("nersemble", benchmark),
    "ExAvatar": ("exavatar", custom),
    "NeuMan": ("exavatar", neuman),
    "nerfstudio": ("nerfstudio", nerfstudio),
    "splits": ("splits", splits),
    "colmap": ("colmap", colmap),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_known_by_its_own_reader_alone(tmp_path: Path, layout: str) -> None:
    name, write = LAYOUTS[layout]
    root = write(tmp_path / "person")
    # Head trackers write transforms.json, which then means something else, and ExAvatar takes what COLMAP has found.
    also = {"nerfstudio"} if name in ("vhap", "insta") else {"colmap"} if layout == "NeuMan" else set()
    knowing = {reader.name for reader in READERS if reader.recognises(root) is not None}
    assert knowing == {name} | also
    found = reader_of(root)
    assert found is not None and found.name == name
    assert {layout_name for layout_name, _ in LAYOUTS.values()} == {reader.name for reader in READERS}
