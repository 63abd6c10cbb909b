"""The library of C2PA, kept from the network and from guessing."""

from __future__ import annotations

from typing import Any

from splatavatar.extras import required
from splatavatar.trust.credentials.certificate import USAGES, Certificate

SETTINGS: dict[str, Any] = {
    "core": {"allowed_network_hosts": []},
    # The library has certificates for e-mail in mind where it is told nothing.
    "trust": {"trust_config": "\n".join(USAGES)},
    "verify": {
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
        # What was just made is not read again.
        "verify_after_sign": False,
        "verify_after_sign_hash": False,
    },
    "builder": {
        # A thumbnail is a second picture of the person, which nobody asked for.
        "thumbnail": {"enabled": False},
        "auto_timestamp_assertion": {"enabled": False},
        "actions": {
            "auto_created_action": {"enabled": False},
            "auto_opened_action": {"enabled": False},
            "auto_placed_action": {"enabled": False},
        },
    },
}


def library() -> Any:
    """The package ``c2pa``. Raises DependencyError where it is absent."""
    return required("c2pa")


def signing_context(certificate: Certificate) -> Any:
    """A context that signs with ``certificate``, without a timestamp, which would take a server.

    Raises C2paError.
    """
    c2pa = library()
    info = c2pa.C2paSignerInfo(certificate.algorithm, certificate.chain, certificate.key, None)
    return c2pa.Context.from_dict(SETTINGS, signer=c2pa.Signer.from_info(info))


def reading_context() -> Any:
    """A context that reads and validates."""
    return library().Context.from_dict(SETTINGS)
