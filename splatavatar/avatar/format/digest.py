"""The checksum of an avatar file: SHA-256 of everything that matters in it.

The digest is the SHA-256 of this text, in UTF-8, each line ended by one line feed:

    splatavatar digest 1
    entry NAME HASH                 each entry of __metadata__ but ``sha256`` and ``signature``
    tensor NAME DTYPE SHAPE HASH    each tensor

Entries come first, and both are in ascending order of their names. HASH is the SHA-256 of the text of the entry (UTF-8,
after JSON's escapes are resolved) or of the tensor's bytes as they lie in the file (numbers little-endian, rows first).
DTYPE is the name that safetensors gives the type. SHAPE is the sizes joined by commas, or ``-`` for a tensor without
dimensions. All hashes are written in 64 lower-case hexadecimal digits. Names are of letters, digits, ``_``, ``-`` and
``.``, so that a line can be read in one way only.

Where a tensor lies in the file does not matter, nor how the header is spaced: a program that writes the same tensors
and entries anew need not compute the digest anew. ``signature`` is left out so that what will be signed can be this
digest.
"""

from __future__ import annotations

import re
from hashlib import sha256

import numpy as np

from splatavatar.avatar.avatar import Defect
from splatavatar.avatar.format.container import NAMES, Tensors

ENTRY = "sha256"
"""the entry of ``__metadata__`` that holds the digest"""
SIGNATURE = "signature"
_FIRST = "splatavatar digest 1"
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,200}")


def digest(tensors: Tensors, texts: dict[str, str]) -> str:
    """The digest of tensors and entries of ``__metadata__``, 64 hexadecimal digits.

    Raises Defect for a name that has no place in a line.
    """
    lines = [_FIRST]
    for name in sorted(texts.keys() - {ENTRY, SIGNATURE}):
        lines.append(f"entry {_plain(name)} {sha256(texts[name].encode()).hexdigest()}")
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        shape = ",".join(map(str, tensors[name].shape)) or "-"
        content = sha256(tensor.reshape(-1).view(np.uint8).data).hexdigest()
        lines.append(f"tensor {_plain(name)} {NAMES[tensor.dtype]} {shape} {content}")
    return sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def check_digest(tensors: Tensors, texts: dict[str, str]) -> None:
    """Raise Defect where the entry ``sha256`` is there and is not the digest of the others."""
    if ENTRY in texts and texts[ENTRY] != digest(tensors, texts):
        raise Defect(
            "its content does not match its checksum, so it was damaged or changed after it was written; copy it again"
            " from where it came, or bake it again"
        )


def _plain(name: str) -> str:
    if not _PLAIN.fullmatch(name):
        raise Defect(f"it holds the name {name[:40]!r}, expected letters, digits, _, - and .")
    return name
