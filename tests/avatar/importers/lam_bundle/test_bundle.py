"""Folders and zips of files that belong together."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from splatavatar.avatar.importers.lam_bundle.bundle import bundle_names, read_bundle
from splatavatar.errors import AvatarFileError
from support.lam_bundle import zipped

WANTED = {"a.bin": 1 << 20, "b.bin": 1 << 10}
FILES = {"a.bin": b"first" * 100, "b.bin": b"second"}


def archive(path: Path, members: dict[str, bytes]) -> Path:
    path.write_bytes(zipped(members))
    return path


def refusal(source: Path) -> str:
    with pytest.raises(AvatarFileError) as refused:
        read_bundle(source, WANTED, "a bundle")
    assert str(refused.value).startswith(f"{source}") and str(refused.value).endswith(", expected a bundle.")
    return str(refused.value)[len(f"{source}: ") : -len(", expected a bundle.")]


@pytest.mark.parametrize("prefix", ["", "me/", "out/there/", "me\\"])
def test_a_zip_with_or_without_folders(tmp_path: Path, prefix: str) -> None:
    members = {prefix + name: content for name, content in FILES.items()}
    source = archive(tmp_path / "x.zip", {**members, f"__MACOSX/{prefix}a.bin": b"", f"{prefix}._b.bin": b"junk"})
    assert read_bundle(source, WANTED, "a bundle") == FILES
    assert bundle_names(source) == {*FILES}


def test_a_folder_or_one_within_it(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "__MACOSX").mkdir()
    for name, content in FILES.items():
        (inner / name).write_bytes(content)
        (tmp_path / "__MACOSX" / name).write_bytes(b"")
    assert read_bundle(inner, WANTED, "a bundle") == read_bundle(tmp_path, WANTED, "a bundle") == FILES
    (inner / "b.bin").unlink()
    assert refusal(tmp_path) == "no b.bin in it"
    (inner / "b.bin").write_bytes(b"x" * 1025)
    with pytest.raises(AvatarFileError, match=r"b\.bin: more than 1 KiB"):
        read_bundle(inner, WANTED, "a bundle")


def test_zips_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    assert refusal(archive(path, {"a.bin": b"x"})) == "no b.bin in it"
    both = {f"{folder}/{name}": content for folder in ("one", "two") for name, content in FILES.items()}
    assert refusal(archive(path, both)) == "2 folders with a a.bin"
    assert refusal(archive(path, {**FILES, "../../out.bin": b"x"})).startswith("a zip with the member '../../out.bin'")
    assert "which would lie outside" in refusal(archive(path, {**FILES, "..\\out.bin": b"x"}))
    assert refusal(archive(path, {**FILES, "/etc/out.bin": b"x"})).startswith("a zip with the member '/etc/out.bin'")
    assert refusal(archive(path, {**FILES, "b.bin": b"x" * 2000})) == "a member 'b.bin' of 0 MiB"
    path.write_bytes(b"PK\3\4" + b"x" * 50)
    assert refusal(path) == "no zip file"
    path.write_bytes(b"")
    assert refusal(path) == "no zip file"
    content = zipped(FILES)
    path.write_bytes(content[: len(content) // 2])
    assert refusal(path) == "no zip file"
    spoiled = bytearray(content)
    spoiled[40] ^= 0x55  # of what is compressed
    path.write_bytes(spoiled)
    assert refusal(path) in ("damaged", "no zip file")


def test_encrypted_or_rarely_compressed_members(tmp_path: Path) -> None:
    path = archive(tmp_path / "x.zip", FILES)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\1\2")
    content[at + 8] |= 1
    path.write_bytes(content)
    assert refusal(path) == "a member 'a.bin' that is encrypted"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as written:
        for name, member in FILES.items():
            written.writestr(name, member)
    path.write_bytes(out.getvalue())
    assert refusal(path) == "a member 'a.bin' in another compression than deflate"


def test_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    """Sixteen million zeros that say they are 16 MB, and the same that say they are few."""
    path = archive(tmp_path / "x.zip", {**FILES, "a.bin": bytes(16 << 20)})
    tracemalloc.start()
    assert refusal(path) == "a member 'a.bin' of 16 MiB"
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\1\2")
    content[at + 24 : at + 28] = (1 << 19).to_bytes(4, "little")
    path.write_bytes(content)
    assert refusal(path) in ("damaged", "no zip file")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_names_of_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    assert bundle_names(tmp_path / "x.zip") == bundle_names(tmp_path / "absent") == set()
