"""What an engine has to do for the store: read its files, take small tables, give answers."""

from typing import Any, Literal, Protocol, get_args

import pyarrow

from admira.errors import OptionError
from admira.stores.reading import Pieces

EngineName = Literal["arrow", "polars", "duckdb", "spark"]


class Engine(Protocol):
    """Runs the verbs on frames of its own."""

    # What people call it, and the errors of its own that a query can end in.
    name: str
    errors: tuple[type[Exception], ...]

    def scan(self, pieces: Pieces, schema: pyarrow.Schema) -> Any:
        """Give a frame over the files and rows of a table; a lazy one reads nothing yet."""
        ...

    def lift(self, small: pyarrow.Table) -> Any:
        """Bring a small table to the engine, for all its workers to have."""
        ...

    def write(self, frame: Any, folder: str) -> None:
        """Write a frame as Parquet files into a folder that is not there yet."""
        ...


def engine_named(name: str, session: Any = None) -> Engine:
    """Give the engine of that name.

    Raises
    ------
    OptionError
        When there is no such engine.
    MissingExtra
        When its package is not installed.
    """
    if name not in get_args(EngineName):
        raise OptionError("engine", name, get_args(EngineName))
    if name == "duckdb":
        from admira.engines.duckdb import DuckDB

        return DuckDB(session)
    if name == "spark":
        from admira.engines.spark import Spark

        return Spark(session)
    if session is not None:
        raise OptionError("session", type(session).__name__, ["None, as this engine has none"])
    if name == "polars":
        from admira.engines.polars import Polars

        return Polars()
    from admira.engines.arrow import Arrow

    return Arrow()
