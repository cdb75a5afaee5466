"""Arrow: tables in the memory of this process."""

from pathlib import Path

import pyarrow
import pyarrow.dataset
import pyarrow.parquet

from admira.engines.model import Engine
from admira.stores.reading import Pieces


class Arrow(Engine):
    """Reads all that is asked for into memory."""

    name = "Arrow"
    errors = (pyarrow.ArrowException, OSError)

    def scan(self, pieces: Pieces, schema: pyarrow.Schema) -> pyarrow.Table:
        """Give all rows as one table."""
        read = [] if pieces.rows is None else [pieces.rows.select(schema.names)]
        if pieces.files:
            read.insert(0, files_as_dataset(pieces, schema).to_table())
        return pyarrow.concat_tables([schema.empty_table(), *read])

    def lift(self, small: pyarrow.Table) -> pyarrow.Table:
        """Give the table as it is."""
        return small

    def write(self, frame: pyarrow.Table, folder: str) -> None:
        """Write one file."""
        Path(folder).mkdir(parents=True)
        pyarrow.parquet.write_table(frame, Path(folder, "part-0.parquet"), compression="zstd")


def files_as_dataset(pieces: Pieces, schema: pyarrow.Schema) -> pyarrow.dataset.Dataset:
    """Give the files as Arrow's dataset, which reads from wherever a store can be."""
    files = [*pieces.files]
    return pyarrow.dataset.dataset(
        files, schema=schema, format="parquet", filesystem=pieces.filesystem
    )
