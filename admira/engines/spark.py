"""Spark: DataFrames over the store's files, on this machine or on a cluster."""

import os
import re
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow

from admira.engines.model import Engine
from admira.errors import MissingExtra, StoreError
from admira.stores.reading import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where the cluster's configuration says under which URL it sees the store's folder.
ROOT = "spark.admira.root"

# A table of more rows than this is left to Spark to distribute; one of fewer goes to every worker.
_BROADCAST_ROWS = 2_000_000

_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "8",
}


class Spark(Engine):
    """Gives DataFrames of one session: the one given, the active one, else a local one."""

    name = "Spark"

    def __init__(self, session: Any = None) -> None:
        with quiet():
            try:
                from pyspark.errors import PySparkException
                from pyspark.sql import SparkSession
            except ImportError:
                raise MissingExtra("The engine Spark", "spark") from None
        self.errors = (PySparkException,)
        self.session = session or SparkSession.getActiveSession() or _local(SparkSession)

    def scan(self, pieces: Pieces, schema: pyarrow.Schema) -> Any:
        """Give a DataFrame over the files."""
        from pyspark.sql.pandas.types import from_arrow_schema

        found = None
        if pieces.files:
            reader = self.session.read.schema(from_arrow_schema(schema))
            found = reader.parquet(*(self._url(file, pieces.root) for file in pieces.files))
        if pieces.rows is None and found is not None:
            return found
        rows = schema.empty_table() if pieces.rows is None else pieces.rows.select(schema.names)
        held = self._frame(rows)
        return held if found is None else found.unionByName(held)

    def _url(self, file: str, root: str) -> str:
        """Write a file's place as the cluster sees it."""
        seen = self.session.conf.get(ROOT, "")
        if seen:
            return f"{seen.rstrip('/')}{file.removeprefix(root.rstrip('/'))}"
        scheme, is_url, rest = file.partition("://")
        if not is_url:
            return "file://" + re.sub(r"([\\\[\]{}*?])", r"\\\1", file)
        return f"s3a://{rest}" if scheme == "s3" else file

    def lift(self, small: pyarrow.Table) -> Any:
        """Give the table as a DataFrame that is sent to every worker, if it is small."""
        from pyspark.sql.functions import broadcast

        frame = self._frame(small)
        return broadcast(frame) if len(small) <= _BROADCAST_ROWS else frame

    def _frame(self, rows: pyarrow.Table) -> Any:
        with quiet():
            return self.session.createDataFrame(rows)

    def write(self, frame: Any, folder: str) -> None:
        """Write a file per task."""
        frame.write.parquet(folder)


@contextmanager
def quiet() -> "Iterator[None]":
    """Leave out PySpark's warning about pandas 3: rows go to and from it as Arrow."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        yield


def _local(session: Any) -> Any:
    """Start Spark on all cores of this machine."""
    from pyspark.errors import PySparkException

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # its workers' Python, else any python3
    builder = session.builder.appName("admira").master("local[*]")
    try:
        return builder.config(map=_LOCAL).getOrCreate()
    except (PySparkException, OSError) as error:
        raise StoreError(
            "Spark could not be started on this machine. It needs Java 17 or later: install it, "
            "set JAVA_HOME, or pass session= with a SparkSession that runs."
        ) from error
