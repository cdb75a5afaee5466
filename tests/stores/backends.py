"""The back ends under test: a new one is one line here, and must pass the whole suite."""

from collections.abc import Callable
from pathlib import Path

from admira.stores.base import Backend
from admira.stores.memory import MemoryStore
from admira.stores.parquet import ParquetStore

STORES: dict[str, Callable[[Path], Backend]] = {
    "memory": lambda _: MemoryStore(),
    "parquet": lambda folder: ParquetStore(folder / "store"),
}

# Those that need the service of the ``bucket`` fixture, which gives the URL of an empty bucket.
REMOTE_STORES: dict[str, Callable[[str], Backend]] = {
    "s3": lambda bucket: ParquetStore(bucket.replace("?", "/store?")),
}
