"""The certificate that content credentials are signed with: the user's own, or one that this installation makes.

C2PA wants a leaf that somebody else has signed, with a key usage of digital signature and one of a few extended usages
(C2PA 2.2, 14.5). So what is made is an authority and a leaf of it; the key of the authority is forgotten at once.
"""

from __future__ import annotations

import datetime
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splatavatar.errors import OutputError, TrustError
from splatavatar.extras import required
from splatavatar.folders import config_folder
from splatavatar.input import amount, open_private, read_bytes, read_open
from splatavatar.locks import alone_in
from splatavatar.output import make_folder, private_write, why_unwritten
from splatavatar.printable import printable
from splatavatar.trust.keys import PASSWORD, PasswordNeeded

if TYPE_CHECKING:
    from cryptography.x509 import Certificate as X509

LOG = logging.getLogger("splatavatar")

SELF_MADE = "splatavatar, made on this machine"
"""the name of the authority that signs what is made here"""
YEARS = 10
"""that what is made is good for"""
USAGES = (
    "1.3.6.1.5.5.7.3.4",  # e-mail protection
    "1.3.6.1.5.5.7.3.36",  # signing of documents (RFC 9336)
    "1.3.6.1.4.1.311.76.59.1.9",  # the one of the first C2PA certificates
    "1.3.6.1.4.1.62558.2.1",  # claim signing of the conformance programme
)
"""extended key usages with which C2PA takes a certificate"""
EXPECTED = "certificates in PEM, the signer's first"
EXPECTED_KEY = "a private key in PEM"
SMALLEST_RSA = 2048
"""bits"""
_LARGEST = 1 << 18
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Certificate:
    """What signs: a chain of certificates and the key of the first."""

    chain: bytes
    """PEM, the signer's first"""
    key: bytes
    """PEM (PKCS 8), without a password"""
    algorithm: str
    """as COSE calls it, in small letters: es256, ed25519, ps256"""
    self_made: bool
    """whether nobody but this installation vouches for it"""


def own_paths() -> tuple[Path, Path]:
    """Where the user's certificates and their key lie. Raises OutputError where there is no place for them."""
    folder = config_folder() / "credentials"
    return folder / "certificate.pem", folder / "key.pem"


def own_certificate(password: str | None = None) -> Certificate:
    """The user's certificate; one is made now, and said in the log, where there is none or a self-made one is over.

    Where it cannot be kept, it is of this run alone.

    Raises:
        TrustError: as ``read_certificate``.
        DependencyError: ``cryptography`` is not installed.
    """
    required("cryptography")
    certificate, key = own_paths()
    try:
        if not _there(certificate, key):
            make_folder(certificate.parent, 0o700)
            with alone_in(certificate.parent, lambda: None):
                if not _there(certificate, key):
                    _keep(make_certificate(), certificate, key)
    except OutputError as error:
        LOG.warning("content credentials are signed with a certificate of this run alone: %s", printable(error))
        return make_certificate()
    return read_certificate(certificate, key, password)


def _there(certificate: Path, key: Path) -> bool:
    """Whether there is one to be read: a certificate of one's own always, a self-made one while it is good.

    Nothing that may be the user's is ever replaced: a key goes only with the self-made certificate that it fits.
    """
    if not os.path.lexists(certificate) and not os.path.lexists(key):
        return False
    try:
        leaf = _leaf(certificate)
        if not _self_made(leaf):
            return True
        if not os.path.lexists(key):
            return False  # whoever made it was killed before it could write the key
        return _until(leaf) >= _now() or not _fits(leaf, _private(key, None))
    except TrustError:
        return True  # whoever reads it says what is wrong


def _keep(made: Certificate, certificate: Path, key: Path) -> None:
    """Write both, in such an order that after every step what lies there is whole or counts as absent."""
    try:
        key.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {printable(key)}: {why_unwritten(error)}") from error
    with private_write(certificate) as file:
        file.write(made.chain)
    with private_write(key) as file:
        file.write(made.key)
    LOG.warning(
        "%s: made, to sign what is written from now on; nobody vouches for it, so that validators of content "
        "credentials say that they do not know the signer (docs/trust.md)",
        printable(certificate),
    )


def make_certificate(days: int = 365 * YEARS) -> Certificate:
    """A new authority, and a leaf of it that is good for ``days`` from yesterday; nobody has the authority's key.

    It says nothing of the user or the machine, nor at what time of the day it was made. Raises DependencyError without
    ``cryptography``.
    """
    required("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def name(common: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "splatavatar"),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begins = _now().replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=1)

    def signed(subject: x509.Name, public: ec.EllipticCurvePublicKey, leaf: bool) -> X509:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        ) | {"encipher_only": False, "decipher_only": False}
        builder = (
            x509.CertificateBuilder(name(SELF_MADE), subject, public, x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(not leaf, None if leaf else 0), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(digital_signature=leaf, key_cert_sign=not leaf, crl_sign=not leaf, **usage),
                critical=True,
            )
        )
        if leaf:
            usages = x509.ExtendedKeyUsage([x509.ObjectIdentifier(usage) for usage in USAGES[:2]])
            builder = builder.add_extension(usages, critical=False)
        return builder.sign(authority, hashes.SHA256())

    chain = [
        signed(name("an installation of splatavatar"), key.public_key(), leaf=True),
        signed(name(SELF_MADE), authority.public_key(), leaf=False),
    ]
    return Certificate(
        b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        "es256",
        self_made=True,
    )


def read_certificate(certificate: Path, key: Path, password: str | None = None) -> Certificate:
    """The chain of ``certificate`` with ``key``, the private one of its first.

    ``SPLATAVATAR_KEY_PASSWORD`` stands for a password that is not given.

    Raises:
        TrustError: one of them cannot be read or is none, others may read the key, they do not belong together, or C2PA
            takes no such certificate: expired, of an authority, for another use.
        PasswordNeeded: the key has a password, which was not given.
        DependencyError: ``cryptography`` is not installed.
    """
    required("cryptography")
    from cryptography.hazmat.primitives import serialization

    leaf, private = _leaf(certificate), _private(key, password)
    if not _fits(leaf, private):
        raise TrustError(f"{printable(key)}: not the key of {printable(certificate)}")
    why = _unfit(leaf)
    if why:
        raise TrustError(f"{printable(certificate)}: {why}")
    return Certificate(
        read_bytes(certificate, TrustError, EXPECTED, _LARGEST),
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        _algorithm(private, printable(key)),
        _self_made(leaf),
    )


def _leaf(path: Path) -> X509:
    required("cryptography")
    from cryptography import x509

    content = read_bytes(path, TrustError, EXPECTED, _LARGEST)
    try:
        return x509.load_pem_x509_certificates(content)[0]
    except ValueError as error:
        raise TrustError(f"{printable(path)}: not {EXPECTED}") from error


def _fits(leaf: X509, private: Any) -> bool:
    """Whether ``private`` is the key of ``leaf``."""
    from cryptography.hazmat.primitives import serialization

    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return bool(leaf.public_key().public_bytes(*form) == private.public_key().public_bytes(*form))


def _private(path: Path, password: str | None) -> Any:
    """The private key at ``path``. Raises TrustError for one that others may read, see ``open_private``."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    shown = printable(path)
    with open_private(path, EXPECTED_KEY) as file:
        content = read_open(file, path, TrustError, EXPECTED_KEY, _LARGEST + 1)
    if len(content) > _LARGEST:
        raise TrustError(f"{shown}: more than {amount(_LARGEST)}, expected {EXPECTED_KEY}.")
    secret = (password or os.environ.get(PASSWORD) or "").encode() or None
    try:
        try:
            return load_pem_private_key(content, None)
        except TypeError as error:
            if secret is None:
                raise PasswordNeeded(f"{shown}: this key has a password, which was not given ({PASSWORD})") from error
            return load_pem_private_key(content, secret)
    except (ValueError, UnsupportedAlgorithm) as error:
        if secret is not None and b"ENCRYPTED" in content:
            raise TrustError(f"{shown}: the password of this key is wrong, or the key is damaged") from error
        raise TrustError(f"{shown}: not {EXPECTED_KEY}") from error


def _algorithm(private: Any, shown: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= SMALLEST_RSA:
        return "ps256"
    raise TrustError(
        f"{shown}: C2PA takes no such key, expected P-256, P-384, P-521, Ed25519 or RSA of {SMALLEST_RSA} bits or more"
    )


def _unfit(leaf: X509) -> str:
    """Why content credentials cannot be signed with a certificate; empty where they can."""
    from cryptography import x509

    def extension(kind: Any) -> Any:
        try:
            return leaf.extensions.get_extension_for_class(kind).value
        except (x509.ExtensionNotFound, ValueError):
            return None

    begins, until = leaf.not_valid_before_utc, _until(leaf)
    if until < _now():
        return f"this certificate expired on {until:%Y-%m-%d}; have a new one made"
    if begins > _now():
        return f"this certificate is good from {begins:%Y-%m-%d} on only"
    if leaf.issuer == leaf.subject:
        return "this certificate has signed itself, which C2PA does not take; expected one of an authority"
    constraints = extension(x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        return "this certificate is of an authority; expected that of the signer first"
    usage = extension(x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        return "this certificate is not for digital signatures"
    extended = extension(x509.ExtendedKeyUsage)
    if extended is None or not {one.dotted_string for one in extended} & set(USAGES):
        return "this certificate is for another use (its extended key usage); C2PA takes those for documents or e-mail"
    return ""


def _self_made(leaf: X509) -> bool:
    from cryptography.x509.oid import NameOID

    return SELF_MADE in [name.value for name in leaf.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _until(leaf: X509) -> datetime.datetime:
    return leaf.not_valid_after_utc


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
