"""How files are kept as objects of S3, and who may write them."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from textwrap import dedent
from typing import Any

import pytest
from botocore.exceptions import ClientError
from s3fs import S3FileSystem

from admira.errors import MissingExtra, StoreError
from admira.stores import leases, objects
from admira.stores.journal import OWN, Journal
from admira.stores.objects import ObjectFiles
from admira.stores.parquet import ParquetStore
from tests.stores.rows import ads, crm, fill

LOCK = f"{OWN}/lock/writer"


@pytest.fixture
def url(bucket: str) -> str:
    return bucket.replace("?", "/a/store?")


@pytest.fixture
def files(url: str) -> ObjectFiles:
    return ObjectFiles(url)


def everything(_: tuple[str, ...]) -> bool:
    return True


def leave_lock(files: ObjectFiles, lease_seconds: float) -> None:
    """Leave the lock of a writer that was killed."""
    by = {"user": "ana", "host": "laptop", "pid": 7, "since": "2025-08-20T06:30:00+00:00"}
    files.write(LOCK, json.dumps({**by, "lease_seconds": lease_seconds, "token": "t"}).encode())


# Files


def test_what_is_not_there_is_nothing(files: ObjectFiles) -> None:
    assert files.read("a") is None
    assert files.open("a") is None
    assert files.fingerprint("a") is None
    assert files.find("a", everything) == {}
    assert files.names("a") == []
    files.remove("a")
    files.move("a", "b")
    assert files.read("b") is None


@pytest.mark.parametrize("content", [b"", b"x", bytes(3_000_000)])
def test_content_comes_back(files: ObjectFiles, content: bytes) -> None:
    files.write("a/b", content)
    opened = files.open("a/b")
    assert files.read("a/b") == content
    assert opened is not None
    with opened:
        assert opened.read() == content


def test_a_file_replaced_by_others_is_seen_at_once(files: ObjectFiles, url: str) -> None:
    other = ObjectFiles(url)
    files.write("a/b", b"1")
    before = files.fingerprint("a/b")
    assert files.find("a", everything) == {"a/b": before}
    other.write("a/b", b"2")
    assert files.read("a/b") == b"2"
    after = files.fingerprint("a/b")
    assert after != before
    assert files.find("a", everything) == {"a/b": after}
    assert after == other.fingerprint("a/b")


def test_a_moved_file_keeps_its_fingerprint(files: ObjectFiles) -> None:
    files.write("a/b%2F ñ", b"1")
    files.write("c", b"old")
    found = files.fingerprint("a/b%2F ñ")
    files.move("a/b%2F ñ", "c")
    assert files.fingerprint("c") == found
    assert files.names("a") == []
    files.move("a/b%2F ñ", "c")
    assert files.read("c") == b"1"


def test_names_are_those_directly_in_a_folder(files: ObjectFiles) -> None:
    for path in ("a/b", "a/c/d", "a/c/e", "ab", "a/"):
        files.write(path, b"")
    assert sorted(files.names("a")) == ["b", "c"]


def test_all_pages_of_a_listing_are_read(
    files: ObjectFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ["a/0", "a/1", "a/2", "a/b/3", "a/c/4"]
    for path in paths:
        files.write(path, b"")
    call = S3FileSystem.call_s3

    def paged(self: Any, method: str, **facts: Any) -> Any:
        return call(self, method, **facts, MaxKeys=2)

    monkeypatch.setattr(S3FileSystem, "call_s3", paged)
    assert sorted(files.find("a", everything)) == paths
    assert sorted(files.names("a")) == ["0", "1", "2", "b", "c"]


def test_only_folders_that_are_asked_for_are_searched(files: ObjectFiles) -> None:
    for path in ("f/1/x", "f/1/2/y", "f/1/2/z", "f/3/x", "f/3/2/x", "f/x", "g/1/x"):
        files.write(path, b"")
    asked = []

    def enters(folders: tuple[str, ...]) -> bool:
        asked.append(folders)
        return folders[0] == "1"

    assert list(files.find("f", enters)) == ["f/1/2/y", "f/1/2/z", "f/1/x", "f/x"]
    assert asked == [("1",), ("1", "2"), ("3",)]


def test_marks_are_left_out_at_any_level(files: ObjectFiles) -> None:
    for path in ("f/_SUCCESS", "f/.x", "f/_tmp/x", "f/1/.y", "f/1/.z.parquet", "f/2/"):
        files.write(path, b"")
    asked = []

    def enters(folders: tuple[str, ...]) -> bool:
        asked.append(folders)
        return True

    assert list(files.find("f", enters)) == ["f/1/.z.parquet"]
    assert asked == [("1",), ("2",)]


def test_a_name_is_published_once(files: ObjectFiles) -> None:
    for draft in ("a", "b"):
        files.write(draft, b"")
    assert files.create("a", "c", b"1")
    assert not files.create("b", "c", b"2")
    assert files.read("c") == b"1"
    assert (files.read("a"), files.read("b")) == (None, b"")


def test_a_name_whose_acknowledgement_was_lost_is_published(files: ObjectFiles) -> None:
    files.write("c", b"1")  # the first request, and the service refuses the second
    assert files.create("a", "c", b"1")


def test_threads_may_share_an_instance(url: str) -> None:
    files = ObjectFiles(url)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: files.write(f"a/{number}", b"%d" % number), range(40)))
        read = list(pool.map(lambda number: files.read(f"a/{number}"), range(40)))
    assert read == [b"%d" % number for number in range(40)]


# The lock


def test_a_second_writer_waits_and_is_told_who_writes(url: str, files: ObjectFiles) -> None:
    with files.lock(LOCK, 0.0):
        begun = time.monotonic()
        with (
            pytest.raises(StoreError, match=r"is being written by .+ on .+ \(process \d+\), since"),
            ObjectFiles(url).lock(LOCK, 0.2),
        ):
            pass
        assert time.monotonic() - begun >= 0.2


def test_a_second_writer_gets_the_lock_when_the_first_is_done(
    url: str, files: ObjectFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "_POLL_SECONDS", 0.01)
    written = []

    def write(name: str) -> None:
        with ObjectFiles(url).lock(LOCK, 20.0):
            written.append(name)

    with ThreadPoolExecutor(1) as pool:
        with files.lock(LOCK, 0.0):
            second = pool.submit(write, "second")
            time.sleep(0.1)
            written.append("first")
        second.result()
    assert written == ["first", "second"]


@pytest.mark.parametrize("error", [None, KeyError("ours")])
def test_a_lock_released_is_free(
    url: str, files: ObjectFiles, error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    expected = pytest.raises(type(error)) if error else nullcontext()
    with expected, files.lock(LOCK, 0.0):
        if error:
            raise error
    for each in (files, ObjectFiles(url)):
        with each.lock(LOCK, 0.0):
            pass
    assert caplog.records == []


def test_threads_of_one_instance_exclude_each_other(files: ObjectFiles) -> None:
    with files.lock(LOCK, 0.0), pytest.raises(StoreError), files.lock(LOCK, 0.0):
        pass


def test_a_lease_that_has_run_out_is_taken_over(
    files: ObjectFiles, caplog: pytest.LogCaptureFixture
) -> None:
    leave_lock(files, 600)
    with pytest.raises(StoreError, match="by ana on laptop"), files.lock(LOCK, 0.0):
        pass
    leave_lock(files, 0.001)
    time.sleep(1.1)  # the service tells times in whole seconds
    with files.lock(LOCK, 0.0):
        assert json.loads(files.read(LOCK) or b"")["user"] != "ana"
    assert "lock.taken_over" in caplog.text


@pytest.mark.parametrize("left", [None, 0.0])
def test_of_two_writers_who_find_a_lock_free_one_gets_it(
    url: str, files: ObjectFiles, left: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = ObjectFiles(url)
    if left is not None:
        leave_lock(files, left)
    seen, found = [late.found(LOCK)], late.found
    monkeypatch.setattr(late, "found", lambda path: seen.pop() if seen else found(path))
    with (
        files.lock(LOCK, 0.0),
        pytest.raises(StoreError, match=r"is being written by .+ \(process \d+\)"),
        late.lock(LOCK, 0.0),
    ):
        pass


def test_a_lock_that_cannot_be_read_counts_for_the_usual_time(files: ObjectFiles) -> None:
    files.write(LOCK, b"?")
    with pytest.raises(StoreError, match="by another process"), files.lock(LOCK, 0.0):
        pass


def test_a_long_writer_keeps_its_lock(
    url: str, files: ObjectFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    with files.lock(LOCK, 0.0):
        first = files.fingerprint(LOCK)
        with pytest.raises(StoreError, match="is being written"), ObjectFiles(url).lock(LOCK, 3.2):
            pass
        assert files.fingerprint(LOCK) != first
        files.write("a", b"1")


@pytest.mark.parametrize("change", ["write", "move", "create", "remove"])
def test_a_writer_whose_lock_was_taken_over_changes_nothing_more(
    url: str, files: ObjectFiles, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {
        "write": lambda: files.write("b", b"2"),
        "move": lambda: files.move("a", "b"),
        "create": lambda: files.create("a", "c", b"2"),
        "remove": lambda: files.remove("a"),
    }
    other = ObjectFiles(url)
    other.write("a", b"1")
    with files.lock(LOCK, 0.0):
        leave_lock(other, 600)
        monkeypatch.setattr(leases, "_FRESH_SHARE", 0.0)
        with pytest.raises(StoreError, match="was taken over by another writer"):
            changes[change]()
    assert [other.read(path) for path in "abc"] == [b"1", None, None]
    assert b"ana" in (other.read(LOCK) or b"")


def test_a_lock_taken_over_is_not_given_back(url: str, files: ObjectFiles) -> None:
    with files.lock(LOCK, 0.0):
        leave_lock(ObjectFiles(url), 600)
    with pytest.raises(StoreError, match="by ana"), files.lock(LOCK, 0.0):
        pass


def test_a_lock_that_cannot_be_given_back_is_logged(
    files: ObjectFiles, s3: Any, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = bucket[len("s3://") :].partition("?")[0]
    with files.lock(LOCK, 0.0):
        s3.delete_object(Bucket=name, Key=f"a/store/{LOCK}")
        s3.delete_bucket(Bucket=name)
    assert "lock.not_released" in caplog.text


@pytest.mark.parametrize("ignored", ["IfNoneMatch", "IfMatch"])
def test_a_service_that_ignores_conditions_is_refused(
    files: ObjectFiles, ignored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = ObjectFiles.put

    def unconditional(self: ObjectFiles, path: str, content: bytes, **condition: str) -> str | None:
        condition.pop(ignored, None)
        return put(self, path, content, **condition)

    monkeypatch.setattr(ObjectFiles, "put", unconditional)
    refusal = "cannot hold a store: the service does not honour"
    with pytest.raises(StoreError, match=refusal), files.lock(LOCK, 0.0):
        pass


# Commits


def test_a_writer_that_died_after_the_commit_point_is_rolled_forward(
    url: str, files: ObjectFiles
) -> None:
    fill(ParquetStore(url))
    script = f"""
        import os, signal
        from admira.stores import leases
        from admira.stores.journal import Journal
        from admira.stores.parquet import ParquetStore
        from tests.stores.rows import ads, crm

        leases.LEASE_SECONDS = 0.001
        Journal._apply = lambda self, entry: os.kill(os.getpid(), signal.SIGKILL)
        with ParquetStore({url!r}).transaction() as commit:
            commit.upsert(ads({{"clicks": 77}}, {{"date": "2025-08-09"}}))
            commit.upsert(crm({{"date": "2025-08-05"}}))
    """
    done = subprocess.run([sys.executable, "-c", dedent(script)], check=False)
    assert done.returncode == -9
    assert Journal(files).pending(4) is not None
    time.sleep(1.1)  # the service tells times in whole seconds
    store = ParquetStore(url)
    assert Journal(files).pending(4) is None
    assert files.names(f"{OWN}/staging") == []
    assert store.read("ads")["clicks"].tolist() == [10, 77, 10, 10]
    assert store.read("crm")["date"].dt.day.tolist() == [5, 2]
    assert store.upsert(crm({"date": "2025-08-05"})).unchanged == 1


def test_a_partition_that_others_replaced_is_never_served_stale(
    url: str, bucket: str, files: ObjectFiles
) -> None:
    store, other = ParquetStore(url), ParquetStore(bucket.replace("?", "/other?"))
    store.upsert(crm({}))
    assert len(store.read("crm")) == 1
    other.upsert(crm({"opportunity_id": "O-7"}, {"opportunity_id": "O-8"}))
    path = "crm/date=2025-08-01/part-0.parquet"
    files.write(path, ObjectFiles(bucket.replace("?", "/other?")).read(path) or b"")
    assert store.read("crm")["opportunity_id"].tolist() == ["O-7", "O-8"]
    assert store.upsert(crm({"opportunity_id": "O-7", "date": "2025-08-02"})).updated == 1


def test_a_foreign_object_is_refused_by_its_url(url: str, files: ObjectFiles) -> None:
    store = ParquetStore(url)
    store.upsert(ads({}))
    files.write("ads/notes.txt", b"")
    with pytest.raises(StoreError, match=r"^s3://bucket-\d+/a/store/ads/notes.txt does not belong"):
        store.read("ads")


def test_a_store_may_fill_a_bucket(bucket: str) -> None:
    fill(ParquetStore(bucket))
    assert len(ParquetStore(bucket).read("ads")) == 3


# URLs and what the service says


def test_a_url_is_shown_without_its_query(files: ObjectFiles, bucket: str) -> None:
    name = bucket.partition("?")[0]
    assert files.url == f"{name}/a/store"
    assert files.name("ads/x") == f"{name}/a/store/ads/x"
    assert ObjectFiles(f"{name}//").url == name
    assert ObjectFiles(f"{name}/x/?region=eu-west-1").url == f"{name}/x"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("s3:///x", "should read s3://bucket/prefix"),
        ("https://key:secret@host/x?secret", "should read s3://bucket/prefix"),
        ("s3://key:secret@bucket/x", "holds credentials.*AWS_ACCESS_KEY_ID"),
        ("s3://bucket/x?access_key=secret", "expected only endpoint_override, region, scheme"),
    ],
)
def test_a_url_of_another_kind_is_refused_without_showing_it(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=sentence) as caught:
        ObjectFiles(url)
    assert "secret" not in str(caught.value)


def test_an_endpoint_may_leave_its_scheme_to_a_parameter(files: ObjectFiles, url: str) -> None:
    files.write("a", b"1")
    assert ObjectFiles(url.replace("http://", "") + "&scheme=http").read("a") == b"1"


def test_without_s3fs_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtra, match=r"A store on S3 needs an extra: .*admira\[s3\]"):
        ObjectFiles("s3://bucket/x")


def test_a_missing_bucket_is_told(bucket: str) -> None:
    files = ObjectFiles(bucket.replace("s3://", "s3://not-"))
    sentence = r"^s3://not-bucket-\d+/a.* could not be {}: there is no bucket 'not-bucket-\d+'\."
    with pytest.raises(StoreError, match=sentence.format("written")):
        files.write("a", b"")
    with pytest.raises(StoreError, match=sentence.format("read")):
        files.read("a")
    with pytest.raises(StoreError, match=sentence.format("listed")):
        files.names("a")
    with pytest.raises(StoreError, match=sentence.format("removed")):
        files.remove("a")
    with pytest.raises(StoreError, match=sentence.format("replaced")):
        files.move("b", "a")
    with pytest.raises(StoreError, match="there is no bucket"):
        ParquetStore(bucket.replace("s3://", "s3://not-"))


def test_missing_credentials_are_told(files: ObjectFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreError, match=r"a could not be read: no usable AWS credentials"):
        files.read("a")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("InvalidAccessKeyId", r"the credentials were refused \(InvalidAccessKeyId\)\. Check"),
        ("AccessDenied", r"the credentials were refused \(AccessDenied\)\. Check"),
        ("PermanentRedirect", r"another region \(PermanentRedirect\)\. Add \?region="),
        ("NotImplemented", "does not honour If-None-Match"),
        ("EntityTooLarge", r"the service answered EntityTooLarge\."),
    ],
)
def test_what_the_service_refuses_is_told_without_its_words(
    files: ObjectFiles, code: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        answer = {"Error": {"Code": code, "Message": "of the-key-id"}}
        raise OSError("of the-key-id") from ClientError(answer, "PutObject")

    monkeypatch.setattr(S3FileSystem, "call_s3", refused)
    with pytest.raises(StoreError, match=f"a/store/x could not be written: .*{sentence}") as caught:
        files.write("x", b"")
    assert "the-key-id" not in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        ("http://127.0.0.1:9", "could not be reached.*Check the network and"),
        ("http://not a host", "endpoint is not valid"),
    ],
)
def test_an_endpoint_that_does_not_answer_is_told(
    bucket: str, endpoint: str, sentence: str
) -> None:
    files = ObjectFiles(f"{bucket.partition('?')[0]}?endpoint_override={endpoint}")
    with pytest.raises(StoreError, match=sentence) as caught:
        files.read("a")
    assert endpoint not in str(caught.value)


def test_a_commit_whose_outcome_is_unknown_is_looked_up(
    files: ObjectFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = ObjectFiles.put

    def broken_off(self: ObjectFiles, path: str, content: bytes, **condition: str) -> str | None:
        put(self, path, content, **condition)
        raise StoreError("the connection broke off")

    monkeypatch.setattr(ObjectFiles, "put", broken_off)
    assert files.create("a", "b", b"1")
    with pytest.raises(StoreError, match="broke off"):
        files.create("a", "b", b"2")
