"""Writes the golden vectors of consent and signatures, which the page reads: what Python makes of right and wrong ones.

Run it after a change of either: ``PYTHONPATH=tests python -m support.trust_golden``.
"""

from __future__ import annotations

import base64
import datetime
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.consent import Consent
from splatavatar.avatar.file import digest_of, parse_avatar, quantised, save_avatar
from splatavatar.avatar.format.container import canonical_json, parse_container
from splatavatar.avatar.format.signature import Signature
from splatavatar.errors import AvatarFileError
from splatavatar.trust.keys import fingerprint, grouped
from splatavatar.trust.verification import verify_avatar
from splatavatar.viewer import site
from support.random_avatar import random_avatar

FOLDER = Path(site.__file__).parent / "web" / "tests" / "golden"
FILE = "trust.json"
RECORD: dict[str, Any] = {
    "subject": "Ada Löwe",
    "given_by": "Ada Löwe",
    "how": "asked at the terminal",
    "date": "2026-11-27",
    "scope": {"private": True, "calls": True, "publication": False, "commercial": False, "training": False},
    "expires": "2028-02-29",
    "revocation": "https://example.org/ada, or mail to ada@example.org",
    "sources": ["0a" * 32],
    "spoken": {"sha256": "b1" * 32, "begins": 1.5, "ends": 6.25, "date": "2026-11-27"},
}


def changes() -> list[tuple[str, Any]]:
    """Fields of ``RECORD`` with other values, right ones and wrong ones; None takes a field out."""
    spoken = RECORD["spoken"]
    return [
        ("subject", None),
        ("subject", ""),
        ("subject", "   "),
        ("subject", "two\nlines"),
        ("subject", "a\u200bb"),
        ("subject", "a\u00a0b"),
        ("subject", "\u202etxet"),
        ("subject", "\U0001f9d1" * 200),
        ("subject", "\U0001f9d1" * 201),
        ("subject", 7),
        ("how", "x" * 500),
        ("how", "x" * 501),
        ("date", "2026-02-29"),
        ("date", "2026-2-9"),
        ("date", "20261127"),
        ("date", "0000-01-01"),
        ("date", "0001-01-01"),
        ("date", "2026-11-27T00:00"),
        ("date", "\u0662026-11-27"),
        ("scope", {}),
        ("scope", {"calls": True}),
        ("scope", {"calls": 1}),
        ("scope", {"parties": True}),
        ("scope", ["calls"]),
        ("expires", None),
        ("expires", "2026-11-27"),
        ("expires", "2026-11-26"),
        ("expires", "never"),
        ("revocation", None),
        ("revocation", []),
        ("sources", []),
        ("sources", ["0A" * 32]),
        ("sources", "0a" * 32),
        ("spoken", None),
        ("spoken", {**spoken, "ends": 1.5}),
        ("spoken", {**spoken, "begins": True}),
        ("spoken", {**spoken, "begins": -1}),
        ("spoken", {**spoken, "ends": 1e7}),
        ("spoken", {**spoken, "words": "red fox"}),
        ("spoken", {**spoken, "sha256": "b1"}),
        ("spoken", {**spoken, "date": "today"}),
        ("wish", "not on Sundays"),
    ]


def consents() -> list[dict[str, Any]]:
    """Records, and what is read of each or that it is refused."""
    values: list[Any] = [RECORD, [], "yes", {**RECORD, "expires": None}, {**RECORD, "sources": None}]
    for field, value in changes():
        left = {name: kept for name, kept in RECORD.items() if name != field}
        values.append(left if value is None else {**left, field: value})
    out = []
    for value in values:
        try:
            record: dict[str, Any] | None = Consent.from_json(value).to_json()
        except Defect:
            record = None
        out.append({"value": value, "record": record})
    return out


def signed(avatar: Avatar, date: datetime.date | None = None) -> Signature:
    """A signature of the avatar by a key that everybody knows, on the day of its consent or another."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = private.public_key().public_bytes_raw().hex()
    date = date or Consent.from_json(RECORD).date
    empty = Signature(public, 'Löwe & Söhne "GmbH" \\ \U0001f9d1', date, digest_of(avatar), "")
    return replace(empty, signature=private.sign(empty.signed_bytes()).hex())


def entries(right: str) -> list[dict[str, Any]]:
    """Entries of a header, and what is signed of each or that it is refused."""
    value = json.loads(right)
    texts = [
        right,
        right + " ",
        json.dumps(value),
        json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        right.replace('"key"', '"Key"'),
        right[:-1],
        right.replace("Löwe", "L\\u00f6we"),
        right[:-1] + ',"key":"' + value["key"] + '"}',
        "[]",
        "null",
        "x" * 5000,
    ]
    for field, other in (
        ("key", value["key"].upper()),
        ("key", value["key"][:-1]),
        ("name", ""),
        ("name", " "),
        ("name", "x" * 200),
        ("name", "x" * 201),
        ("name", "a\tb"),
        ("date", "2026-13-01"),
        ("date", "20261127"),
        ("date", "2026-W48-5"),
        ("date", "2026-02-29"),
        ("sha256", 5),
        ("signature", "g" * 128),
        ("more", "x"),
    ):
        texts.append(json.dumps({**value, field: other}, sort_keys=True, ensure_ascii=False, separators=(",", ":")))
    out = []
    for text in texts:
        try:
            signed_text: str | None = Signature.from_text(text).signed_bytes().decode()
        except Defect:
            signed_text = None
        out.append({"text": text, "signed": signed_text})
    return out


def verdict(content: bytes, path: Path, today: datetime.date) -> str:
    """What Python says of the bytes of a file: ``valid``, ``wrong``, ``unsigned``, or ``refused``."""
    try:
        parse_avatar(content, "it")  # most that is refused is so before there need be a file
        path.write_bytes(content)
        found = verify_avatar(path, today=today)
    except AvatarFileError:
        return "refused"
    return "valid" if found.holds else "unsigned" if found.avatar.signature is None else "wrong"


def headed(header: dict[str, Any] | bytes, data: bytes, pad: int = 8) -> bytes:
    """A file of that header, whose keys stay in their order, or of that text of one."""
    text = header if isinstance(header, bytes) else canonical_json(header, sort=False).encode()
    text += b" " * (-len(text) % pad)
    return len(text).to_bytes(8, "little") + text + data


def layouts(content: bytes) -> dict[str, bytes]:
    """The same signed tensors and entries in other bytes."""
    start = 8 + int.from_bytes(content[:8], "little")
    text, data = content[8:start], content[start:]
    header = json.loads(text)
    entries, tensors = header["__metadata__"], {name: header[name] for name in header if name != "__metadata__"}
    first, backwards = next(iter(tensors)), dict(reversed(tensors.items()))
    turned = {name: dict(reversed(entry.items())) for name, entry in tensors.items()}
    swapped: dict[str, Any] = {}
    parts = []
    arrays, offset = parse_container(content)[0], 0
    for name in backwards:
        part = arrays[name].tobytes()
        swapped[name] = {**tensors[name], "data_offsets": [offset, offset + len(part)]}
        parts.append(part)
        offset += len(part)
    spelled = text.replace(b"L\xc3\xb6we", b"L\\u00f6we").rstrip()
    return {
        "as it is": headed(header, data),
        "without its checksum": headed(
            {"__metadata__": {name: entry for name, entry in entries.items() if name != "sha256"}, **tensors}, data
        ),
        "without its signature": headed(
            {"__metadata__": {name: entry for name, entry in entries.items() if name != "signature"}, **tensors}, data
        ),
        "with an entry that nobody knows": headed({"__metadata__": {**entries, "zone": "x"}, **tensors}, data),
        "with more spaces": (start - 8 + 8).to_bytes(8, "little") + text + b" " * 8 + data,
        "with a line feed at the end of its header": content[:8] + text[:-1] + b"\n" + data,
        "with a space in its header": headed(text.replace(b":{", b": {", 1), data),
        "with entries in another order": headed({"__metadata__": dict(reversed(entries.items())), **tensors}, data),
        "with the entries last": headed({**tensors, "__metadata__": entries}, data),
        "with a description in another order": headed({"__metadata__": entries, **tensors, first: turned[first]}, data),
        "with descriptions in another order": headed(
            {"__metadata__": entries, **dict(reversed(tensors.items()))}, data
        ),
        "with tensors in another order": headed({"__metadata__": entries, **swapped}, b"".join(parts)),
        "with a letter spelled in another way": headed(spelled, data),
        "with a mark of byte order": headed(b"\xef\xbb\xbf" + text.rstrip(), data),
        "with an entry twice": headed(text.replace(b'{"format"', b'{"format":"x","format"', 1).rstrip(), data),
        "not filled up": headed(header, data, 1),
    }


def splice(before: bytes, after: bytes) -> dict[str, Any]:
    """What makes one of the other: so many bytes that stay at the beginning and at the end, and those between."""
    most = min(len(before), len(after))
    begin = next((i for i in range(most) if before[i] != after[i]), most)
    end = next((i for i in range(most - begin) if before[-1 - i] != after[-1 - i]), most - begin)
    between = base64.b64encode(after[begin : len(after) - end]).decode()
    return {"begin": begin, "end": end, "between": between}


def flipped(content: bytes, path: Path, today: datetime.date) -> str:
    """The first letter of the verdict after a change of a bit of each byte in turn."""
    letters = []
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1 << (at % 8)
        letters.append(verdict(bytes(changed), path, today)[0])
    return "".join(letters)


def golden() -> dict[str, Any]:
    """The content of the file: records, entries, a signed avatar with its key's fingerprint, and what becomes of it."""
    avatar = quantised(
        random_avatar(
            np.random.default_rng(30),
            gaussians=3,
            vertices=4,
            faces=2,
            expressions=1,
            joints=2,
            correctives=0,
            metadata={"name": "Signed", "consent": RECORD},
        )
    )
    signature = signed(avatar)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signed.splatavatar"
        save_avatar(path, replace(avatar, signature=signature.to_text()))
        content = path.read_bytes()
        day = signature.date
        files = [
            {"what": what, "verdict": verdict(changed, path, day), **splice(content, changed)}
            for what, changed in layouts(content).items()
        ]
        days = {
            str(today): verdict(content, path, today)
            for today in (day - datetime.timedelta(days=back) for back in (-1, 0, 1, 2, 400))
        }
        flips = flipped(content, path, day)
    return {
        "consents": consents(),
        "entries": entries(replace(signature, sha256="5e" * 32, signature="0f" * 64).to_text()),
        "fingerprint": grouped(fingerprint(signature.key)),
        "name": signature.name,
        "files": files,
        "days": days,
        "flips": flips,
        "file": base64.b64encode(content).decode(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / FILE).write_text(json.dumps(golden(), separators=(",", ":")) + "\n", encoding="utf-8")
