"""Writes the golden vectors of consent and signatures, which the page reads: what Python makes of right and wrong ones.

Run it after a change of either: ``PYTHONPATH=tests python -m support.trust_golden``.
"""

from __future__ import annotations

import base64
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.consent import Consent
from splatavatar.avatar.file import digest_of, quantised, save_avatar
from splatavatar.avatar.format.signature import Signature
from splatavatar.trust.keys import fingerprint, grouped
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


def signed(avatar: Avatar) -> Signature:
    """A signature of the avatar by a key that everybody knows."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = private.public_key().public_bytes_raw().hex()
    date = Consent.from_json(RECORD).date
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


def golden() -> dict[str, Any]:
    """The content of the file: records, entries, and a signed avatar with its key's fingerprint."""
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
    return {
        "consents": consents(),
        "entries": entries(replace(signature, sha256="5e" * 32, signature="0f" * 64).to_text()),
        "fingerprint": grouped(fingerprint(signature.key)),
        "name": signature.name,
        "file": base64.b64encode(content).decode(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / FILE).write_text(json.dumps(golden(), separators=(",", ":")) + "\n", encoding="utf-8")
