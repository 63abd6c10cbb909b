"""The certificate of a server that phones of the same network open: cameras and headsets need an encrypted page."""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.folders import data_folder
from splatavatar.input import read_bytes
from splatavatar.locks import alone_in
from splatavatar.output import atomic_write

LIFETIME = datetime.timedelta(days=365)
MARGIN = datetime.timedelta(days=7)
"""before its end, in which a certificate is replaced"""
BACKDATED = datetime.timedelta(days=1)
"""so that a phone whose clock is behind takes it"""
EXPECTED = "a certificate or key in PEM"


@dataclass(frozen=True)
class Certificate:
    """Files in PEM of a certificate (with what else its chain needs) and of its key."""

    certificate: Path
    key: Path


def check_certificate(certificate: Path, key: Path) -> Certificate:
    """The files somebody named. Raises SettingsError unless they can be read and belong together."""
    for path in (certificate, key):
        read_bytes(path, SettingsError, EXPECTED, 1 << 20)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without an answer to give, a key with a password asks on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise SettingsError(
            f"{certificate} and {key} are not a certificate and its key without a password, both in PEM."
        ) from error
    return Certificate(certificate, key)


def fingerprint(files: Certificate) -> str:
    """The SHA-256 of the certificate that a server shows, in URL-safe base64 without padding."""
    text = files.certificate.read_text(encoding="latin-1")
    first = text[text.index(ssl.PEM_HEADER) :].partition(ssl.PEM_FOOTER)
    return of_certificate(ssl.PEM_cert_to_DER_cert(first[0] + first[1]))


def of_certificate(encoded: bytes) -> str:
    """The same of a certificate in DER."""
    return base64.urlsafe_b64encode(hashlib.sha256(encoded).digest()).decode().rstrip("=")


def own_certificate(names: Sequence[str], folder: Path | None = None) -> Certificate:
    """A certificate for ``names`` (addresses, host names) that this machine has signed itself.

    Kept in ``folder``, else where this package remembers things, so that a browser that was told to trust it need not
    be told again; made anew when it ends soon or names have come. Raises DependencyError without ``cryptography``, and
    OutputError.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise DependencyError(
            'an encrypted page needs the package cryptography: pip install "splatavatar[viewer]"'
        ) from error
    folder = folder or data_folder() / "certificate"
    files = Certificate(folder / "certificate.pem", folder / "key.pem")
    with alone_in(folder, lambda: None):
        if not _still_good(files, names):
            _make(files, names)
    return files


def _still_good(files: Certificate, names: Sequence[str]) -> bool:
    from cryptography import x509

    try:
        check_certificate(files.certificate, files.key)
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        known = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        covered = {str(name.value) for name in known}
    except (SettingsError, ValueError, x509.ExtensionNotFound):
        return False
    now = datetime.datetime.now(datetime.timezone.utc)
    return set(names) <= covered and now < certificate.not_valid_after_utc - MARGIN


def _make(files: Certificate, names: Sequence[str]) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "splatavatar viewer")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    with atomic_write(files.key) as file:
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), 0o600)
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    with atomic_write(files.certificate) as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))


def _general_name(name: str):  # type: ignore[no-untyped-def]  # the types are those of an optional package
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
