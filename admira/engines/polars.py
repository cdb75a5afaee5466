"""polars: lazy frames, optimised and run in this process."""

from typing import Any

import pyarrow

from admira.engines.arrow import files_as_dataset
from admira.engines.model import Engine
from admira.errors import MissingExtra
from admira.stores.reading import Pieces


class Polars(Engine):
    """Gives lazy frames, of which polars reads no more than is needed."""

    name = "polars"

    def __init__(self) -> None:
        try:
            import polars as pl
        except ImportError:
            raise MissingExtra("The engine polars", "polars") from None
        self._pl = pl
        self.errors = (pl.exceptions.PolarsError, OSError)

    def scan(self, pieces: Pieces, schema: pyarrow.Schema) -> Any:
        """Give a lazy frame over the files, of which each has its own texts as codes."""
        frames = [self.lift(schema.empty_table() if pieces.rows is None else pieces.rows)]
        if pieces.filesystem is not None and pieces.files:
            frames.append(self._pl.scan_pyarrow_dataset(files_as_dataset(pieces, schema)))
        elif pieces.files:
            texts: dict[Any, Any] = dict.fromkeys(_texts(schema), self._pl.String)
            scans = [
                self._pl.scan_parquet(file, glob=False, hive_partitioning=False).cast(texts)
                for file in pieces.files
            ]
            frames.append(self._pl.concat(scans))
        only = frames[1] if pieces.rows is None and len(frames) > 1 else None
        return self._pl.concat(frames) if only is None else only

    def lift(self, small: pyarrow.Table) -> Any:
        """Give the table as a lazy frame."""
        return self._pl.LazyFrame(small)

    def write(self, frame: Any, folder: str) -> None:
        """Write one file, in a stream where the plan allows it."""
        frame.sink_parquet(f"{folder}/part-0.parquet", mkdir=True)


def _texts(schema: pyarrow.Schema) -> list[str]:
    """Name the columns of text, which the files hold as codes where it repeats."""
    return [field.name for field in schema if field.type == pyarrow.string()]
