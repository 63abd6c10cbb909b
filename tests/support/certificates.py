"""Certificates of every kind that somebody may bring along, and files of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

DOCUMENTS = "1.3.6.1.5.5.7.3.36"
SERVERS = "1.3.6.1.5.5.7.3.1"
NOW = datetime.datetime.now(datetime.timezone.utc)


def key_of(kind: str) -> Any:
    """A new private key: es256, es384, es512, ed25519, rsa, small-rsa or k1."""
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind.endswith("rsa"):
        return rsa.generate_private_key(65537, 1024 if kind == "small-rsa" else 2048)
    curves: dict[str, Any] = {"es256": ec.SECP256R1, "es384": ec.SECP384R1, "es512": ec.SECP521R1, "k1": ec.SECP256K1}
    return ec.generate_private_key(curves[kind]())


@dataclass(frozen=True)
class Wanted:
    """What is unusual about a certificate."""

    kind: str = "es256"
    begins: int = -2
    ends: int = 2
    """days from now"""
    usage: str = DOCUMENTS
    digital_signature: bool = True
    authority: bool = False
    itself: bool = False
    """whether it has signed itself"""


def write_chain(folder: Path, wanted: Wanted | None = None, password: bytes | None = None) -> tuple[Path, Path]:
    """``certificate.pem`` and ``key.pem``, of Ann Example, by an authority."""
    wanted = wanted or Wanted()
    authority, key = key_of("es256"), key_of(wanted.kind)
    above, below = _name("An authority"), _name("Ann Example")
    if wanted.itself:
        above, authority = below, key
    chain = [_signed(below, above, key.public_key(), authority, wanted)]
    if not wanted.itself:
        chain.append(_signed(above, above, authority.public_key(), authority, Wanted(authority=True)))
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        encryption = serialization.BestAvailableEncryption(password)
    secret.touch(0o600)
    secret.chmod(0o600)
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    return certificate, secret


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _signed(subject: x509.Name, issuer: x509.Name, public: Any, by: Any, wanted: Wanted) -> x509.Certificate:
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False
    )
    signs = wanted.digital_signature and not wanted.authority
    builder = (
        x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=wanted.begins))
        .not_valid_after(NOW + datetime.timedelta(days=wanted.ends))
        .add_extension(x509.BasicConstraints(wanted.authority, None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=signs,
                key_cert_sign=wanted.authority,
                crl_sign=wanted.authority,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(wanted.usage)]), critical=False)
    )
    return builder.sign(by, None if isinstance(by, ed25519.Ed25519PrivateKey) else hashes.SHA256())
