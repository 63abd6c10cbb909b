from __future__ import annotations

import json
from pathlib import Path

import pytest

from splatavatar.errors import OutputError, TrustError
from splatavatar.trust.keys import SigningKey, new_key
from splatavatar.trust.revocation import read_revocation, revoke, write_revocation
from splatavatar.trust.signing import signature_of

DIGEST = "5" * 64


def test_it_comes_back(tmp_path: Path, ann: SigningKey) -> None:
    path = tmp_path / "a.revocation"
    revocation = revoke(signature_of(DIGEST, ann), ann)
    write_revocation(path, revocation)
    assert read_revocation(path) == revocation
    assert revocation.takes_back(signature_of(DIGEST, ann))
    assert not revocation.takes_back(signature_of("6" * 64, ann))
    assert not revocation.takes_back(signature_of(DIGEST, new_key("Ann")))


def test_nothing_but_an_older_revocation_is_written_over(tmp_path: Path, ann: SigningKey) -> None:
    path, revocation = tmp_path / "a", revoke(signature_of(DIGEST, ann), ann)
    for content in (b"", b"an avatar", b"{}"):
        path.write_bytes(content)
        with pytest.raises(OutputError, match="something else than a revocation is there, and stays"):
            write_revocation(path, revocation)
        assert path.read_bytes() == content
    path.unlink()
    for _ in range(2):
        write_revocation(path, revocation)
    assert read_revocation(path) == revocation


def test_only_the_key_that_signed_revokes(ann: SigningKey) -> None:
    with pytest.raises(TrustError, match="only the key that signed it can revoke it"):
        revoke(signature_of(DIGEST, ann), new_key("Ann"))


def test_every_change_of_it_is_found(tmp_path: Path, ann: SigningKey) -> None:
    path = tmp_path / "a.revocation"
    good = revoke(signature_of(DIGEST, ann), ann, whole_key=True)
    other = new_key("Ann").public
    for field, value, sentence in (
        ("what", "avatar", "its signature is not that of the key it names, so it revokes nothing"),
        ("name", "Bob", "its signature is not that of the key it names"),
        ("date", "2020-01-01", "its signature is not that of the key it names"),
        ("of", other, "it revokes another key than the one that signs it"),
        ("what", "everything", "it revokes neither an avatar nor a key"),
        ("date", "soon", "its date is not a day"),
        ("name", "", "its name is not a line"),
        ("key", "00", "its key is not 64 hexadecimal digits"),
        ("signature", 3, "its signature is not 128 hexadecimal digits"),
        ("more", "x", "not a table of date, key, name, of, signature, what"),
    ):
        path.write_text(json.dumps({**json.loads(good.to_text()), field: value}))
        with pytest.raises(TrustError, match=sentence):
            read_revocation(path)
    for text in ("", "null", "[" * 9000):
        path.write_text(text)
        with pytest.raises(TrustError, match="expected a revocation as splatavatar revoke writes it"):
            read_revocation(path)
