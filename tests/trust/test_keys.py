from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from splatavatar.errors import TrustError
from splatavatar.trust.keys import (
    UNNAMED,
    PasswordNeeded,
    SigningKey,
    fingerprint,
    fingerprint_of,
    grouped,
    has_password,
    new_key,
    own_key,
    own_key_path,
    own_public,
    read_key,
    verified,
    write_key,
)

# RFC 8032, section 7.1, TEST 2
SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_signatures_are_those_of_the_standard() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(SECRET)), "RFC")
    assert (key.public, key.sign(b"\x72")) == (PUBLIC, SIGNATURE)
    assert verified(PUBLIC, b"\x72", SIGNATURE)
    assert not verified(PUBLIC, b"\x73", SIGNATURE)
    assert not verified(PUBLIC, b"\x72", "00" + SIGNATURE[2:])
    # SHA-256 of the public key, by sha256sum
    assert fingerprint(PUBLIC) == "39f713d0a644253f04529421b9f51b9b"


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize(
    "point",
    [
        *("00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f"),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ],
)
def test_keys_by_which_anybody_signs_anything_sign_nothing(point: str, sign: int) -> None:
    public = bytearray.fromhex(point)
    public[31] |= sign
    for content in (b"%d" % number for number in range(16)):
        for first in ("01" + "00" * 31, "00" * 32, "ec" + "ff" * 30 + "7f"):
            assert not verified(public.hex(), content, first + "00" * 32)


def test_a_fingerprint_is_read_as_people_write_it() -> None:
    digits = fingerprint(PUBLIC)
    assert grouped(digits) == "39f7 13d0 a644 253f 0452 9421 b9f5 1b9b"
    assert fingerprint_of(grouped(digits).upper()) == fingerprint_of(grouped(digits).replace(" ", ":")) == digits
    for wrong in ("", digits[:-1], digits + "0", "g" + digits[1:]):
        with pytest.raises(TrustError, match="is no fingerprint, expected 32 hexadecimal digits"):
            fingerprint_of(wrong)


def test_the_own_key_is_made_once_for_its_user_alone(config: Path) -> None:
    before = os.umask(0)
    try:
        first = own_key()
    finally:
        os.umask(before)
    assert own_key().public == first.public
    assert first.name == UNNAMED
    assert stat.S_IMODE(own_key_path().stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    assert sorted(os.listdir(config)) == ["key.pem"]


def test_name_and_password_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, path = new_key("Ann Example, née Müller"), tmp_path / "key.pem"
    write_key(path, key)
    assert (read_key(path).public, read_key(path).name) == (key.public, key.name)
    assert read_key(path, "a password that it does not have").public == key.public
    write_key(path, key, "open sesame")
    assert b"ENCRYPTED" in path.read_bytes()
    assert read_key(path, "open sesame").public == key.public
    with pytest.raises(PasswordNeeded, match="this key has a password, which was not given"):
        read_key(path)
    with pytest.raises(TrustError, match="the password of this key is wrong, or the key is damaged"):
        read_key(path, "open barley")
    monkeypatch.setenv("SPLATAVATAR_KEY_PASSWORD", "open sesame")
    assert read_key(path).name == key.name


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_key(path, new_key("Ann"))
    path.chmod(0o640)
    with pytest.raises(TrustError, match=r"others may read this key; keep it to yourself by: chmod 600 .*key\.pem"):
        read_key(path)


def test_what_is_written_over_a_wide_file_is_narrow(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("")
    path.chmod(0o666)
    write_key(path, new_key("Ann"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_no_key_of_ours_is_one_sentence(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "key.pem"
    for content, sentence in (
        (b"", "not a private key of Ed25519 in PEM"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a private key of Ed25519 in PEM"),
        (bytes(range(256)), "not a private key of Ed25519 in PEM"),
        (other, "a key of another kind, expected a private key of Ed25519 in PEM"),
        (b"x" * (1 << 17), "not a private key of Ed25519 in PEM"),
    ):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(TrustError, match=sentence):
            read_key(path)
    with pytest.raises(TrustError, match="no such file, expected a private key of Ed25519 in PEM"):
        read_key(tmp_path / "absent.pem")


@pytest.mark.parametrize("name", ["", " ", "Ann ", "\u3000Ann", "a\nb", "\x1b[31m", "x" * 201])
def test_a_name_is_a_line(name: str) -> None:
    with pytest.raises(TrustError, match="the name of a signer is a line of 1 to 200 characters, no space at its ends"):
        new_key(name)


@pytest.mark.parametrize("name", ["-----BEGIN me", "ENCRYPTED", "Public: 00", "Name: x"])
def test_no_name_gets_in_the_way_of_the_key(tmp_path: Path, name: str) -> None:
    key, path = new_key(name), tmp_path / "key.pem"
    write_key(path, key)
    assert (read_key(path).public, read_key(path).name) == (key.public, name)
    assert not has_password(path)


def test_what_is_public_of_the_own_key_needs_no_password() -> None:
    assert own_public() is None
    key = own_key()
    assert own_public() == (key.public, UNNAMED)
    write_key(own_key_path(), SigningKey(key.private, "Ann"), "open sesame")
    assert has_password(own_key_path())
    assert own_public() == (key.public, "Ann")
    own_key_path().write_bytes(b"no key")
    assert own_public() is None
