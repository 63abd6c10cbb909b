"""Pictures of any kind, and files that say they are larger than anybody would make one."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from splatavatar.errors import TrustError
from splatavatar.pictures import read_picture, stated_size
from splatavatar.png import SIGNATURE

PICTURE = np.random.default_rng(0).integers(0, 256, (24, 37, 3), np.uint8)
KINDS = {
    ".png": [],
    ".jpg": [],
    ".jpeg": [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
    ".bmp": [],
    ".tif": [],
    ".webp": [cv2.IMWRITE_WEBP_QUALITY, 80],
}


def encoded(suffix: str, picture: np.ndarray = PICTURE, options: list[int] | None = None) -> bytes:
    return cv2.imencode(suffix, picture, KINDS[suffix] if options is None else options)[1].tobytes()


@pytest.mark.parametrize("suffix", KINDS)
def test_what_a_picture_says_of_its_size(suffix: str) -> None:
    assert stated_size(encoded(suffix)) == (37, 24)


def test_webp_of_every_kind() -> None:
    lossless = encoded(".webp", options=[cv2.IMWRITE_WEBP_QUALITY, 101])
    assert lossless[12:16] == b"VP8L" and stated_size(lossless) == (37, 24)
    extended = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + bytes([36, 0, 0, 23, 0, 0])
    assert stated_size(extended) == (37, 24)


def test_other_orders_and_old_headers() -> None:
    tiff = struct.pack(">4sIHHHIHHHHII", b"MM\0*", 8, 2, 256, 3, 1, 37, 0, 257, 4, 1, 24)
    assert stated_size(tiff) == (37, 24)
    assert stated_size(b"BM" + bytes(12) + struct.pack("<IHH", 12, 37, 24)) == (37, 24)
    assert stated_size(b"BM" + bytes(12) + struct.pack("<Iii", 40, 37, -24)) == (37, 24)


@pytest.mark.parametrize("suffix", KINDS)
def test_what_is_cut_off_anywhere_says_its_size_or_nothing(suffix: str) -> None:
    content = encoded(suffix)
    assert {stated_size(content[:length]) for length in range(len(content))} <= {None, (37, 24)}
    assert stated_size(b"no picture") is None


@pytest.mark.parametrize("suffix", KINDS)
def test_one_that_is_too_large(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encoded(suffix))
    assert read_picture(path, TrustError, most=37 * 24).shape == (24, 37, 3)
    with pytest.raises(TrustError, match="a picture of 37x24 pixels, at most 887 are read"):
        read_picture(path, TrustError, most=37 * 24 - 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the most memory used")
def test_what_merely_claims_to_be_large_takes_no_memory(tmp_path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    side = 16_000
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 + side // 8) * side)
    path = tmp_path / "a.png"
    path.write_bytes(SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    program = (
        "import sys\n"
        "from splatavatar.errors import TrustError\n"
        "from splatavatar.trust.watermark.files import detect_in\n"
        "try:\n    detect_in(sys.argv[1])\n"
        "except TrustError as error:\n    print(error)\n"
        # Not getrusage, which counts the memory of the process that it was forked from, too.
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    told, most = done.stdout.splitlines()
    assert "a picture of 16000x16000 pixels" in told
    assert int(most) < 1 << 20, "kilobytes: its colours alone are 0.77 GB, and OpenCV takes as much again"
