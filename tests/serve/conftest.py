from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.s3_server import S3Server, environment, s3_server


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture
def s3(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """A server that the variables of the environment name, with an empty bucket called ``bucket-1`` at first."""
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)
    server.put("bucket-1")
    return server
