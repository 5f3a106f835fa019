"""A bucket, or a folder in one, of S3 or a server that speaks its protocol, by boto3."""

import posixpath
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from transforms.sources.address import Address
from transforms.sources.client import ABSENT, Client, code_of, etag_of
from transforms.sources.source import (
    Entry,
    Interrupted,
    Limits,
    Listing,
    Stream,
    in_time,
    unreachable,
    watched,
)

PIECE = 16 << 10
CHANGED = ("PreconditionFailed", "InvalidRange", "412", "416")


class S3:
    """Exports in a bucket. An object appears when all its bytes are there."""

    puts_whole = True

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address, self.limits = address, limits
        self.root = address.path.strip("/")
        self._client = Client(address, limits, "OUTLOOK_EXPORTS", partial(unreachable, self))

    def __str__(self) -> str:
        return str(self.address)

    def __repr__(self) -> str:
        return f"S3({self})"

    def folders(self, nights: list[str]) -> list[str]:
        pages = self._client.pages(self._key(posixpath.commonprefix(nights)), "/")
        names = [
            posixpath.basename(found["Prefix"].rstrip("/"))
            for page in pages
            for found in page.get("CommonPrefixes", ())
        ]
        if not names and self.root and not self._has(self._root_prefix()):
            remedy = (
                "Correct the folder in OUTLOOK_EXPORTS; where nothing was ever delivered, put "
                "any file in it, such as calendar.json."
            )
            raise unreachable(self, "nothing at all lies below that folder", remedy)
        return sorted(n for n in names if not nights or n[:10] in nights)

    def files(self, folder: str) -> Listing | None:
        prefix = f"{self._key(folder)}/"
        found = [o for page in self._client.pages(prefix, "/") for o in page.get("Contents", ())]
        if not found:
            return None
        return Listing(
            tuple(
                Entry(o["Key"][len(prefix) :], o["Size"], o["LastModified"], etag_of(o))
                for o in found
                if o["Key"] != prefix
            )
        )

    def look(self, path: str) -> Entry | None:
        def looked() -> Entry | None:
            try:
                found = self._client.s3.head_object(Bucket=self.address.host, Key=self._key(path))
            except ClientError as error:
                if code_of(error) in ABSENT:
                    return None
                raise
            return _described(path, found, found["ContentLength"])

        return self._client.ask(looked)

    @contextmanager
    def open(self, path: str, start: int, seen: Entry | None, seconds: float) -> Iterator[Stream]:
        asked: dict[str, Any] = {}
        if start and seen and seen.etag:
            asked = {"Range": f"bytes={start}-", "IfMatch": f'"{seen.etag}"'}
        until = time.monotonic() + seconds
        with self._client.told():
            try:
                found = in_time(seconds, lambda: self._get(path, asked))
            except ClientError as error:
                if not asked or code_of(error) not in CHANGED:
                    raise
                asked = {}
                found = in_time(until - time.monotonic(), lambda: self._get(path, {}))
        # A server that knows no ranges sends the whole file.
        start = (
            start if asked and found.get("ContentRange", "").startswith(f"bytes {start}-") else 0
        )
        body = found["Body"]
        try:
            entry = _described(path, found, start + found["ContentLength"])
            with watched(until - time.monotonic(), lambda: _cut(body)):
                yield Stream(entry, start, self._chunks(body))
        finally:
            body.close()

    def _chunks(self, body: Any) -> Iterator[bytes]:
        with self._client.told():
            yield from body.iter_chunks(PIECE)

    def _get(self, path: str, asked: dict[str, Any]) -> Any:
        try:
            return self._client.s3.get_object(
                Bucket=self.address.host, Key=self._key(path), **asked
            )
        except ClientError as error:
            if code_of(error) in ABSENT:
                raise Interrupted(f"{path} was listed, but is gone") from None
            raise

    def _has(self, prefix: str) -> bool:
        asked = {"Bucket": self.address.host, "Prefix": prefix, "MaxKeys": 1}
        found = self._client.ask(lambda: self._client.s3.list_objects_v2(**asked))
        return bool(found.get("KeyCount") or found.get("Contents"))

    def _key(self, within: str) -> str:
        return f"{self._root_prefix()}{within}"

    def _root_prefix(self) -> str:
        return f"{self.root}/" if self.root else ""


def _cut(body: Any) -> None:
    """Ends the reading of a body, from another thread: closing it would wait for that reader."""
    with suppress(Exception):
        body._raw_stream.shutdown()


def _described(path: str, found: Any, size: int) -> Entry:
    return Entry(posixpath.basename(path), size, found.get("LastModified"), etag_of(found))
