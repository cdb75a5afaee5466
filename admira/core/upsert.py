"""upsert: later rows take the place of earlier ones that have the same natural key."""

import numpy as np
import pandas as pd

from admira.errors import DataError, SchemaMismatch
from admira.schemas import Table, missing_values, table_of


def upsert(
    stored: pd.DataFrame, incoming: pd.DataFrame, *, kind: str | None = None
) -> pd.DataFrame:
    """Put incoming rows in the place of stored ones with the same natural key; add the others.

    Of several rows with one key the last wins.  Doing it twice is the same as doing it once, and
    batches may be upserted into each other first.

    Parameters
    ----------
    stored, incoming : DataFrame, one row per natural key
        Rows that `validate` accepted.  Either may be empty, even of columns.  A column that
        ``incoming`` lacks keeps its stored values; a null in one that is there replaces them.
    kind : {"ads", "crm"}, optional
        Which table this is; by default the key column tells.

    Returns
    -------
    DataFrame
        One row per natural key, in its order, index 0, 1, 2, …  The contract's columns that
        either frame has, typed and in order; a row that never had one of them has the contract's
        missing value there.

    Raises
    ------
    SchemaMismatch
        When a frame that has columns lacks one of the natural key, or a column cannot have its
        type.
    DataError
        When a natural key is null.
    OptionError
        When ``kind`` is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> stored = pd.DataFrame({"opportunity_id": ["O-1", "O-2"], "stage": ["lead", "lead"]})
    >>> incoming = pd.DataFrame({"opportunity_id": ["O-3", "O-2"], "stage": ["lead", "closed_won"]})
    >>> upsert(stored, incoming)
      opportunity_id       stage
    0            O-1        lead
    1            O-2  closed_won
    2            O-3        lead
    """
    table = table_of([*stored.columns, *incoming.columns], kind)
    before, after = _typed(stored, table), _typed(incoming, table)
    names = [name for name in table.names if name in before or name in after]
    before = _completed(before, names, table)
    after = _completed(_with_stored_values(after, before, table), names, table)
    rows = pd.concat([before, after], ignore_index=True)
    key = list(table.key)
    latest = rows[key].drop_duplicates(keep="last").sort_values(key)
    return rows.take(latest.index.to_numpy()).reset_index(drop=True)


def _typed(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Give the rows in the contract's types; a frame without columns has those of the key."""
    if rows.empty and not len(rows.columns):
        return table.empty()[list(table.key)]
    table.require(rows.columns, table.key)
    known = rows[[name for name in table.names if name in rows]]
    typed = known.assign(
        **{
            name: _cast(known[name], table)
            for name in map(str, known.columns)
            if str(known[name].dtype) != table[name].dtype
        }
    )
    nulls = [name for name in table.key if typed[name].isna().any()]
    if nulls:
        raise DataError(
            f"{table.name} rows have a null in {nulls[0]!r}, which is part of the natural key; "
            "pass the rows through normalize and validate first, which reject them."
        )
    return typed


def _cast(values: pd.Series, table: Table) -> pd.Series:
    """Give a column in the contract's type."""
    dtype = table[str(values.name)].dtype
    try:
        return values.astype(dtype)
    except (TypeError, ValueError, OverflowError):
        raise SchemaMismatch(
            table.name,
            missing=[f"{values.name} ({dtype})"],
            found=[f"{values.name} ({values.dtype})"],
            hint="Pass the rows through normalize and validate first.",
        ) from None


def _completed(rows: pd.DataFrame, names: list[str], table: Table) -> pd.DataFrame:
    """Give the rows with the named columns; those that they lack are missing throughout."""
    if list(rows.columns) == names:
        return rows
    absent = {name: missing_values(table[name], rows.index) for name in names if name not in rows}
    return rows.assign(**absent)[names]


def _with_stored_values(after: pd.DataFrame, before: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Give the incoming rows with the columns of which only the stored ones have values."""
    absent = [str(name) for name in before if name not in after and before[name].notna().any()]
    if not absent:
        return after
    key = list(table.key)
    stored = before.drop_duplicates(key, keep="last")
    places = after[key].merge(
        stored[key].assign(place=np.arange(len(stored))),
        on=key,
        how="left",
        validate="many_to_one",
    )["place"]
    is_known = places.notna().to_numpy()
    known = places[is_known].astype("int64")
    kept = {}
    for name in absent:
        kept[name] = missing_values(table[name], after.index)
        kept[name].array[is_known] = stored[name].array.take(known)
    return after.assign(**kept)
