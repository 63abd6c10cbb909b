"""The certificate that signs: made at first use, or brought along."""

from __future__ import annotations

import datetime
import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from splatavatar.errors import TrustError
from splatavatar.png import encode_png
from splatavatar.trust.credentials import certificate as module
from splatavatar.trust.credentials.certificate import (
    SELF_MADE,
    make_certificate,
    own_certificate,
    own_paths,
    read_certificate,
)
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import Origin
from splatavatar.trust.credentials.read import credentials_of
from splatavatar.trust.keys import PASSWORD, PasswordNeeded
from support.certificates import SERVERS, Wanted, write_chain
from support.pictures import PICTURE


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user in which nothing is yet."""
    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv(PASSWORD, raising=False)
    return tmp_path / "config"


def test_one_is_made_at_first_use_and_said_once(config: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = own_certificate()
    assert first.self_made and first.algorithm == "es256"
    place, key = own_paths()
    assert place == config / "credentials" / "certificate.pem"
    assert caplog.messages == [
        f"{place}: made, to sign what is written from now on; nobody vouches for it, so that validators of content "
        "credentials say that they do not know the signer (docs/trust.md)"
    ]
    assert key.stat().st_mode & 0o777 == 0o600 and place.parent.stat().st_mode & 0o777 == 0o700
    assert own_certificate() == first
    assert len(caplog.messages) == 1


def test_it_is_what_c2pa_asks_for_and_says_nothing_of_anybody() -> None:
    leaf, authority = x509.load_pem_x509_certificates(make_certificate().chain)
    leaf.verify_directly_issued_by(authority)
    assert leaf.issuer != leaf.subject
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert [name.value for name in authority.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [SELF_MADE]
    said = f"{leaf.subject}{leaf.issuer}{authority.subject}".lower()
    for personal in (getpass.getuser(), socket.gethostname()):
        assert personal.lower() not in said


def test_one_that_is_over_is_made_anew(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = own_certificate()
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=366 * 11)
    monkeypatch.setattr(module, "_now", lambda: later)
    second = own_certificate()
    assert second.self_made and second.chain != first.chain


def test_that_of_the_user_is_never_replaced(config: Path) -> None:
    (config / "credentials").mkdir(parents=True)
    certificate, _ = write_chain(config / "credentials", Wanted(ends=-1))
    before = certificate.read_bytes()
    with pytest.raises(TrustError, match=r"certificate\.pem: this certificate expired on 20"):
        own_certificate()
    assert certificate.read_bytes() == before
    write_chain(config / "credentials")
    assert not own_certificate().self_made


class Killed(BaseException):
    """The end of a program that nothing catches."""


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
@pytest.mark.parametrize("over", [False, True], ids=["new", "over"])
def test_who_is_killed_while_it_is_made_has_another_made(
    config: Path, monkeypatch: pytest.MonkeyPatch, steps: int, over: bool
) -> None:
    """Killed before or behind each of the two writes, the next program has a certificate that works."""
    first = own_certificate() if over else None
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=366 * 11 if over else 0)
    monkeypatch.setattr(module, "_now", lambda: later)
    real, left = module.private_write, [steps]

    def step() -> None:
        left[0] -= 1
        if not left[0]:
            raise Killed

    @contextmanager
    def write(path: Path) -> Iterator[BinaryIO]:
        step()
        with real(path) as file:
            yield file
        step()

    with monkeypatch.context() as patched:
        patched.setattr(module, "private_write", write)
        with pytest.raises(Killed):
            own_certificate()
    made = own_certificate()
    assert made.self_made and (first is None or made.chain != first.chain)
    assert own_certificate() == made


def test_a_key_of_the_users_own_is_never_replaced(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_certificate()
    place, key = own_paths()
    (config / "elsewhere").mkdir()
    _, theirs = write_chain(config / "elsewhere")
    theirs.replace(key)
    before = key.read_bytes()
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=366 * 11)
    for _ in range(2):
        with pytest.raises(TrustError, match="not the key of"):
            own_certificate()
        assert key.read_bytes() == before
        monkeypatch.setattr(module, "_now", lambda: later)
    place.unlink()
    with pytest.raises(TrustError, match=r"certificate\.pem: no such file"):
        own_certificate()
    assert key.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="permissions are others there")
@pytest.mark.parametrize("password", [None, b"Kirschbaum"])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, password: bytes | None) -> None:
    certificate, key = write_chain(tmp_path, password=password)
    for mode in (0o640, 0o604, 0o622):
        key.chmod(mode)
        with pytest.raises(TrustError) as caught:
            read_certificate(certificate, key, "Kirschbaum")
        assert str(caught.value) == f"{key}: others may read this key; keep it to yourself by: chmod 600 {key}"
    key.chmod(0o400)
    assert read_certificate(certificate, key, "Kirschbaum")


def test_it_does_not_say_at_what_time_it_was_made() -> None:
    for one in x509.load_pem_x509_certificates(make_certificate().chain):
        for when in (one.not_valid_before_utc, one.not_valid_after_utc):
            assert (when.hour, when.minute, when.second) == (0, 0, 0)
        age = datetime.datetime.now(datetime.timezone.utc) - one.not_valid_before_utc
        assert datetime.timedelta(days=1) <= age < datetime.timedelta(days=2, minutes=1)


def test_where_nothing_can_be_kept_there_is_one_for_this_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(tmp_path / "file" / "config"))
    assert own_certificate().self_made
    (said,) = caplog.messages
    assert said.startswith("content credentials are signed with a certificate of this run alone: cannot make")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(begins=-9, ends=-2), "this certificate expired on {gone}; have a new one made"),
        (Wanted(begins=1), "this certificate is good from {soon} on only"),
        (Wanted(itself=True), "this certificate has signed itself, which C2PA does not take"),
        (Wanted(authority=True), "this certificate is of an authority; expected that of the signer first"),
        (Wanted(digital_signature=False), "this certificate is not for digital signatures"),
        (Wanted(usage=SERVERS), "this certificate is for another use"),
    ],
    ids=["expired", "not yet", "self-signed", "authority", "no signatures", "servers"],
)
def test_certificates_that_c2pa_does_not_take_are_one_sentence(tmp_path: Path, wanted: Wanted, said: str) -> None:
    certificate, key = write_chain(tmp_path, wanted)
    days = {
        name: (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=day)).strftime("%Y-%m-%d")
        for name, day in (("gone", -2), ("soon", 1))
    }
    with pytest.raises(TrustError) as caught:
        read_certificate(certificate, key)
    assert str(caught.value).startswith(f"{certificate}: {said.format(**days)}")
    assert "\n" not in str(caught.value)


def test_a_key_that_does_not_fit(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    certificate, _ = write_chain(tmp_path / "a")
    _, key = write_chain(tmp_path / "b")
    with pytest.raises(TrustError) as caught:
        read_certificate(certificate, key)
    assert str(caught.value) == f"{key}: not the key of {certificate}"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    certificate, key = write_chain(tmp_path)
    for place, content, said in (
        (key, None, "no such file, expected a private key in PEM."),
        (key, b"\0" * 40, "not a private key in PEM"),
        (key, key.read_bytes()[:90] + b"\n-----END PRIVATE KEY-----\n", "not a private key in PEM"),
        (certificate, None, "no such file, expected certificates in PEM, the signer's first."),
        (certificate, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not certificates in PEM"),
        (certificate, b"", "not certificates in PEM, the signer's first"),
    ):
        before = place.read_bytes()
        place.unlink()
        if content is not None:
            place.touch(0o600)
            place.write_bytes(content)
        with pytest.raises(TrustError) as caught:
            read_certificate(certificate, key)
        assert str(caught.value).startswith(f"{place}: {said}")
        place.touch(0o600)
        place.write_bytes(before)
    assert read_certificate(certificate, key)


@pytest.mark.parametrize("kind", ["small-rsa", "k1"])
def test_keys_that_c2pa_does_not_know(tmp_path: Path, kind: str) -> None:
    certificate, key = write_chain(tmp_path, Wanted(kind))
    with pytest.raises(TrustError, match=r"C2PA takes no such key, expected P-256, P-384, P-521, Ed25519 or RSA of"):
        read_certificate(certificate, key)


def test_passwords(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = write_chain(tmp_path, password=b"Kirschbaum")
    with pytest.raises(PasswordNeeded, match="this key has a password, which was not given"):
        read_certificate(certificate, key)
    with pytest.raises(TrustError, match="the password of this key is wrong, or the key is damaged"):
        read_certificate(certificate, key, "Apfelbaum")
    given = read_certificate(certificate, key, "Kirschbaum")
    monkeypatch.setenv(PASSWORD, "Kirschbaum")
    assert read_certificate(certificate, key) == given


@pytest.mark.parametrize("kind", ["es256", "es384", "es512", "ed25519", "rsa"])
def test_every_kind_of_key_signs(tmp_path: Path, kind: str) -> None:
    signing = read_certificate(*write_chain(tmp_path, Wanted(kind)))
    assert signing.algorithm == {"rsa": "ps256"}.get(kind, kind)
    path = tmp_path / "a.png"
    path.write_bytes(Marker(Origin(), signing).inside(encode_png(PICTURE), "image/png"))
    found = credentials_of(path)
    assert found is not None and (found.state, found.signed_by, found.failures) == ("Valid", "Ann Example", ())


def test_others_may_not_see_a_key_while_it_is_written(config: Path) -> None:
    before = os.umask(0)
    try:
        own_certificate()
    finally:
        os.umask(before)
    assert own_paths()[1].stat().st_mode & 0o777 == 0o600
