"""Certificates, used by real connections."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import threading
from pathlib import Path

import pytest

from splatavatar.errors import SettingsError
from splatavatar.viewer import certificate as module
from splatavatar.viewer.certificate import Certificate, check_certificate, own_certificate


def peer(files: Certificate, name: str) -> str:
    """The protocol by which a client that trusts the certificate reaches its server as ``name``."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(files.certificate))
    ours, theirs = socket.socketpair()

    def answer() -> None:
        try:
            with server.wrap_socket(theirs, server_side=True):
                pass
        except OSError:
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as connection:
            return connection.version() or ""
    finally:
        thread.join()


def test_a_browser_that_trusts_it_gets_through_by_each_name(tmp_path: Path) -> None:
    files = own_certificate(["192.168.7.9", "desk.local", "fe80::1"], tmp_path / "own")
    assert peer(files, "192.168.7.9") == "TLSv1.3"
    assert peer(files, "desk.local") == "TLSv1.3"
    assert peer(files, "fe80::1") == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        peer(files, "192.168.7.10")
    if os.name == "posix":
        assert files.key.stat().st_mode & 0o777 == 0o600


def test_it_is_kept_until_a_name_comes_or_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = own_certificate(["10.0.0.1", "a.local"], tmp_path).certificate.read_bytes()
    assert own_certificate(["10.0.0.1"], tmp_path).certificate.read_bytes() == first
    second = own_certificate(["10.0.0.2"], tmp_path).certificate.read_bytes()
    assert second != first
    monkeypatch.setattr(module, "MARGIN", datetime.timedelta(days=366))
    assert own_certificate(["10.0.0.2"], tmp_path).certificate.read_bytes() != second


def test_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    files = own_certificate(["10.0.0.1"], tmp_path)
    files.key.write_bytes(b"nothing")
    own_certificate(["10.0.0.1"], tmp_path)
    assert peer(files, "10.0.0.1") == "TLSv1.3"


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    one, other = own_certificate(["10.0.0.1"], tmp_path / "1"), own_certificate(["10.0.0.1"], tmp_path / "2")
    assert check_certificate(one.certificate, one.key) == one
    expected = f"{one.certificate} and {other.key} are not a certificate and its key without a password, both in PEM."
    with pytest.raises(SettingsError) as error:
        check_certificate(one.certificate, other.key)
    assert str(error.value) == expected
    with pytest.raises(SettingsError, match="no such file, expected a certificate or key in PEM"):
        check_certificate(tmp_path / "absent.pem", one.key)
    os.mkfifo(tmp_path / "pipe.pem")
    with pytest.raises(SettingsError, match="a pipe or a device"):
        check_certificate(tmp_path / "pipe.pem", one.key)


def test_a_key_with_a_password_is_refused_without_asking(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    files = own_certificate(["10.0.0.1"], tmp_path)
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(SettingsError, match="without a password"):
        check_certificate(files.certificate, files.key)
