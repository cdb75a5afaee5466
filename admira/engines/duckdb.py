"""DuckDB: relations over the store's files, out of core within a limit of memory."""

import os
import re
import tempfile
from functools import lru_cache
from typing import Any

import pyarrow

from admira.engines.arrow import files_as_dataset
from admira.engines.model import Engine
from admira.engines.size import memory_bytes
from admira.errors import MissingExtra
from admira.stores.reading import Pieces

# Of this machine's memory, for a connection of ours; what needs more goes to the spill folder.
_MEMORY_SHARE = 0.5


class DuckDB(Engine):
    """Gives relations of one connection: the one given, else one that the process shares."""

    name = "DuckDB"

    def __init__(self, session: Any = None) -> None:
        try:
            import duckdb
        except ImportError:
            raise MissingExtra("The engine DuckDB", "duckdb") from None
        self.errors = (duckdb.Error,)
        self._connection = _connection() if session is None else session

    def scan(self, pieces: Pieces, schema: pyarrow.Schema) -> Any:
        """Give a relation over the files."""
        names = ", ".join(f'"{name}"' for name in schema.names)
        found = None
        if pieces.filesystem is not None and pieces.files:
            found = self._connection.from_arrow(files_as_dataset(pieces, schema))
        elif pieces.files:
            files = [_as_glob(file) for file in pieces.files]
            found = self._connection.read_parquet(files, hive_partitioning=False).project(names)
        if found is not None and pieces.rows is None:
            return found
        held = self.lift(schema.empty_table() if pieces.rows is None else pieces.rows)
        return held if found is None else found.union(held.project(names))

    def lift(self, small: pyarrow.Table) -> Any:
        """Give the table as a relation."""
        return self._connection.from_arrow(small)

    def write(self, frame: Any, folder: str) -> None:
        """Write one file."""
        os.makedirs(folder)  # noqa: PTH103 - a folder as the caller writes it
        frame.write_parquet(f"{folder}/part-0.parquet", compression="zstd")


@lru_cache(maxsize=1)
def _connection() -> Any:
    """Open the connection that is used where none is given."""
    import duckdb

    spill = os.path.join(tempfile.gettempdir(), f"admira-duckdb-{os.getpid()}")  # noqa: PTH118
    settings: dict[str, Any] = {"temp_directory": spill, "preserve_insertion_order": False}
    memory = memory_bytes()
    if memory is not None:
        settings["memory_limit"] = f"{int(memory * _MEMORY_SHARE) >> 20}MiB"
    return duckdb.connect(config=settings)


def _as_glob(file: str) -> str:
    """Write a path so that DuckDB takes it for just that file."""
    return re.sub(r"([\[*?])", r"[\1]", file)
