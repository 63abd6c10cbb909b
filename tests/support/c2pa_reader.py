"""A second reader of content credentials, of the standards alone, without the library that writes them.

JUMBF (ISO/IEC 19566-5), CBOR (RFC 8949), COSE_Sign1 (RFC 9052), and how C2PA 2.2 binds them to a file: data hashes with
ranges left out, and hashes of the boxes of an mp4, each after its place. It knows what our files have and fails loudly.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""of the box in which an mp4 holds them"""
ES256 = -7


@dataclass(frozen=True)
class Box:
    """One box of JUMBF: a superbox has a label and boxes within, another one has content."""

    label: str
    content: bytes
    """behind the header of the box"""
    inner: list[Box]

    def find(self, path: str) -> Box:
        """The box within of that path of labels."""
        first, _, rest = path.partition("/")
        found = next(box for box in self.inner if box.label == first)
        return found.find(rest) if rest else found

    @property
    def data(self) -> bytes:
        """The content of the only box within."""
        return self.inner[0].content


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int, int]]:
    """Kind, place, place of the content and end of each box."""
    at = 0
    while at < len(data):
        size, kind, head = *struct.unpack(">I4s", data[at : at + 8]), 8
        if size == 1:
            size, head = struct.unpack(">Q", data[at + 8 : at + 16])[0], 16
        end = len(data) if size == 0 else at + size
        assert at + head <= end <= len(data), (kind, at, size)
        yield kind, at, at + head, end
        at = end


def jumbf(data: bytes) -> list[Box]:
    found = []
    for kind, _, begin, end in boxes(data):
        content = data[begin:end]
        if kind == b"jumb":
            inner = list(boxes(content))
            assert inner[0][0] == b"jumd"
            description = content[inner[0][2] : inner[0][3]]
            assert description[16] & 3 == 3  # it may be asked for, and has a label
            found.append(Box(description[17:].split(b"\0")[0].decode(), content, jumbf(content[inner[0][3] :])))
        else:
            found.append(Box(kind.decode("latin1"), content, []))
    return found


class Cbor:
    """Reads CBOR with definite and indefinite lengths."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def value(self) -> Any:
        first = self._take(1)[0]
        major, detail = first >> 5, first & 31
        if first == 0xFF:
            return StopIteration
        if major == 7:
            if detail in (25, 26, 27):
                return struct.unpack({25: ">e", 26: ">f", 27: ">d"}[detail], self._take(1 << (detail - 24)))[0]
            return {20: False, 21: True, 22: None, 23: None}[detail]
        endless = detail == 31
        size = 0 if endless else detail if detail < 24 else int.from_bytes(self._take(1 << (detail - 24)), "big")
        if major < 2:
            return size if major == 0 else -1 - size
        if major in (2, 3):
            content = b"".join(self._until()) if endless else self._take(size)
            return content if major == 2 else content.decode() if isinstance(content, bytes) else content
        if major == 4:
            return list(self._until()) if endless else [self.value() for _ in range(size)]
        if major == 5:
            items = list(self._until()) if endless else [self.value() for _ in range(2 * size)]
            return dict(zip(items[::2], items[1::2], strict=True))
        return self.value()  # a tag

    def _until(self) -> Iterator[Any]:
        while (value := self.value()) is not StopIteration:
            yield value

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        assert len(taken) == count
        self._at += count
        return taken


def cbor(data: bytes) -> Any:
    return Cbor(data).value()


def store_of(asset: bytes) -> bytes:
    """The manifest store inside a PNG or an mp4."""
    if asset.startswith(b"\x89PNG"):
        at = 8
        while at < len(asset):
            size, kind = struct.unpack(">I4s", asset[at : at + 8])
            if kind == b"caBX":
                return asset[at + 8 : at + 8 + size]
            at += 12 + size
        raise AssertionError("no caBX")
    for kind, _, begin, end in boxes(asset):
        if kind == b"uuid" and asset[begin : begin + 16] == UUID:
            # Version and flags, the purpose with a zero, and the place of an auxiliary box.
            purpose, _, rest = asset[begin + 20 : end].partition(b"\0")
            assert purpose == b"manifest"
            return rest[8:]
    raise AssertionError("no uuid box of C2PA")


@dataclass(frozen=True)
class Read:
    """What was read, after everything in it was checked."""

    claim: dict[str, Any]
    assertions: dict[str, Any]
    chain: list[x509.Certificate]


def read(asset: bytes, store: bytes | None = None) -> Read:
    """The newest manifest of ``asset``, whose store is in it or beside it. AssertionError where anything is wrong."""
    (whole,) = jumbf(store_of(asset) if store is None else store)
    assert whole.label == "c2pa"
    manifest = whole.inner[-1]
    signed = manifest.find("c2pa.claim.v2").data
    chain = _check_signature(cbor(manifest.find("c2pa.signature").data), signed)
    claim = cbor(signed)
    assertions = {}
    for said in claim["created_assertions"] + claim.get("gathered_assertions", []):
        path = said["url"].removeprefix("self#jumbf=").split(f"/c2pa/{manifest.label}/")[-1]
        box = manifest.find(path)
        assert hashlib.sha256(box.content).digest() == said["hash"], path
        assertions[box.label] = cbor(box.data)
    binding = next(label for label in assertions if label.startswith("c2pa.hash."))
    check = _check_bytes if binding == "c2pa.hash.data" else _check_boxes
    check(assertions[binding], asset)
    return Read(claim, assertions, chain)


def _check_signature(sign1: Any, claim: bytes) -> list[x509.Certificate]:
    protected, unprotected, payload, signature = sign1
    assert payload is None
    header = cbor(protected)
    assert header[1] == ES256
    given = header[33] if 33 in header else unprotected["x5chain"]
    chain = [x509.load_der_x509_certificate(one) for one in (given if isinstance(given, list) else [given])]
    structure = b"\x84" + _text("Signature1") + _bytes(protected) + _bytes(b"") + _bytes(claim)
    key = chain[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and len(signature) == 64
    halves = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(encode_dss_signature(*halves), structure, ec.ECDSA(hashes.SHA256()))
    for below, above in pairwise(chain):
        below.verify_directly_issued_by(above)
    return chain


def _check_bytes(binding: dict[str, Any], asset: bytes) -> None:
    assert binding["alg"] == "sha256"
    digest, at = hashlib.sha256(), 0
    for left_out in sorted(binding.get("exclusions") or [], key=lambda one: one["start"]):
        digest.update(asset[at : left_out["start"]])
        at = left_out["start"] + left_out["length"]
    digest.update(asset[at:])
    assert digest.digest() == binding["hash"], "the bytes of the file are not those that were signed"


def _check_boxes(binding: dict[str, Any], asset: bytes) -> None:
    """The outermost boxes but those left out, each after its place in the file in eight bytes (C2PA 2.2, 18.6.2)."""
    left_out = {}
    for one in binding["exclusions"]:
        name = one["xpath"].removeprefix("/")
        assert "/" not in name and one.get("subset") is None, one
        left_out[name.encode()] = one.get("data") or []
    digest = hashlib.sha256()
    for kind, at, _, end in boxes(asset):
        if kind in left_out and all(
            asset[at + data["offset"] :].startswith(bytes(data["value"])) for data in left_out[kind]
        ):
            continue
        digest.update(struct.pack(">Q", at) + asset[at:end])
    assert digest.digest() == binding["hash"], "the boxes of the film are not those that were signed"


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    width = next(width for width in (1, 2, 4, 8) if size < 1 << 8 * width)
    return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[width]]) + size.to_bytes(width, "big")


def _text(text: str) -> bytes:
    return _head(3, len(text.encode())) + text.encode()


def _bytes(content: bytes) -> bytes:
    return _head(2, len(content)) + content
