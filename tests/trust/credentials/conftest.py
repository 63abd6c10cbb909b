from __future__ import annotations

import pytest

from splatavatar.trust.credentials.certificate import Certificate, make_certificate
from splatavatar.trust.credentials.marker import Marker
from splatavatar.trust.credentials.origin import Origin, Signer

DIGEST = "ab" * 32
ORIGIN = Origin(DIGEST, Signer("Ann", "01" * 16), ("private", "calls"), ("webcam", "microphone"))


@pytest.fixture(scope="session")
def signing() -> Certificate:
    return make_certificate()


@pytest.fixture
def marker(signing: Certificate) -> Marker:
    """Marks what shows the avatar of ``DIGEST``, which Ann has signed, in a call."""
    return Marker(ORIGIN, signing)
