"""What a column and a table are, and how a table is written for pandas, pandera and Arrow."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from admira.errors import SchemaMismatch

if TYPE_CHECKING:
    import pandera.pandas as pa
    import pyarrow

SCHEMA_VERSION = "1.1"

Type = Literal["text", "tag", "count", "number", "ratio", "day", "instant"]

# Dtype in pandas, and the type of the same column in Arrow and Parquet.  A tag is text that is
# normalised (lower case, "" where missing); plain text is trimmed only and may be null.
_PANDAS_DTYPES: dict[Type, str] = {
    "text": "str",
    "tag": "str",
    "count": "int64",
    "number": "float64",
    "ratio": "Float64",
    "day": "datetime64[us]",
    "instant": "datetime64[us, UTC]",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    ``required`` columns must exist in a batch; ``nullable`` ones may hold missing values
    (``NaN``, ``NaT``; a missing tag is ``""`` instead).  ``at_least`` is the lowest value allowed,
    ``default`` what a row has that says nothing.  ``since`` is the version of the contract that the
    column came with: files written under an earlier one do not hold it.
    """

    name: str
    type: Type
    unit: str
    meaning: str
    required: bool = False
    nullable: bool = False
    at_least: float | None = None
    not_blank: bool = False
    one_of: tuple[str, ...] | None = None
    default: str | float | None = None
    since: str = "1.0"

    @property
    def dtype(self) -> Any:
        """The column's dtype in pandas, by name."""
        return _PANDAS_DTYPES[self.type]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the contract: its grain, natural key, partitions and columns."""

    name: str
    grain: str
    key: tuple[str, ...]
    partitions: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The names of all columns, in order."""
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        """The names of the columns that must exist."""
        return [column.name for column in self.columns if column.required]

    def __getitem__(self, name: str) -> Column:
        """Give the column of that name."""
        return next(column for column in self.columns if column.name == name)

    def require(self, found: Iterable[str], names: Iterable[str] | None = None) -> None:
        """Raise unless the columns that must exist (or those named) are among those found.

        Raises
        ------
        SchemaMismatch
            When a column is missing.
        """
        present = list(found)
        missing = [
            name for name in (self.required if names is None else names) if name not in present
        ]
        if missing:
            raise SchemaMismatch(self.name, missing=missing, found=present)

    def empty(self) -> pd.DataFrame:
        """Give a frame of no rows with every column, typed and in order."""
        return pd.DataFrame({column.name: pd.Series(dtype=column.dtype) for column in self.columns})

    def complete(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Give the rows with exactly the contract's columns, typed and in order.

        Columns that the rows lack are added as missing; other columns are left out.
        """
        return pd.DataFrame(
            {
                column.name: rows[column.name].astype(column.dtype)
                if column.name in rows
                else missing_values(column, rows.index)
                for column in self.columns
            },
            index=rows.index,
            copy=False,  # pandas copies what is changed later
        )

    def pandera(self) -> "pa.DataFrameSchema":
        """Give the table's pandera schema: dtypes, ranges, nulls, and metadata for each column."""
        return _pandera_schema(self)

    def arrow(self) -> "pyarrow.Schema":
        """Give the table's Arrow schema, with days as ``date32`` as in Parquet."""
        return _arrow_schema(self)


def missing_values(column: Column, index: pd.Index) -> pd.Series:
    """Give a series of the column's dtype that says "missing" on every row."""
    fill: Any = column.default
    if fill is None and not column.nullable:
        fill = {"tag": "", "count": 0, "number": 0.0}.get(column.type)
    values: pd.Series = pd.Series(fill, index=index, dtype=column.dtype)
    return values


@cache
def _pandera_schema(table: Table) -> "pa.DataFrameSchema":
    from admira.schemas.pandera_alone import pandera as pa

    def checks(column: Column) -> list[pa.Check]:
        found = []
        if column.at_least is not None:
            found.append(pa.Check.ge(column.at_least, error=f"below {column.at_least:g}"))
        if column.type in ("number", "ratio"):
            found.append(pa.Check(lambda values: values.abs() != float("inf"), error="infinite"))
        if column.not_blank:
            found.append(pa.Check(lambda values: values != "", error="blank"))
        if column.one_of is not None:
            found.append(
                pa.Check.isin(column.one_of, error=f"not one of {', '.join(column.one_of)}")
            )
        return found

    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                column.dtype,
                checks(column),
                nullable=column.nullable,
                required=column.required,
                description=column.meaning,
                metadata={"unit": column.unit, "type": column.type},
            )
            for column in table.columns
        },
        name=table.name,
        description=table.grain,
        metadata={"version": SCHEMA_VERSION, "key": table.key, "partitions": table.partitions},
    )


@cache
def _arrow_schema(table: Table) -> "pyarrow.Schema":
    import pyarrow

    types: dict[Type, pyarrow.DataType] = {
        "text": pyarrow.string(),
        "tag": pyarrow.string(),
        "count": pyarrow.int64(),
        "number": pyarrow.float64(),
        "ratio": pyarrow.float64(),
        "day": pyarrow.date32(),
        "instant": pyarrow.timestamp("us", tz="UTC"),
    }
    return pyarrow.schema(
        [
            pyarrow.field(column.name, types[column.type], nullable=column.nullable)
            for column in table.columns
        ]
    )
