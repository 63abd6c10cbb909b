"""What credentials say, in files of whoever."""

from __future__ import annotations

from pathlib import Path

import pytest

from splatavatar.errors import TrustError
from splatavatar.png import encode_png
from splatavatar.trust.credentials import read as module
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.read import credentials_of
from support.pictures import PICTURE, write_film


def test_files_without_any(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(PICTURE))
    (tmp_path / "a.ply").write_text("ply\n")
    write_film(tmp_path / "a.mp4")
    for name in ("a.png", "a.ply", "a.mp4"):
        assert credentials_of(tmp_path / name) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.png", b"hello"), ("a.mp4", b""), ("a.jpg", encode_png(PICTURE)), ("a.mp4", b"\0\0\0\x18ftypmp42\xff\xff")],
)
def test_what_is_no_film_or_picture(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    try:
        assert credentials_of(path) is None
    except TrustError as error:
        assert str(error).startswith(f"{path}: its content credentials cannot be read: ")


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="no such file, expected a film, a picture or an export"):
        credentials_of(tmp_path / "a.png")


def test_a_store_beside_a_file_that_is_none(tmp_path: Path, marker: Marker) -> None:
    path = tmp_path / "a.ply"
    path.write_text("ply\n")
    beside = tmp_path / "a.ply.c2pa"
    with path.open("rb") as file:
        good = marker.beside(file)
    beside.write_bytes(good)
    assert (found := credentials_of(path)) is not None and found.holds and found.place == beside
    for content in (b"", b"hello", good[:100], good[: len(good) // 2], b"\xff" * 64):
        beside.write_bytes(content)
        with pytest.raises(TrustError) as caught:
            credentials_of(path)
        assert str(caught.value).startswith(f"{path}: its content credentials cannot be read: ")
        assert "\n" not in str(caught.value)


def test_a_store_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.ply").touch()
    monkeypatch.setattr(module, "LARGEST_SIDECAR", 10)
    (tmp_path / "a.ply.c2pa").write_bytes(bytes(11))
    with pytest.raises(TrustError):
        credentials_of(tmp_path / "a.ply")


@pytest.mark.parametrize("junk", [None, 1, "x", [], {}, [1], {"a": 1}, [{"label": 1, "data": []}]])
def test_a_report_of_anything_is_read(junk: object, tmp_path: Path) -> None:
    """The library checks little of what assertions of others hold."""
    for report in (
        {"manifests": junk, "active_manifest": "m"},
        {"manifests": {"m": junk}, "active_manifest": "m"},
        {"manifests": {"m": {"assertions": junk, "claim_generator_info": junk}}, "active_manifest": "m"},
        {
            "manifests": {
                "m": {
                    "assertions": [
                        {"label": "c2pa.actions.v2", "data": {"actions": junk}},
                        {"label": "org.splatavatar.avatar", "data": {"sha256": junk, "signer": junk, "consent": junk}},
                    ]
                }
            },
            "active_manifest": "m",
            "validation_results": {"activeManifest": {"failure": junk}},
        },
    ):
        found = module._said(report, tmp_path)
        assert found.state == "Invalid" and not found.ours and found.driven_by == ()


def test_what_strangers_write_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    nasty = "\x1b[2J\u202egnp"
    shown = module._said(
        {
            "active_manifest": "m",
            "manifests": {
                "m": {
                    "claim_generator_info": [{"name": nasty, "version": nasty}],
                    "signature_info": {"common_name": nasty},
                    "assertions": [{"label": "org.splatavatar.avatar", "data": {"signer": {"name": nasty}}}],
                }
            },
        },
        tmp_path,
    )
    for text in (shown.generator, shown.signed_by, shown.signer):
        assert text is not None and "\x1b" not in text and "\u202e" not in text
