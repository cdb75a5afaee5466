"""A store's files as objects in a bucket of S3, or of a service that works like it."""

import json
import logging
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import count
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import pyarrow

from admira.errors import MissingExtra, StoreError
from admira.log import log_event
from admira.stores.files import Enters, Fingerprint
from admira.stores.listings import is_mark
from admira.stores.locks import holder, locked_error

# A writer that is gone holds its lock for no longer than this.
LEASE_SECONDS = 45.0
# A writer that renewed its lease this long ago renews it before it writes anything more.
_FRESH_SHARE = 1 / 3
_POLL_SECONDS = 0.5

_TRIES = 3
_CONNECT_SECONDS, _READ_SECONDS = 5, 15

_MISSING = frozenset({"404", "NoSuchKey"})
_UNMET = frozenset({"409", "412", "ConditionalRequestConflict", "PreconditionFailed"})
_PARAMETERS = ("endpoint_override", "region", "scheme")

_REFUSED = frozenset(
    {
        "401",
        "403",
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidSecurity",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)
_ELSEWHERE = frozenset(
    {
        "301",
        "307",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)


@dataclass(frozen=True, slots=True)
class _Found:
    """An object's content, and how long ago it was written by the service's own clock."""

    content: bytes
    etag: str
    age_seconds: float


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
        address = _Address.of(url)
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
            session=_session(),
            use_listings_cache=False,
            skip_instance_cache=True,  # credentials are those of now, not of an earlier store
        )
        self._s3.retries = _TRIES
        self._leases: list[_Lease] = []
        self._is_proven = False

    @property
    def url(self) -> str:
        """The bucket and the prefix, without the query."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def name(self, path: str) -> str:
        """Give the whole URL, without the query."""
        return f"{self.url}/{path}"

    def read(self, path: str) -> bytes | None:
        """Give an object's content."""
        found = self.found(path)
        return None if found is None else found.content

    def found(self, path: str) -> _Found | None:
        """Give an object's content and what the service says about it, as of one instant."""
        from fsspec.asyn import sync

        with self._explained(path, "read"):
            for tries in count(1):
                answer = self._answer("get_object", path, _MISSING)
                if answer is None:
                    break
                try:
                    content = sync(self._s3.loop, answer["Body"].read)
                except self._errors:
                    if tries == _TRIES:
                        raise
                else:
                    return _Found(content, _etag(answer), _age_seconds(answer))
        return None

    def open(self, path: str) -> pyarrow.NativeFile | None:
        """Read a whole object into memory."""
        content = self.read(path)
        return None if content is None else pyarrow.BufferReader(content)

    def fingerprint(self, path: str) -> Fingerprint | None:
        """Give ETag and size."""
        with self._explained(path, "read"):
            answer = self._answer("head_object", path, _MISSING)
        return None if answer is None else (_etag(answer), answer["ContentLength"])

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
                    found[f"{folder}/{below}"] = (_etag(about), about["Size"])
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
        unless = _UNMET | _MISSING if condition else frozenset[str]()
        with self._explained(path, "written"):
            answer = self._answer("put_object", path, unless, Body=content, **condition)
        return None if answer is None else _etag(answer)

    def move(self, source: str, target: str) -> None:
        """Copy an object over another on the service's side, and remove it."""
        self._keep_leases()
        copied = {"Bucket": self._bucket, "Key": self._prefix + source}
        with self._explained(target, "replaced"):
            if self._answer("copy_object", target, _MISSING, CopySource=copied) is not None:
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
            self._answer("delete_object", path, _MISSING)

    def settle(self, paths: Collection[str], *, contents: bool) -> None:
        """Do nothing: what the service acknowledged, it keeps."""

    @contextmanager
    def lock(self, path: str, timeout_seconds: float) -> Iterator[None]:
        """Hold a lock whose lease runs out when its holder is gone."""
        lease = _Lease(self, path)
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
            raise StoreError(f"{self.url} cannot hold a store: {_UNCONDITIONAL}")

    def _answer(
        self, method: str, path: str, unless: Collection[str] = (), **facts: Any
    ) -> Mapping[str, Any] | None:
        """Ask the service about one object; nothing when it answers with one of these codes."""
        try:
            answer: Mapping[str, Any] = self._s3.call_s3(
                method, Bucket=self._bucket, Key=self._prefix + path, **facts
            )
        except self._errors as error:
            if _code(error) in unless:
                return None
            raise
        return answer

    @contextmanager
    def _explained(self, path: str, done: str) -> Iterator[None]:
        """Turn an error of the service or the network into a sentence."""
        try:
            yield
        except self._errors as error:
            reason = _reason(error, self._bucket)
            raise StoreError(f"{self.name(path)} could not be {done}: {reason}") from error


class _Lease:
    """A lock's object, ours for as long as we renew it.

    It is taken, renewed and given back by conditional writes alone, each with another content
    and so another ETag; none of them can overwrite what somebody else wrote.
    """

    def __init__(self, files: ObjectFiles, path: str) -> None:
        self.held_by: bytes | None = None
        self._files = files
        self._path = path
        self._token = uuid4().hex
        self._holder = holder()
        self._turn = 0
        self._etag = ""
        self._renewed = (0.0, 0.0)
        self._mutex = Lock()
        self._is_over = Event()

    def take(self) -> bool:
        """Try once to take the lock."""
        self._holder = holder()
        found = self._files.found(self._path)
        if found is not None and not self._is_ours(found) and not _is_free(found):
            self.held_by = found.content
            return False
        condition = {"IfNoneMatch": "*"} if found is None else {"IfMatch": found.etag}
        if not self._put(condition):
            return False
        if found is not None and _lease_seconds(found.content):
            log_event("lock.taken_over", level=logging.WARNING, lock=self._files.name(self._path))
        return True

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease in the background, and give the lock back in the end."""
        beating = Thread(target=self._beat, name="admira-lease", daemon=True)
        beating.start()
        try:
            yield
        finally:
            self._is_over.set()
            self._give_back()
            beating.join()

    def _beat(self) -> None:
        """Renew the lease in time until the lock is given back."""
        while not self._is_over.wait(LEASE_SECONDS * _FRESH_SHARE / 2):
            with suppress(StoreError):  # whoever writes next is told
                self.keep()

    def keep(self) -> None:
        """Renew the lease unless it is fresh; raise if somebody else has taken it over."""
        with self._mutex:
            if _elapsed(self._renewed) < LEASE_SECONDS * _FRESH_SHARE or self._is_over.is_set():
                return
            if not self._put({"IfMatch": self._etag}):
                raise StoreError(
                    f"{self._files.url} was taken over by another writer, since this one did not "
                    f"answer for {LEASE_SECONDS:g} s. Run again."
                )

    def _give_back(self) -> None:
        """Leave a lease of no length behind, if the lock is still ours."""
        try:
            with self._mutex:
                self._put({"IfMatch": self._etag}, lease_seconds=0.0)
        except StoreError as error:
            log_event("lock.not_released", level=logging.WARNING, reason=str(error))

    def _put(self, condition: dict[str, str], lease_seconds: float | None = None) -> bool:
        """Write the lock's object if the condition holds; tell whether it is ours after that."""
        begun = _clocks()
        self._turn += 1
        seconds = LEASE_SECONDS if lease_seconds is None else lease_seconds
        note = {"lease_seconds": seconds, "token": self._token, "turn": self._turn}
        content = json.dumps(self._holder | note).encode()
        etag = self._files.put(self._path, content, **condition)
        if etag is None:
            # The service may have done it although its answer was lost.
            found = self._files.found(self._path)
            if found is None or found.content != content:
                self.held_by = None if found is None else found.content
                return False
            etag = found.etag
        self._etag, self._renewed = etag, begun
        return True

    def _is_ours(self, found: _Found) -> bool:
        """Tell whether an earlier try of ours wrote this."""
        return self._token.encode() in found.content


def _is_free(found: _Found) -> bool:
    """Tell whether a lease has run out, or was given back."""
    return found.age_seconds >= _lease_seconds(found.content)


def _lease_seconds(content: bytes) -> float:
    """Give how long a lock's object counts."""
    try:
        return float(json.loads(content)["lease_seconds"])
    except (ValueError, KeyError, TypeError):
        return LEASE_SECONDS


def _clocks() -> tuple[float, float]:
    """Read both clocks: one stands still while a machine sleeps, the other may be set back."""
    return time.monotonic(), time.time()


def _elapsed(since: tuple[float, float]) -> float:
    """Give the seconds that have passed, by the clock that says more."""
    return max(now - then for now, then in zip(_clocks(), since, strict=True))


def _session() -> Any:
    """Make a session of its own credentials, without parsing the API's description anew."""
    from aiobotocore.session import AioSession

    session = AioSession()
    session.register_component("data_loader", _description())
    return session


@cache
def _description() -> Any:
    """Give what botocore knows about the API, which takes most of a session's time to read."""
    from botocore.loaders import create_loader

    return create_loader()


@dataclass(frozen=True, slots=True)
class _Address:
    """What the URL of a store on S3 says."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None

    @classmethod
    def of(cls, url: str) -> "_Address":
        """Read a URL."""
        place, _, query = url.partition("?")
        scheme, _, path = place.partition("://")
        bucket, _, prefix = path.partition("/")
        if scheme != "s3" or not bucket:
            raise StoreError(
                "The URL of a store should read s3://bucket/prefix; found another kind of URL. "
                "Correct it, or give the path of a folder."
            )
        if "@" in bucket:
            raise StoreError(
                "The URL of a store on S3 holds credentials, which end up in logs. Leave them "
                "out, and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile."
            )
        prefix = prefix.strip("/")
        given = dict(parse_qsl(query))
        if not given.keys() <= set(_PARAMETERS):
            raise StoreError(
                f"The URL of s3://{bucket}/{prefix} has a parameter that is not understood; "
                f"expected only {', '.join(_PARAMETERS)}. Correct it."
            )
        endpoint = given.get("endpoint_override")
        if endpoint is not None and "://" not in endpoint:
            endpoint = f"{given.get('scheme', 'https')}://{endpoint}"
        return cls(bucket, prefix, endpoint, given.get("region"))


_UNCONDITIONAL = (
    "the service does not honour If-None-Match and If-Match on a PUT, which keep two writers "
    "apart. Use S3 itself, or a service that does."
)


def _reason(error: Exception, bucket: str) -> str:
    """Say why a request failed and what to do; never with the service's own words."""
    code = _code(error)
    if code == "NoSuchBucket":
        return f"there is no bucket {bucket!r}. Create it, or correct the URL."
    if code in _REFUSED:
        return (
            f"the credentials were refused ({code}). Check that they are current, and that they "
            "allow s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject there."
        )
    if code in _ELSEWHERE:
        return f"the bucket is in another region ({code}). Add ?region= to the URL."
    if code in {"501", "NotImplemented"}:
        return _UNCONDITIONAL
    if code:
        return (
            f"the service answered {code}. Run again if that passes; what else it can mean is in "
            "S3's list of error codes."
        )
    return _reason_without_answer(error)


def _reason_without_answer(error: Exception) -> str:
    """Say why a request did not get as far as an answer."""
    from botocore import exceptions as broken

    unknown = (
        broken.NoCredentialsError,
        broken.PartialCredentialsError,
        broken.CredentialRetrievalError,
        broken.ProfileNotFound,
        broken.SSOError,
    )
    if isinstance(error, unknown):
        return (
            "no usable AWS credentials were found. Set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or a profile."
        )
    if isinstance(error, (ValueError, broken.ValidationError, broken.ParamValidationError)):
        return "the bucket's name, region or endpoint is not valid. Correct the URL."
    return (
        "the service could not be reached, or broke off. Check the network and the URL's "
        "endpoint_override, then run again."
    )


def _code(error: BaseException) -> str:
    """Give the code with which the service answered; s3fs wraps the error that holds it."""
    for each in (error, error.__cause__):
        response = getattr(each, "response", None)
        if isinstance(response, dict):
            return str(response.get("Error", {}).get("Code", ""))
    return ""


def _etag(about: Mapping[str, Any]) -> str:
    return str(about["ETag"]).strip('"')


def _age_seconds(answer: Mapping[str, Any]) -> float:
    """Give how long ago an object was written, by the service's clock alone."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return float((now - answer["LastModified"]).total_seconds())
