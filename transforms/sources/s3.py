"""A bucket, or a folder in one, of S3 or a server that speaks its protocol, by boto3."""

import logging
import os
import posixpath
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import boto3
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from transforms.sources.address import Address
from transforms.sources.source import (
    Entry,
    Interrupted,
    Limits,
    Listing,
    Source,
    Stream,
    in_time,
    patiently,
    unreachable,
    watched,
)

# It tells where it found its credentials, at every run.
logging.getLogger("botocore").setLevel(logging.ERROR)

PIECE = 16 << 10
ABSENT = ("404", "NoSuchKey", "NotFound")
BUSY = ("SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling")
CHANGED = ("PreconditionFailed", "InvalidRange", "412", "416")

T = TypeVar("T")


class S3:
    """Exports in a bucket. An object appears when all its bytes are there."""

    puts_whole = True

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address, self.limits = address, limits
        self.root = address.path.strip("/")
        self._client: Any = None

    def __str__(self) -> str:
        return str(self.address)

    def __repr__(self) -> str:
        return f"S3({self})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None}

    def folders(self, nights: list[str]) -> list[str]:
        pages = self._pages(self._key(posixpath.commonprefix(nights)), "/")
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
        found = [o for page in self._pages(prefix, "/") for o in page.get("Contents", ())]
        if not found:
            return None
        return Listing(
            tuple(
                Entry(o["Key"][len(prefix) :], o["Size"], o["LastModified"], _etag(o))
                for o in found
                if o["Key"] != prefix
            )
        )

    def look(self, path: str) -> Entry | None:
        def looked() -> Entry | None:
            try:
                found = self._connected().head_object(Bucket=self.address.host, Key=self._key(path))
            except ClientError as error:
                if _code(error) in ABSENT:
                    return None
                raise
            return _described(path, found, found["ContentLength"])

        return self._ask(looked)

    @contextmanager
    def open(self, path: str, start: int, seen: Entry | None, seconds: float) -> Iterator[Stream]:
        asked: dict[str, Any] = {}
        if start and seen and seen.etag:
            asked = {"Range": f"bytes={start}-", "IfMatch": f'"{seen.etag}"'}
        until = time.monotonic() + seconds
        with self._told():
            try:
                found = in_time(seconds, lambda: self._get(path, asked))
            except ClientError as error:
                if not asked or _code(error) not in CHANGED:
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
        with self._told():
            yield from body.iter_chunks(PIECE)

    def _get(self, path: str, asked: dict[str, Any]) -> Any:
        try:
            return self._connected().get_object(
                Bucket=self.address.host, Key=self._key(path), **asked
            )
        except ClientError as error:
            if _code(error) in ABSENT:
                raise Interrupted(f"{path} was listed, but is gone") from None
            raise

    def _pages(self, prefix: str, delimiter: str) -> list[Any]:
        asked = {"Bucket": self.address.host, "Prefix": prefix, "Delimiter": delimiter}
        return self._ask(
            lambda: list(self._connected().get_paginator("list_objects_v2").paginate(**asked))
        )

    def _has(self, prefix: str) -> bool:
        asked = {"Bucket": self.address.host, "Prefix": prefix, "MaxKeys": 1}
        found = self._ask(lambda: self._connected().list_objects_v2(**asked))
        return bool(found.get("KeyCount") or found.get("Contents"))

    def _key(self, within: str) -> str:
        return f"{self._root_prefix()}{within}"

    def _root_prefix(self) -> str:
        return f"{self.root}/" if self.root else ""

    def _connected(self) -> Any:
        if self._client is None:
            address = self.address.with_login()
            endpoint = address.options.get("endpoint_url")
            is_elsewhere = endpoint or os.environ.keys() & {
                "AWS_ENDPOINT_URL",
                "AWS_ENDPOINT_URL_S3",
            }
            self._client = boto3.session.Session().client(
                "s3",
                endpoint_url=endpoint,
                region_name=address.options.get("region_name"),
                aws_access_key_id=address.user,
                aws_secret_access_key=address.password,
                verify=address.options.get("ca_file"),
                config=Config(
                    connect_timeout=self.limits.connect,
                    read_timeout=self.limits.read,
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path"} if is_elsewhere else {},
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        return self._client

    def _ask(self, question: Callable[[], T]) -> T:
        def attempt() -> T:
            with self._told():
                return in_time(self.limits.whole, question)

        source: Source = self
        return patiently(source, attempt)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raises Interrupted where another try may help, SourceUnreachable where it will not."""
        try:
            yield
        except ClientError as error:
            self._tell(error)
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError):
            remedy = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a connection."
            raise unreachable(self, "no access key was given for it", remedy) from None
        except exceptions.SSLError:
            remedy = "Set OUTLOOK_SOURCE_CA_FILE if its authority is your own."
            raise unreachable(self, "its certificate is not trusted", remedy) from None
        except (exceptions.ParamValidationError, ValueError, exceptions.NoRegionError) as error:
            why = "the bucket, the endpoint or the region is not well formed"
            remedy = f"Correct OUTLOOK_EXPORTS or its connection ({type(error).__name__})."
            raise unreachable(self, why, remedy) from None
        except BotoCoreError as error:
            raise Interrupted(_words(error)) from None

    def _tell(self, error: ClientError) -> None:
        code = _code(error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= 500 or status == 429 or code.startswith(BUSY):
            raise Interrupted(f"it answered {status or code}") from None
        if code == "NoSuchBucket" or (status == 404 and code in ABSENT):
            remedy = "Correct the bucket in OUTLOOK_EXPORTS."
            raise unreachable(self, "there is no such bucket", remedy) from None
        if status in (401, 403):
            remedy = "Check the key, and that it may list and read the bucket."
            raise unreachable(self, f"it refused the access key ({code})", remedy) from None
        raise unreachable(self, f"it answered {status} {code}", "Check the bucket.") from None


def _cut(body: Any) -> None:
    """Ends the reading of a body, from another thread: closing it would wait for that reader."""
    with suppress(Exception):
        body._raw_stream.shutdown()


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _words(error: BotoCoreError) -> str:
    if isinstance(error, exceptions.ConnectTimeoutError | exceptions.ReadTimeoutError):
        return "it did not answer in time"
    if isinstance(error, exceptions.EndpointConnectionError):
        return "nobody listens there, or its host name is not known"
    return "the connection broke off"


def _etag(found: Any) -> str | None:
    return str(found.get("ETag") or "").strip('"') or None


def _described(path: str, found: Any, size: int) -> Entry:
    return Entry(posixpath.basename(path), size, found.get("LastModified"), _etag(found))
