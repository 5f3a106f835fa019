"""A lake in a bucket of S3-compatible storage: nothing is renamed, and no file is locked.

A document is written only as it was read (If-Match), or where none was (If-None-Match): the store
itself refuses the second of two writers. A file that never changes has its hash in its name, and
counts once a document names it: the receipt of a night, or the account of a fold. Locks are objects
(`transforms.place.tenure`).

What was read stays on this machine, in `room`: files by their hash, documents by their ETag.
"""

import hashlib
import logging
import os
import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from transforms import DATASETS
from transforms.lease import Lock, held
from transforms.place import Stored, Unsound
from transforms.place.cache import Cache
from transforms.place.objects import NO_ETAG, Object, Objects
from transforms.place.tenure import ObjectLock, Tenure
from transforms.sources.address import Address
from transforms.sources.source import Limits
from transforms.storage import private_folder, sha256, unfinished, write_bytes

log = logging.getLogger(__name__)

NONCE = re.compile(rb'^\{"nonce": "[0-9a-f]{32}"(,|(?=\}))')
HASHED = re.compile(r"(.+)\.([0-9a-f]{12})(\.parquet)")
ABSENCE = b'{"is_absent": true}'  # stands where a document may yet be written too late
GUARDED = ("receipts", "releases", "history")  # folders of datasets, changed under their lock
DOCUMENTS = (".json", ".deleted")
AT_ONCE = 8  # requests under way
TESTED_FOR = 86_400  # seconds until a store is tested again
STALE = 60.0  # seconds until a local copy of documents is looked at again

Listed = dict[PurePosixPath, Object]


class Bucket:
    """A lake in a bucket; see `Place`. `room` is a folder of this machine alone."""

    def __init__(self, address: Address, limits: Limits, room: Path) -> None:
        self.objects = Objects(address, limits, "the lake", "OUTLOOK_LAKE")
        self.room = room
        self.files = Cache(room / "files")
        self._listed: dict[PurePosixPath, Listed] = {}
        self._copied: dict[PurePosixPath, float] = {}
        self._damaged: set[PurePosixPath] = set()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_listed": {}, "_copied": {}}

    def shown(self, name: PurePosixPath) -> str:
        return f"{self.objects}/{name}" if name.parts else str(self.objects)

    def read(self, name: PurePosixPath) -> bytes | None:
        listed = self._as_listed(name)
        if listed is not None:
            return self._document(listed[name]) if name in listed else None
        found = self.objects.get(name)
        return _value(found[0]) if found else None

    def write(self, name: PurePosixPath, value: bytes) -> None:
        tenure = self._tenure(name)
        while not self._written(name, value, tenure):
            if tenure:
                raise tenure.taken_over()

    def create(self, name: PurePosixPath, value: bytes) -> bool:
        self.hold_to_conditions()
        return self.objects.put(name, _with_nonce(value), None) is not None

    def fence(self, name: PurePosixPath) -> None:
        """Writes a document again as it is, so that a write that was begun before is refused."""
        while True:
            found = self.objects.get(name)
            value, etag = (_value(found[0]), found[1]) if found else (None, None)
            if self.objects.put(name, _with_nonce(value or ABSENCE), etag):
                return

    @contextmanager
    def at_once(self, below: PurePosixPath) -> Iterator[None]:
        if self._as_listed(below) is not None:
            yield  # nobody changes them while this process holds their lock
            return
        self._listed[below] = self._looked(below)
        try:
            yield
        finally:
            del self._listed[below]

    def has(self, name: PurePosixPath, digest: str | None = None) -> bool:
        if digest is not None and self.files.has(digest):
            return True
        listed = self._as_listed(name)
        if listed is not None and name.suffix:
            return name in listed and not self._is_absence(listed[name])
        return not all(self._is_absence(one) for one in self._below(name).values())

    def children(self, below: PurePosixPath) -> list[Stored]:
        found: dict[PurePosixPath, Stored] = {}
        for name, one in self._below(below).items():
            if name != below and not self._is_absence(one):
                child = below / name.relative_to(below).parts[0]
                at = max(found[child].changed, one.changed) if child in found else one.changed
                found[child] = Stored(child, child != name, at)
        return [found[name] for name in sorted(found)]

    def marks(self, below: PurePosixPath) -> dict[str, str]:
        """Without marks: documents are kept on this machine by their ETag, see `_document`."""
        return {one.name.name: "" for one in self.children(below) if one.name.suffix == ".json"}

    def size(self, name: PurePosixPath) -> int:
        return sum(one.bytes for one in self._below(name).values())

    def put(
        self,
        made: Path,
        target: PurePosixPath,
        scratch: Path,
        step: AbstractContextManager[None],
    ) -> None:
        self.hold_to_conditions()
        with step:
            pass  # whoever has lost the lock sends nothing
        paths = sorted(made.iterdir())
        before = {name: one.name for name, one in self._below(target).items()}
        documents = [p for p in paths if p.suffix in DOCUMENTS]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            files = [p for p in paths if p not in documents]
            under_way = [pool.submit(self._send, path, target / path.name) for path in files]
            sent = {_plain(name): name for name in (one.result() for one in under_way)}
        for path in documents:
            self.write(target / path.name, path.read_bytes())
        if documents:  # they name all that counts; a killed writer may have left more
            gone = [x.name for x in self._objects(target) if HASHED.fullmatch(x.name.name)]
        else:  # of a partition the same files are there again
            gone = [old for name, old in before.items() if name in sent]
        for old in set(gone) - set(sent.values()):
            self.objects.delete(old)
            if _plain(old) not in sent:
                self._forget(_plain(old))

    def verified(self, name: PurePosixPath, digest: str) -> Path:
        if known := self.files.verified(digest):
            return known
        with self.files.filling(digest) as part:
            if not self.objects.fetch(_hashed(name, digest), part):
                raise Unsound(self.shown(name), "is gone")
            if sha256(part) != digest:
                self._damaged.add(_hashed(name, digest))
                raise Unsound(self.shown(name), "is not what was written")
        return self.files.path(digest)

    def stored(self, name: PurePosixPath, digest: str) -> Path:
        copy = self.files.verified(digest)
        if copy is None:
            return self.verified(name, digest)
        if not self._is_stored(name, digest, copy):
            if self._tenure(name) is None:
                raise Unsound(self.shown(name), "is gone or damaged, but for a copy here")
            log.warning("%s was gone or damaged: the copy here was sent again", self.shown(name))
            self.objects.send(copy, _hashed(name, digest), digest, again=True)
        return copy

    def drop_copy(self, digest: str) -> None:
        self.files.drop(digest)

    def delete(self, name: PurePosixPath, work: Path | None = None) -> None:
        # A folder may hold more than is listed by name, such as what a killed writer left.
        found = self._objects(name) if work else list(self._below(name).values())
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for gone in [pool.submit(self.objects.delete, one.name) for one in found]:
                gone.result()
        for one in found:
            if fit := HASHED.fullmatch(one.name.name):
                self.files.drop(fit[2])
        self._forget(name)

    def lock(self, name: str) -> Lock:
        return ObjectLock(str(self.objects), PurePosixPath(name), self)

    def tidy(self, below: PurePosixPath) -> None:
        """Nothing is left half written."""

    def local(self, below: PurePosixPath) -> Path:
        folder = self.room / below
        if time.monotonic() - self._copied.get(below, -STALE) >= STALE:
            read = {one.name: self._document(one) for one in self._looked(below).values()}
            there = {name: text for name, text in read.items() if text is not None}
            for name, text in there.items():
                write_bytes(self.room / name, text)
            for path in folder.glob("[!.]*"):
                if below / path.name not in there:
                    path.unlink(missing_ok=True)
            self._copied[below] = time.monotonic()
        return folder

    def hold_to_promises(self) -> None:
        self.objects.hold_to_conditions()

    def hold_to_conditions(self) -> None:
        """The same, but the store is asked once a day."""
        mark, store = self.room / ".keeps-to-conditions", self.objects.client.store()
        with suppress(OSError):
            is_recent = time.time() - mark.stat().st_mtime < TESTED_FOR
            if is_recent and mark.read_text("utf-8") == store:
                return
        self.hold_to_promises()
        private_folder(self.room)
        write_bytes(mark, store.encode())

    def _written(self, name: PurePosixPath, value: bytes, tenure: Tenure | None) -> bool:
        """Writes a document, unless somebody else has written it since it was read here."""
        self.hold_to_conditions()
        etag = self._etag(name)
        if tenure:
            tenure.intend(name)  # whoever takes over from here on makes the next write fail
        body = _with_nonce(value)
        written = self.objects.put(name, body, etag)
        if tenure:
            tenure.done()
        self._copied.pop(name.parent, None)
        if written:
            self._note(Object(name, written, len(body), datetime.now(UTC)))
        return written is not None

    def _etag(self, name: PurePosixPath) -> str | None:
        listed = self._as_listed(name) if self._tenure(name) else None
        if listed is not None:
            return listed[name].etag if name in listed else None
        found = self.objects.get(name)
        return found[1] if found else None

    def _is_stored(self, name: PurePosixPath, digest: str, copy: Path) -> bool:
        """Whether the bucket has the bytes of a copy: by a listing if there is one, else by asking.
        What this process has sent has no ETag yet."""
        listed, hashed = self._as_listed(name), _hashed(name, digest)
        known = listed.get(name) if listed is not None else None
        if known and known.name == hashed and known.bytes == copy.stat().st_size:
            is_one_piece = len(known.etag) == len(NO_ETAG)
            if not known.etag or (is_one_piece and known.etag == _md5(copy.read_bytes())):
                return True
        return self.objects.is_there(copy, hashed, digest)

    def _send(self, path: Path, name: PurePosixPath) -> PurePosixPath:
        digest, size = sha256(path), path.stat().st_size
        hashed = _hashed(name, digest)
        self.objects.send(path, hashed, digest, again=hashed in self._damaged)
        self.files.keep(path, digest)
        self._note(Object(hashed, "", size, datetime.now(UTC)))
        return hashed

    def _document(self, one: Object) -> bytes | None:
        """A document as it was listed, or as it is if it has changed since."""
        key = hashlib.sha256(f"{one.name} {one.etag}".encode()).hexdigest()
        path = self.room / "documents" / key[:2] / key
        with suppress(FileNotFoundError):
            # An ETag is no hash of the bytes where the store encrypts them.
            digest, _, known = path.read_bytes().partition(b"\n")
            if digest == _hash(known):
                return _value(known)
        found = self.objects.get(one.name)
        if found and found[1] == one.etag:
            private_folder(path.parent)
            part = unfinished(path)
            part.write_bytes(_hash(found[0]) + b"\n" + found[0])
            os.replace(part, path)
        return _value(found[0]) if found else None

    def _is_absence(self, one: Object) -> bool:
        """Whether a document only stands for none: see `fence`."""
        is_of_its_size = one.name.suffix in DOCUMENTS and one.bytes == len(_with_nonce(ABSENCE))
        return is_of_its_size and self._document(one) is None

    def _looked(self, below: PurePosixPath) -> Listed:
        """What is below, by name, with its documents brought here."""
        found = self._objects(below)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            wanted = [one for one in found if one.name.suffix in DOCUMENTS]
            for read in [pool.submit(self._document, one) for one in wanted]:
                read.result()
        return {_plain(one.name): one for one in found}

    def _objects(self, name: PurePosixPath) -> list[Object]:
        """The objects of that name, and all below it."""
        begins = str(name.with_suffix("")) if name.suffix == ".parquet" else str(name)
        found = self.objects.listed(begins if name.parts else "")
        return [x for x in found if _is_within(_plain(x.name), name)]

    def _below(self, name: PurePosixPath) -> Listed:
        """What has that name or is below it, by name."""
        listed = self._as_listed(name)
        if listed is None:
            return {_plain(one.name): one for one in self._objects(name)}
        return {x: one for x, one in listed.items() if _is_within(x, name)}

    def _as_listed(self, name: PurePosixPath) -> Listed | None:
        """The listing that tells of a name, while nobody else changes what it lists."""
        scope = _scope(name)
        if scope in self._listed:
            return self._listed[scope]
        tenure = self._tenure(name)
        if tenure is None or scope is None:
            return None
        if scope not in tenure.memory:
            tenure.memory[scope] = self._looked(scope)
        return tenure.memory[scope]

    def _tenure(self, name: PurePosixPath) -> Tenure | None:
        """What this process holds of the lock that guards a name."""
        scope = _scope(name)
        found = held(self.lock(f".lock-{scope.name}")) if scope else None
        return found if isinstance(found, Tenure) else None

    def _note(self, now: Object) -> None:
        tenure, scope = self._tenure(now.name), _scope(now.name)
        if tenure and scope in tenure.memory:
            tenure.memory[scope][_plain(now.name)] = now

    def _forget(self, name: PurePosixPath) -> None:
        tenure, scope = self._tenure(name), _scope(name)
        if tenure and scope in tenure.memory:
            known = tenure.memory[scope]
            tenure.memory[scope] = {x: o for x, o in known.items() if not _is_within(x, name)}
        self._copied.pop(name.parent, None)


def _scope(name: PurePosixPath) -> PurePosixPath | None:
    """The part of the lake that one lock guards; its last part names the lock."""
    if name.parts[:1] == ("incidents",) or name.parts[:1] in [(d,) for d in DATASETS]:
        return PurePosixPath(name.parts[0])
    is_guarded = len(name.parts) > 1 and name.parts[0] in GUARDED
    return PurePosixPath(*name.parts[:2]) if is_guarded else None


def _is_within(name: PurePosixPath, folder: PurePosixPath) -> bool:
    return folder == name or folder in name.parents


def _hashed(name: PurePosixPath, digest: str) -> PurePosixPath:
    """The name of a file with its hash in it."""
    return name.with_name(f"{name.stem}.{digest[:12]}{name.suffix}")


def _plain(name: PurePosixPath) -> PurePosixPath:
    """The name of an object without its hash."""
    fit = HASHED.fullmatch(name.name)
    return name.with_name(f"{fit[1]}{fit[3]}") if fit else name


def _with_nonce(value: bytes) -> bytes:
    """A document as it is stored: no two writes of it have the same bytes, so nor the same ETag."""
    if not value.startswith(b"{"):
        return value
    comma = b"" if value[1:].strip() == b"}" else b","
    return b'{"nonce": "' + uuid.uuid4().hex.encode() + b'"' + comma + value[1:]


def _value(stored: bytes) -> bytes | None:
    """A document as it was written; None if it only stands for none."""
    value = NONCE.sub(b"{", stored)
    return None if value == ABSENCE else value


def _hash(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode()


def _md5(text: bytes) -> str:
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
