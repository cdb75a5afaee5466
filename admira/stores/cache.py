"""What is derived of the partitions and kept beside them: named by its content, never stale."""

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from threading import Lock
from uuid import uuid4

import pyarrow
import pyarrow.parquet

from admira.errors import StoreError
from admira.log import log_event
from admira.schemas import SCHEMA_VERSION
from admira.stores.files import Files
from admira.stores.journal import OWN

FOLDER = f"{OWN}/cache"
_FORMAT = "2"  # to be raised whenever what is derived changes its meaning

_HELD_BYTES = 512 * 2**20
_REPEATS = 4  # how often, on average, a text has to occur to be kept as a code


def digest(parts: Iterable[object]) -> str:
    """Give a short text that differs whenever one of the parts does."""
    made = blake2b(f"{SCHEMA_VERSION} {_FORMAT}".encode(), digest_size=12)
    for part in parts:
        made.update(repr(part).encode())
    return made.hexdigest()


class Cache:
    """Tables derived from a store's partitions, under ``_admira/cache/``.

    The name of each says of which contents it was made, so it is right or it is not found.
    Deleting the folder loses nothing but time; where it cannot be written, nothing is kept.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._held: OrderedDict[tuple[str, str], pyarrow.ChunkedArray] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def read(self, subject: str, made_of: str, names: Sequence[str]) -> pyarrow.Table | None:
        """Give columns of a derived table; nothing if it is not there or cannot be read."""
        path = _path(subject, made_of)
        with self._lock:
            held = {name: self._held.get((path, name)) for name in names}
            for name in [name for name, column in held.items() if column is not None]:
                self._held.move_to_end((path, name))
        lacking = [name for name, column in held.items() if column is None]
        if lacking:
            found = self._read(path, lacking)
            if found is None or set(found.column_names) != {*lacking}:
                return None
            held |= dict(zip(found.column_names, found.columns, strict=True))
            self.hold(subject, made_of, found)
        return pyarrow.table({name: held[name] for name in names})

    def _read(self, path: str, names: Sequence[str]) -> pyarrow.Table | None:
        """Read columns of a file of the cache."""
        try:
            opened = self._files.open(path)
            if opened is None:
                return None
            file = pyarrow.parquet.ParquetFile(opened, page_checksum_verification=True)
            with opened, file:
                return file.read(names, use_threads=False)
        except (pyarrow.ArrowException, OSError, ValueError, StoreError) as error:
            log_event("cache.not_read", level=logging.WARNING, file=path, reason=str(error))
            return None

    def hold(self, subject: str, made_of: str, rows: pyarrow.Table) -> None:
        """Hold columns in memory, and let go of those that were not asked for the longest."""
        path = _path(subject, made_of)
        with self._lock:
            for name, column in zip(rows.column_names, rows.columns, strict=True):
                if (path, name) not in self._held:
                    self._size += column.nbytes
                    self._held[path, name] = column
            while self._size > _HELD_BYTES:
                _, column = self._held.popitem(last=False)
                self._size -= column.nbytes

    def let_go(self, subject: str) -> None:
        """Hold no columns of a subject in memory any longer."""
        with self._lock:
            for held in [h for h in self._held if h[0].startswith(f"{FOLDER}/{subject}.")]:
                self._size -= self._held.pop(held).nbytes

    def file(self, subject: str, made_of: str) -> str | None:
        """Give the path of a derived table's file, if it is there whole."""
        path = _path(subject, made_of)
        return None if self._read(path, []) is None else self._files.name(path)

    def keep(self, subject: str, made_of: str, rows: pyarrow.Table) -> None:
        """Keep a derived table in the place of those of the same subject."""
        self.keep_stream(subject, made_of, [rows])

    def keep_stream(self, subject: str, made_of: str, parts: Iterable[pyarrow.Table]) -> None:
        """Keep a derived table that comes in parts, of which only one is in memory at a time."""
        path = _path(subject, made_of)
        folder, _, name = path.rpartition("/")
        stem = name.partition(".")[0]
        draft = f"{folder}/.{uuid4().hex}"
        try:
            self._files.write(draft, _encoded(parts))
            self._files.settle([draft], contents=True)
            self._files.move(draft, path)
            for other in self._files.names(folder):
                if other != name and other.startswith(f"{stem}."):
                    self._files.remove(f"{folder}/{other}")
        except StoreError as error:
            log_event("cache.not_kept", level=logging.DEBUG, file=path, reason=str(error))
        self.let_go(subject)


def _path(subject: str, made_of: str) -> str:
    return f"{FOLDER}/{subject}.{made_of}.parquet"


def _compact(rows: pyarrow.Table) -> pyarrow.Table:
    """Turn text that repeats into codes, which are read and grouped without looking at the text."""
    for place, field in enumerate(rows.schema):
        if field.type == pyarrow.string():
            column = rows[field.name].combine_chunks().dictionary_encode()
            if len(column.dictionary) * _REPEATS <= len(rows):
                rows = rows.set_column(place, field.with_type(column.type), column)
    return rows


def _encoded(parts: Iterable[pyarrow.Table]) -> bytes:
    """Write a derived table so that it is read fast; the first part says what repeats."""
    others = iter(parts)
    first = _compact(next(others))
    with pyarrow.BufferOutputStream() as stream:
        options = {"compression": "lz4", "write_page_checksum": True}
        with pyarrow.parquet.ParquetWriter(stream, first.schema, **options) as file:
            file.write_table(first)
            for rows in others:
                file.write_table(rows.cast(first.schema))
        return stream.getvalue().to_pybytes()
