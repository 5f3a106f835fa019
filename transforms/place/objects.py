"""The objects of a bucket below one prefix, written only under a condition that the store keeps.

Every method raises StoreUnreachable if the store does not answer as it should.
"""

import base64
import hashlib
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from transforms.errors import SettingsError, StoreUnreachable
from transforms.sources.address import Address
from transforms.sources.client import ABSENT, Client, code_of, etag_of
from transforms.sources.source import Limits

CHUNK = 1 << 20
REFUSED = ("PreconditionFailed",)
SEVERAL = 64 << 20  # bytes from which a file is sent in several requests
NO_ETAG = "0" * 32
HASH = "sha256"  # the metadata of a file that never changes


@dataclass(frozen=True)
class Object:
    """An object as the store lists it; `name` is below the prefix."""

    name: PurePosixPath
    etag: str
    bytes: int
    changed: datetime


class Objects:
    """The objects below the prefix of an address; `what` and `setting` name them in messages."""

    def __init__(self, address: Address, limits: Limits, what: str, setting: str) -> None:
        self.address, self.what = address, what
        self.root = address.path.strip("/")
        self.client = Client(address, limits, setting, self.out_of_reach)

    def __str__(self) -> str:
        return str(self.address)

    def out_of_reach(self, why: str, remedy: str) -> StoreUnreachable:
        return StoreUnreachable(
            f"{self.what} at {self.address} cannot be reached: {why}. Nothing of what was under "
            f"way counts, and what is published stays. {remedy}"
        )

    def get(self, name: PurePosixPath, seconds: float | None = None) -> tuple[bytes, str] | None:
        """The bytes of a small object and its ETag; None if it is not there. A try may take that
        many seconds, else as many as the limits say."""

        def asked() -> tuple[bytes, str] | None:
            try:
                found = self.client.s3.get_object(**self._of(name))
            except ClientError as error:
                if _is_absent(error):
                    return None
                raise
            return found["Body"].read(), etag_of(found) or ""

        return self.client.ask(asked, seconds)

    def put(
        self, name: PurePosixPath, body: bytes, etag: str | None, seconds: float | None = None
    ) -> str | None:
        """Writes a small object if it is still as its ETag says, or where there is none if that is
        null; returns its new ETag, None if it is not as it was.

        Bytes that nobody else writes are taken for written if they are there: a request that was
        sent again meets its own success.
        """
        condition = {"IfMatch": f'"{etag}"'} if etag else {"IfNoneMatch": "*"}

        def asked() -> str | None:
            try:
                found = self.client.s3.put_object(**self._of(name), Body=body, **condition)
            except ClientError as error:
                # What is to be replaced may be gone.
                if code_of(error) in REFUSED or (etag and _is_absent(error)):
                    return None
                raise
            return etag_of(found)

        written = self.client.ask(asked, seconds)
        if written is None and (found := self.get(name, seconds)) and found[0] == body:
            return found[1]
        return written

    def listed(self, below: str) -> list[Object]:
        """Every object whose name begins with this text, in order."""
        skipped = len(self.root) + 1 if self.root else 0
        pages = self.client.pages(f"{self.root}/{below}" if self.root else below)
        return [
            Object(
                PurePosixPath(o["Key"][skipped:]), etag_of(o) or "", o["Size"], o["LastModified"]
            )
            for page in pages
            for o in page.get("Contents", ())
        ]

    def send(self, path: Path, name: PurePosixPath, digest: str, again: bool = False) -> None:
        """Writes a file that never changes, whose hash stays beside it, unless its bytes are there
        already; `again` where what is there is known to be damaged."""

        def asked() -> bool:
            try:
                if path.stat().st_size < SEVERAL:
                    self._send_at_once(path, name, digest, IfNoneMatch="*")
                else:
                    self._send_in_parts(path, name, digest)
            except ClientError as error:
                if code_of(error) not in REFUSED:
                    raise
                return False
            return True

        if not self.client.ask(asked) and (again or not self.is_there(path, name, digest)):
            # It was cut off, or has been damaged since: only these bytes have this name.
            self.client.ask(lambda: self._overwrite(path, name, digest))

    def fetch(self, name: PurePosixPath, target: Path) -> bool:
        """Copies an object into a file; false if it is not there."""

        def asked() -> bool:
            try:
                found = self.client.s3.get_object(**self._of(name))
            except ClientError as error:
                if _is_absent(error):
                    return False
                raise
            with target.open("wb") as file:
                for chunk in found["Body"].iter_chunks(CHUNK):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            return True

        return self.client.ask(asked)

    def delete(self, name: PurePosixPath) -> None:
        """Deletes an object, if it is there."""
        self.client.ask(lambda: self.client.s3.delete_object(**self._of(name)))

    def hold_to_conditions(self) -> None:
        """Raises SettingsError unless the store refuses a second object of a name and a change of
        what has changed: else two writers would overwrite each other in silence."""
        name = PurePosixPath(f".conditions-{uuid.uuid4().hex}")
        if not self.put(name, b"one", None):
            raise self.out_of_reach("it refused a new object", "Check the bucket.")
        keeps = self.put(name, b"two", None) is None and self.put(name, b"three", NO_ETAG) is None
        self.delete(name)
        if not keeps:
            raise SettingsError(
                f"the store of {self.address} ignores conditions (If-None-Match, If-Match): two "
                "runs would overwrite each other's work there, so nothing was written. Use a store "
                "that answers 412, or a local folder."
            )

    def _of(self, name: PurePosixPath) -> dict[str, str]:
        return {
            "Bucket": self.address.host,
            "Key": f"{self.root}/{name}" if self.root else str(name),
        }

    def _send_at_once(self, path: Path, name: PurePosixPath, digest: str, **more: str) -> None:
        body = path.read_bytes()
        told = {"Metadata": {HASH: digest}, "ContentMD5": _md5_of(body)}
        self.client.s3.put_object(**self._of(name), Body=body, **told, **more)

    def _send_in_parts(self, path: Path, name: PurePosixPath, digest: str) -> None:
        s3, of = self.client.s3, self._of(name)
        begun = s3.create_multipart_upload(**of, Metadata={HASH: digest})
        upload = {"UploadId": begun["UploadId"]}
        try:
            with path.open("rb") as file:
                sent: list[dict[str, Any]] = []
                while piece := file.read(SEVERAL):
                    number = len(sent) + 1
                    part = {"PartNumber": number, "Body": piece, "ContentMD5": _md5_of(piece)}
                    found = s3.upload_part(**of, **upload, **part)
                    sent.append({"PartNumber": number, "ETag": found["ETag"]})
            s3.complete_multipart_upload(
                **of, **upload, MultipartUpload={"Parts": sent}, IfNoneMatch="*"
            )
        except BaseException:
            with suppress(Exception):  # what stopped it is told
                s3.abort_multipart_upload(**of, **upload)
            raise

    def _overwrite(self, path: Path, name: PurePosixPath, digest: str) -> None:
        if path.stat().st_size < SEVERAL:
            self._send_at_once(path, name, digest)
        else:
            self.client.s3.delete_object(**self._of(name))
            self._send_in_parts(path, name, digest)

    def is_there(self, path: Path, name: PurePosixPath, digest: str) -> bool:
        """Whether the object is the file: by the hash that was sent with it, or its ETag where that
        is its MD5, else by its bytes."""

        def looked() -> Any:
            try:
                return self.client.s3.head_object(**self._of(name))
            except ClientError as error:
                if _is_absent(error):
                    return None
                raise

        found = self.client.ask(looked)
        if found is None or found["ContentLength"] != path.stat().st_size:
            return False
        if found.get("Metadata", {}).get(HASH) == digest:
            return True  # the store has compared what it was sent
        with path.open("rb") as file:
            if etag_of(found) == hashlib.file_digest(file, "md5").hexdigest():
                return True

        def asked() -> str:
            stored = hashlib.sha256()
            for chunk in self.client.s3.get_object(**self._of(name))["Body"].iter_chunks(CHUNK):
                stored.update(chunk)
            return stored.hexdigest()

        return self.client.ask(asked) == digest


def _md5_of(body: bytes) -> str:
    """For the store, which refuses what has changed on its way."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def _is_absent(error: ClientError) -> bool:
    # A bucket that is not there answers 404 too, and is another fault.
    return code_of(error) in ABSENT
