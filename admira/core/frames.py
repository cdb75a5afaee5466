"""One door to every dataframe engine: the caller's frame comes in, and goes out as it came."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import narwhals as nw
import pandas as pd
import pyarrow

from admira.errors import SchemaMismatch
from admira.schemas import Table
from admira.schemas.model import Type, missing_values

# A narwhals frame, eager or lazy. Narwhals types the two apart, and its verbs by pairs of the same
# kind; the verbs here are written once for both.
Frame: TypeAlias = Any


def wrap(
    native: Any, table: Table, columns: Sequence[str], *, required: Sequence[str] = ()
) -> Frame:
    """Give the columns of the caller's frame in the contract's types, on the caller's engine.

    Columns that the frame lacks, and that neither the contract nor ``required`` asks for, are added
    as missing.  A missing tag reads ``""``; a NaN counts as a null.

    Raises
    ------
    SchemaMismatch
        When it is no frame at all, or a required column among those asked for is not there.
    """
    try:
        frame = nw.from_native(native)
    except TypeError:
        raise SchemaMismatch(
            table.name,
            missing=["columns"],
            found=[type(native).__name__],
            hint="Give a frame: pandas, pyarrow, polars, DuckDB or Spark.",
        ) from None
    present = frame.collect_schema().names()
    table.require(present, [*(name for name in table.required if name in columns), *required])
    if isinstance(native, pd.DataFrame):
        return nw.from_native(_typed_pandas(native, table, columns))
    return frame.select(_typed(name, table, present) for name in columns)


def _typed_pandas(native: pd.DataFrame, table: Table, columns: Sequence[str]) -> pd.DataFrame:
    """Do for pandas what ``_typed`` does elsewhere; what is right already is not copied."""
    typed = {}
    for name in columns:
        column = table[name]
        if name not in native:
            typed[name] = missing_values(column, native.index)
            continue
        values = native[name]
        if values.dtype != column.dtype:
            values = values.astype(column.dtype)
        typed[name] = values.fillna("") if column.type == "tag" and values.hasnans else values
    return pd.DataFrame(typed, index=native.index, copy=False)


def _typed(name: str, table: Table, present: Iterable[str]) -> nw.Expr:
    """Give one column of the contract as an expression that any engine understands."""
    column = table[name]
    dtype = _NARWHALS[column.type]
    if name not in present:
        fill: Any = missing_values(column, pd.RangeIndex(1)).iloc[0]
        return nw.lit(None if pd.isna(fill) else fill, dtype=dtype).alias(name)
    values = nw.col(name).cast(dtype)
    if column.type == "tag":
        values = values.fill_null("")
    if column.type == "number":
        values = nw.when(~values.is_nan()).then(values)
        if not column.nullable:
            values = values.fill_null(0.0)
    return values.alias(name)


_NARWHALS: dict[Type, Any] = {
    "text": nw.String(),
    "tag": nw.String(),
    "count": nw.Int64(),
    "number": nw.Float64(),
    "ratio": nw.Float64(),
    "day": nw.Date(),
    "instant": nw.Datetime("us", "UTC"),
}


def is_pandas(frame: Frame) -> bool:
    """Say whether the frame is pandas underneath."""
    return frame.implementation.is_pandas()


def collect(frame: Frame) -> pd.DataFrame:
    """Bring a small frame into pandas, with the contract's dtypes for days and text."""
    eager = frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame
    if is_pandas(eager):
        return eager.to_native().reset_index(drop=True)
    small = eager.to_arrow().to_pandas(date_as_object=False)
    return small.astype(
        {
            name: "datetime64[us]" if dtype.kind == "M" else "str"
            for name, dtype in small.dtypes.items()
            if dtype.kind in "MO"
        }
    )


def typed(rows: pyarrow.Table, table: Table) -> pd.DataFrame:
    """Give rows in pandas, in the contract's types; other columns are labels, which are text."""
    frame = rows.to_pandas(date_as_object=False)
    names = table.names
    return frame.astype(
        {name: table[name].dtype if name in names else "str" for name in frame.columns}
    )


def on_arrow(frame: Frame) -> Frame:
    """Give a pandas frame on Arrow, sharing its memory; a frame of another engine as it is."""
    if not is_pandas(frame):
        return frame
    return nw.from_native(pyarrow.Table.from_pandas(frame.to_native(), preserve_index=False))


def stack(parts: Sequence[Frame], table: Table, *, like: Frame) -> Any:
    """Put frames one below the other, on the engine of another frame.

    For pandas they are stacked on Arrow, where text is shared and not copied.
    """
    if not is_pandas(like):
        return unwrap(nw.concat(parts, how="vertical"))
    tables = [on_arrow(part).to_native() for part in parts]
    return typed(pyarrow.concat_tables(tables, promote_options="permissive"), table)


def lift(small: pd.DataFrame, like: Frame) -> Frame:
    """Bring a small pandas frame to the engine of another frame, ready to be joined with it."""
    if is_pandas(like):
        return nw.from_native(small)
    arrow = on_plain_arrow(small)
    engine = like.implementation
    if engine.is_pyarrow():
        return nw.from_native(arrow)
    if engine.is_polars():
        polars = nw.from_arrow(arrow, backend="polars")
        return polars.lazy() if isinstance(like, nw.LazyFrame) else polars
    if engine.is_duckdb():
        # A relation joins only relations of its own connection; asking the relation itself is the
        # way to get one there. DuckDB finds `arrow` by its name in this function.
        return nw.from_native(like.to_native().query("_", "SELECT * FROM arrow"))
    if engine.is_pyspark():
        return nw.from_native(like.to_native().sparkSession.createDataFrame(arrow))
    return nw.from_arrow(arrow, backend=engine)


def on_plain_arrow(small: pd.DataFrame) -> pyarrow.Table:
    """Give a small pandas frame on Arrow, ready to be joined with the contract's columns."""
    return pyarrow.Table.from_pandas(small, schema=_arrow_schema(small), preserve_index=False)


def _arrow_schema(small: pd.DataFrame) -> pyarrow.Schema:
    """Give Arrow types that join with the contract's: days as dates, text as plain strings."""

    def type_of(values: pd.Series) -> pyarrow.DataType:
        if values.dtype.kind == "M":
            return pyarrow.date32()
        if isinstance(values.dtype, pd.StringDtype):
            return pyarrow.string()
        return pyarrow.from_numpy_dtype(getattr(values.dtype, "numpy_dtype", values.dtype))

    return pyarrow.schema([(str(name), type_of(values)) for name, values in small.items()])


def unwrap(frame: Frame) -> Any:
    """Give the caller's own kind of frame back; in pandas with a fresh index."""
    native = frame.to_native()
    return native.reset_index(drop=True) if is_pandas(frame) else native


def month_number(day: nw.Expr) -> nw.Expr:
    """Count months since year 0, so that months compare and join as plain integers."""
    return day.dt.year().cast(nw.Int64) * 12 + day.dt.month().cast(nw.Int64) - 1
