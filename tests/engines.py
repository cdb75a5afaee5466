"""The dataframe engines that every verb is tested on: how to get there, and back to pandas."""

from collections.abc import Callable
from typing import Any, NamedTuple

import duckdb
import pandas as pd
import polars as pl
import pyarrow

# DuckDB joins only relations of one connection, so all of them come from this one.
DUCKDB = duckdb.connect()


class Engine(NamedTuple):
    """An engine: a frame of its own from pandas, and the same back in pandas."""

    give: Callable[[pd.DataFrame], Any]
    take: Callable[[Any], pd.DataFrame]


def _to_arrow(frame: pd.DataFrame) -> pyarrow.Table:
    days = [name for name, dtype in frame.dtypes.items() if dtype == "datetime64[us]"]
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    for name in days:
        position = table.column_names.index(name)
        table = table.set_column(position, name, table[name].cast(pyarrow.date32()))
    return table


def _from_arrow(table: pyarrow.Table) -> pd.DataFrame:
    frame = table.to_pandas(date_as_object=False)
    days = [field.name for field in table.schema if pyarrow.types.is_date(field.type)]
    return frame.astype(dict.fromkeys(days, "datetime64[us]"))


ENGINES = {
    "pandas": Engine(lambda frame: frame, lambda frame: frame),
    "pyarrow": Engine(_to_arrow, _from_arrow),
    "polars": Engine(
        lambda frame: pl.from_arrow(_to_arrow(frame)),
        lambda frame: _from_arrow(frame.to_arrow()),
    ),
    "polars lazy": Engine(
        lambda frame: pl.from_arrow(_to_arrow(frame)).lazy(),
        lambda frame: _from_arrow(frame.collect().to_arrow()),
    ),
    "duckdb": Engine(
        lambda frame: DUCKDB.from_arrow(_to_arrow(frame)),
        lambda relation: _from_arrow(relation.to_arrow_table()),
    ),
}
