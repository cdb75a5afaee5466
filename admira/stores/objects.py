"""A store's files as objects in a bucket of S3, or of a service that works like it."""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

import pyarrow

from admira.errors import MissingExtra, StoreError
from admira.stores.files import Enters, Fingerprint
from admira.stores.leases import Found, Lease
from admira.stores.listings import is_mark
from admira.stores.locks import locked_error
from admira.stores.services import (
    MISSING,
    UNCONDITIONAL,
    UNMET,
    Address,
    age_seconds,
    code_of,
    etag_of,
    new_session,
    reason_of,
)

_POLL_SECONDS = 0.5
_TRIES = 3
_CONNECT_SECONDS, _READ_SECONDS = 5, 15


class ObjectFiles:
    """Files that are objects of a bucket: every path under the root is a key under a prefix.

    Reads and listings are as of the moment they are made: S3 is strongly consistent, and nothing
    is cached.  A file is replaced by a copy on the service's side, so that whoever reads it meets
    the old content or the new.  Threads may share an instance.

    A writer's lock is an object too, and a lease: the writer renews it as long as it lives, and
    whoever waits may take it over when it was not renewed for ``LEASE_SECONDS``, by the clock of
    the service alone.  What a writer that was stopped for that long, and then goes on, may do:

    - It cannot record a commit if another writer recorded one meanwhile, since ``create`` is
      refused by the service where the name is taken, whatever either writer believes.
    - It writes, replaces and removes nothing once its lease is gone: every such call first makes
      sure that the lease is fresh, and renews it, which the service refuses when it was taken over.
    - What stays open is the time between that check and the arrival of the request at the
      service.  Only a writer stopped just there, for longer than what is left of its lease (at
      least two thirds), can still replace or remove one file after another writer began.

    The service must honour ``If-None-Match`` and ``If-Match`` on a PUT, as S3 does; one that does
    not is refused at the first lock.

    Parameters
    ----------
    url : str
        ``s3://bucket/prefix``, with ``endpoint_override``, ``region`` and ``scheme`` in its query
        where needed, as in pyarrow's URIs of S3.  Credentials are those of the environment, as
        all AWS tools find them.

    Raises
    ------
    MissingExtra
        When s3fs is not installed.
    StoreError
        When the URL is of another kind, or holds credentials.
    """

    def __init__(self, url: str) -> None:
        address = Address.of(url)
        try:
            import aiohttp
            import botocore.exceptions
            import s3fs
        except ImportError:
            raise MissingExtra("A store on S3", "s3") from None
        self._errors = (
            OSError,
            ValueError,
            botocore.exceptions.BotoCoreError,
            botocore.exceptions.ClientError,
            aiohttp.ClientError,
        )
        self._bucket = address.bucket
        self._prefix = f"{address.prefix}/" if address.prefix else ""
        self._s3: Any = s3fs.S3FileSystem(
            endpoint_url=address.endpoint,
            client_kwargs={"region_name": address.region} if address.region else {},
            config_kwargs={
                "connect_timeout": _CONNECT_SECONDS,
                "read_timeout": _READ_SECONDS,
                "retries": {"total_max_attempts": _TRIES, "mode": "standard"},
            },
            session=new_session(),
            use_listings_cache=False,
            skip_instance_cache=True,  # credentials are those of now, not of an earlier store
        )
        self._s3.retries = _TRIES
        self._leases: list[Lease] = []
        self._is_proven = False

    @property
    def url(self) -> str:
        """The bucket and the prefix, without the query."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @property
    def filesystem(self) -> Any:
        """The bucket as others read it, in fsspec's words."""
        return self._s3

    def name(self, path: str) -> str:
        """Give the whole URL, without the query."""
        return f"{self.url}/{path}"

    def read(self, path: str) -> bytes | None:
        """Give an object's content."""
        found = self.found(path)
        return None if found is None else found.content

    def found(self, path: str) -> Found | None:
        """Give an object's content and what the service says about it, as of one instant."""
        from fsspec.asyn import sync

        with self._explained(path, "read"):
            for tries in count(1):
                answer = self._answer("get_object", path, MISSING)
                if answer is None:
                    break
                try:
                    content = sync(self._s3.loop, answer["Body"].read)
                except self._errors:
                    if tries == _TRIES:
                        raise
                else:
                    return Found(content, etag_of(answer), age_seconds(answer))
        return None

    def open(self, path: str) -> pyarrow.NativeFile | None:
        """Read a whole object into memory."""
        content = self.read(path)
        return None if content is None else pyarrow.BufferReader(content)

    def fingerprint(self, path: str) -> Fingerprint | None:
        """Give ETag and size."""
        with self._explained(path, "read"):
            answer = self._answer("head_object", path, MISSING)
        return None if answer is None else (etag_of(answer), answer["ContentLength"])

    def is_settled(self, fingerprint: Fingerprint) -> bool:
        """Say yes: an ETag names the content, whenever it was written."""
        del fingerprint
        return True

    def find(self, folder: str, enters: Enters) -> dict[str, Fingerprint]:
        """List all objects under a folder at once, and leave out those not asked for."""
        entered: dict[tuple[str, ...], bool] = {(): True}

        def is_entered(folders: tuple[str, ...]) -> bool:
            if folders not in entered:
                above, name = folders[:-1], folders[-1]
                is_asked_for = is_entered(above) and not (name and is_mark(name))
                entered[folders] = is_asked_for and enters(folders)
            return entered[folders]

        found: dict[str, Fingerprint] = {}
        for page in self._pages(folder):
            for about in page.get("Contents", ()):
                below = about["Key"][len(self._prefix) + len(folder) + 1 :]
                *folders, name = below.split("/")
                # A key that ends with a slash only says that there is a folder.
                if is_entered(tuple(folders)) and name and not is_mark(name):
                    found[f"{folder}/{below}"] = (etag_of(about), about["Size"])
        return found

    def names(self, folder: str) -> list[str]:
        """List what stands directly in a folder."""
        start, names = len(self._prefix) + len(folder) + 1, []
        for page in self._pages(folder, Delimiter="/"):
            names += [about["Key"][start:] for about in page.get("Contents", ())]
            names += [about["Prefix"][start:-1] for about in page.get("CommonPrefixes", ())]
        return [name for name in names if name]

    def _pages(self, folder: str, **facts: Any) -> Iterator[Mapping[str, Any]]:
        """List the objects under a folder, page by page."""
        facts["Prefix"] = f"{self._prefix}{folder}/"
        while True:
            with self._explained(folder, "listed"):
                page = self._s3.call_s3("list_objects_v2", Bucket=self._bucket, **facts)
            yield page
            if not page.get("IsTruncated"):
                return
            facts["ContinuationToken"] = page["NextContinuationToken"]

    def write(self, path: str, content: bytes) -> None:
        """Put an object; once that is answered, the service keeps it."""
        self._keep_leases()
        self.put(path, content)

    def put(self, path: str, content: bytes, **condition: str) -> str | None:
        """Put an object under a condition; give its ETag, or nothing if the condition is not met.

        Nothing is also the answer when the condition was met at first, the answer was lost, and
        the request was sent again.
        """
        unless = UNMET | MISSING if condition else frozenset[str]()
        with self._explained(path, "written"):
            answer = self._answer("put_object", path, unless, Body=content, **condition)
        return None if answer is None else etag_of(answer)

    def move(self, source: str, target: str) -> None:
        """Copy an object over another on the service's side, and remove it."""
        self._keep_leases()
        copied = {"Bucket": self._bucket, "Key": self._prefix + source}
        with self._explained(target, "replaced"):
            if self._answer("copy_object", target, MISSING, CopySource=copied) is not None:
                self._answer("delete_object", source)

    def create(self, source: str, target: str, content: bytes) -> bool:
        """Put an object whose name must be free; the service decides, not a lock."""
        self._keep_leases()
        for _ in range(_TRIES):
            if not self._is_put(target, content):
                found = self.read(target)
                if found is None:  # it was being written or removed at that moment
                    continue
                if found != content:
                    return False
            with suppress(StoreError):  # it is published: what is left over changes nothing
                self.remove(source)
            return True
        raise StoreError(
            f"{self.name(target)} could not be written: others are writing it. Run again."
        )

    def _is_put(self, path: str, content: bytes) -> bool:
        """Put an object whose name must be free, and tell whether that was done."""
        try:
            return self.put(path, content, IfNoneMatch="*") is not None
        except StoreError:
            # A request that broke off may have been carried out: looking again may tell.
            with suppress(StoreError):
                if self.read(path) == content:
                    return True
            raise

    def remove(self, path: str) -> None:
        """Delete an object if it is there."""
        self._keep_leases()
        with self._explained(path, "removed"):
            self._answer("delete_object", path, MISSING)

    def settle(self, paths: Collection[str], *, contents: bool) -> None:
        """Do nothing: what the service acknowledged, it keeps."""

    @contextmanager
    def lock(self, path: str, timeout_seconds: float) -> Iterator[None]:
        """Hold a lock whose lease runs out when its holder is gone."""
        lease = Lease(self, path)
        until = time.monotonic() + timeout_seconds
        while not lease.take():
            left = until - time.monotonic()
            if left <= 0:
                raise locked_error(self.url, timeout_seconds, lease.held_by)
            time.sleep(min(left, _POLL_SECONDS))
        self._leases.append(lease)
        try:
            with lease.kept():
                self._prove_conditions(path)
                yield
        finally:
            self._leases.remove(lease)

    def _keep_leases(self) -> None:
        """Make sure, before anything is changed, that the locks held here still are."""
        for lease in tuple(self._leases):
            lease.keep()

    def _prove_conditions(self, path: str) -> None:
        """Refuse a service that ignores the conditions which keep two writers apart."""
        if self._is_proven:
            return
        unmet = ({"IfNoneMatch": "*"}, {"IfMatch": '"of no object"'})
        self._is_proven = all(self.put(path, b"", **each) is None for each in unmet)
        if not self._is_proven:
            raise StoreError(f"{self.url} cannot hold a store: {UNCONDITIONAL}")

    def _answer(
        self, method: str, path: str, unless: Collection[str] = (), **facts: Any
    ) -> Mapping[str, Any] | None:
        """Ask the service about one object; nothing when it answers with one of these codes."""
        try:
            answer: Mapping[str, Any] = self._s3.call_s3(
                method, Bucket=self._bucket, Key=self._prefix + path, **facts
            )
        except self._errors as error:
            if code_of(error) in unless:
                return None
            raise
        return answer

    @contextmanager
    def _explained(self, path: str, done: str) -> Iterator[None]:
        """Turn an error of the service or the network into a sentence."""
        try:
            yield
        except self._errors as error:
            reason = reason_of(error, self._bucket)
            raise StoreError(f"{self.name(path)} could not be {done}: {reason}") from error
