"""A server of S3 on loopback, which speaks its protocol over HTTP."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import quote

import pytest


class S3Server:
    """Where it is, and what lies there as another program sees it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def put(self, path: str, content: bytes = b"") -> None:
        """A bucket, or an object at ``BUCKET/KEY``, whatever the key."""
        headers = {"content-type": "application/octet-stream"}
        request = urllib.request.Request(f"{self.address}/{quote(path)}", content, headers, method="PUT")
        with urllib.request.urlopen(request, timeout=60):
            pass

    def get(self, path: str) -> bytes:
        """The object at ``BUCKET/KEY``, as the library of AWS reads it."""
        bucket, _, key = path.partition("/")
        client: Any = import_module("boto3").client(
            "s3",
            endpoint_url=self.address,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name="us-east-1",
        )
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Serves within the block."""
    server = pytest.importorskip("moto.server", reason="the package moto is not installed").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()


def environment(server: S3Server) -> dict[str, str]:
    """The variables by which programs find it."""
    return {
        "AWS_ENDPOINT_URL": server.address,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
