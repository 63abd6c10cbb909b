"""A place that is a bucket of S3, or what lies below a key of one: of AWS, or of any server that speaks as it does."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from splatavatar.errors import OutputError, SplatAvatarError, StorageError
from splatavatar.extras import required
from splatavatar.input import amount, check_input
from splatavatar.output import atomic_write
from splatavatar.printable import printable
from splatavatar.serve.places.place import MOST_FILES, PROBE, Entry, check_name, is_name

PIECE = 8 << 20
"""bytes that are fetched at a time"""
SECONDS = 10
"""without a connection, or without an answer, after which a request is tried again"""
TRIES = 3
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""variables of the environment that name another server than that of AWS, the first that is set"""
EXPLAINED = {
    "NoCredentialsError": "no credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE)",
    "PartialCredentialsError": "half of the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)",
    "EndpointConnectionError": "no connection to its server (AWS_ENDPOINT_URL)",
    "ConnectTimeoutError": "its server does not answer (AWS_ENDPOINT_URL)",
    "ReadTimeoutError": "its server does not answer (AWS_ENDPOINT_URL)",
    "FileNotFoundError": "no such bucket or file",
    "PermissionError": "no permission",
}
"""by the name of an exception of s3fs or botocore"""


class S3Place:
    """What lies below ``bucket`` and ``key``; see ``Place``.

    The address of the server, the region and the credentials come from the environment as every program of AWS reads
    them (``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``, ``AWS_PROFILE``, ...). An object appears once it is whole.
    """

    def __init__(self, bucket: str, key: str) -> None:
        """``key`` is a name below the bucket, or empty. Raises DependencyError where s3fs is absent."""
        self._root = f"{bucket}/{key}" if key else bucket
        self.address = f"s3://{self._root}"
        endpoint = next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), None)
        self._files: Any = required("s3fs").S3FileSystem(
            endpoint_url=endpoint,
            # What others have written since counts.
            use_listings_cache=False,
            skip_instance_cache=True,
            config_kwargs={"connect_timeout": SECONDS, "read_timeout": SECONDS, "retries": {"max_attempts": TRIES}},
        )

    def of(self, name: str) -> str:
        return f"{self.address}/{check_name(name, self.address)}"

    def entry(self, name: str) -> Entry | None:
        path = self._path(name)
        with self._reading(name):
            try:
                found = self._files.info(path)
            except FileNotFoundError:
                return None
        return None if found["type"] != "file" else self._entry(name, found)

    def entries(self, below: str = "") -> list[Entry]:
        top = self._path(below) if below else self._root
        with self._reading(below):
            try:
                listed = self._files.find(top, detail=True).values()
            except FileNotFoundError:
                return []
        return [self._entry(check_name(name, self.address), facts) for name, facts in self._objects(listed, top)]

    def top(self) -> list[Entry]:
        with self._reading(""):
            try:
                listed = self._files.ls(self._root, detail=True)
            except FileNotFoundError:
                return []
        return [self._entry(name, facts) for name, facts in self._objects(listed, self._root) if is_name(name)]

    def read(self, name: str, most: int) -> bytes:
        return b"".join(self._pieces(name, most))

    def fetch(self, name: str, target: Path, most: int) -> None:
        with atomic_write(target, 0o600) as file:
            for piece in self._pieces(name, most):
                file.write(piece)

    def put(self, name: str, source: Path) -> None:
        check_input(source, OutputError)
        with self._writing(name):
            self._files.put_file(str(source), self._path(name))

    def write(self, name: str, content: bytes) -> None:
        with self._writing(name):
            self._files.pipe_file(self._path(name), content)

    def remove(self, name: str) -> None:
        with self._writing(name), suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def check_writable(self) -> None:
        self.write(PROBE, b"")
        self.remove(PROBE)

    def _pieces(self, name: str, most: int) -> Iterator[bytes]:
        """The content of a file, piece by piece, of at most ``most`` bytes."""
        path, left = self._path(name), most
        with self._reading(name), self._files.open(path, "rb", block_size=PIECE, cache_type="readahead") as file:
            while piece := file.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise StorageError(f"{printable(self.of(name))}: more than {amount(most)}, expected less.")
                yield piece

    def _path(self, name: str) -> str:
        return f"{self._root}/{check_name(name, self.address)}"

    def _objects(self, listed: Collection[dict[str, Any]], top: str) -> list[tuple[str, dict[str, Any]]]:
        """What of a listing of ``top`` are files below it, by their names here, in order."""
        if len(listed) > MOST_FILES:
            raise StorageError(f"{printable(self.address)}: more than {MOST_FILES} files, expected fewer.")
        found = {
            facts["name"].removeprefix(f"{self._root}/"): facts
            for facts in listed
            # A key that ends in a slash is what some programs make for a folder.
            if facts["type"] == "file" and not facts["name"].endswith("/") and facts["name"] != top
        }
        return [(name, found[name]) for name in sorted(found)]

    @staticmethod
    def _entry(name: str, facts: dict[str, Any]) -> Entry:
        size = int(facts["size"])
        return Entry(name, size, str(facts.get("ETag") or f"{size}-{facts.get('LastModified')}").strip('"'))

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        with _explained(StorageError, f"{printable(f'{self.address}/{name}'.rstrip('/'))}: ", ", expected to read it."):
            yield

    @contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        with _explained(OutputError, f"cannot write {printable(f'{self.address}/{name}')}: ", ""):
            yield


@contextmanager
def _explained(failure: type[SplatAvatarError], before: str, after: str) -> Iterator[None]:
    """Whatever s3fs and botocore raise, of dozens of kinds, as one sentence."""
    try:
        yield
    except (SplatAvatarError, FileNotFoundError) as error:
        if isinstance(error, SplatAvatarError):
            raise
        raise failure(f"{before}{EXPLAINED['FileNotFoundError']}{after}") from error
    except Exception as error:
        cause = next((each for each in _causes(error) if type(each).__name__ in EXPLAINED), error)
        said = " ".join(printable(str(error)).split())[:200] or type(error).__name__
        raise failure(f"{before}{EXPLAINED.get(type(cause).__name__, said)}{after}") from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = error
    for _ in range(10):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__
