"""normalize: raw rows in canonical types, each with the problems that keep it from being used."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from admira.core.cells import Distinct, Parsed, read_texts
from admira.core.dates import day_of, parse_days, parse_instants, time_zone
from admira.core.problems import join_problems
from admira.core.quantities import parse_quantities
from admira.core.stages import canonical_stage
from admira.core.tags import normalize_tags
from admira.core.unknowns import unknown_columns_of
from admira.errors import AmbiguousData
from admira.log import log_event
from admira.schemas import STAGES, Column, Table, table_of

# The days of crm are worked out from its instants, never read.
_DAY_OF = {"date": "created_at", "closed_date": "closed_at"}

# The join's buckets have bracketed names in these columns, so no ad may.
_NAMES_OF_BUCKETS = ("campaign_id", "channel")


class Normalized(NamedTuple):
    """Rows in canonical types, and how many of their cells were repaired, by kind of repair."""

    rows: pd.DataFrame
    fixed: dict[str, int]


def normalize(
    raw: pd.DataFrame,
    *,
    kind: str | None = None,
    tz: str = "UTC",
    unknown_columns: str = "ignore",
) -> pd.DataFrame:
    """Give raw rows in canonical types, and say of each what is wrong with it.

    Nothing a cell holds raises: a bad one becomes a neutral value, and its row carries the reason
    in the column ``problems``.  Normalising rows without problems again changes nothing.

    Parameters
    ----------
    raw : DataFrame, one row per record as received
        Columns in canonical names.
    kind : {"ads", "crm"}, optional
        Which table this is; by default the key column tells.
    tz : str
        The time zone whose days ``date`` and ``closed_date`` of crm are.  Days of ads stay as
        they are written.
    unknown_columns : {"ignore", "keep", "fail"}
        Columns that the contract does not know are left out and their values counted in the log,
        kept as received, or refused.  A store keeps the contract's columns only.

    Returns
    -------
    DataFrame
        The same rows in the same order, index 0, 1, 2, …  The contract's columns in their order,
        those that ``raw`` lacks left out, then unknown ones if they are kept, then ``problems``:
        ``""``, or ``"column: reason"`` joined by ``"; "``.

    Raises
    ------
    SchemaMismatch
        When a column that must exist is missing.
    AmbiguousData
        When a column of the contract occurs twice.
    DataError
        When there is an unknown column, and they are to fail.
    OptionError
        When ``kind``, ``tz`` or ``unknown_columns`` is not known.

    Notes
    -----
    Null clicks, impressions and cost become 0, as do negative numbers; instants without an offset
    count as UTC; stages that no alias knows stay.  All are counted in the log.  Empty texts and
    the words null, none, nan, nat and <NA> are nulls in columns of numbers and dates.

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({
    ...     "date": ["2025-08-01", "01/08/2025"], "campaign_id": ["C-1", "C-2"],
    ...     "channel": ["Google_Ads", "meta_ads"], "clicks": ["12", True],
    ...     "impressions": [100, None], "cost": [3.5, 2], "utm_campaign": ["Sale ", "(not set)"],
    ... })
    >>> rows = normalize(raw)
    >>> rows[["date", "channel", "clicks", "impressions", "utm_campaign"]]
            date     channel  clicks  impressions utm_campaign
    0 2025-08-01  google_ads      12          100         sale
    1        NaT    meta_ads       0            0
    >>> rows["problems"].to_list()
    ['', 'date: not a date; clicks: not a number']
    """
    return normalize_counted(raw, kind=kind, tz=tz, unknown_columns=unknown_columns).rows


def normalize_counted(
    raw: pd.DataFrame,
    *,
    kind: str | None = None,
    tz: str = "UTC",
    unknown_columns: str = "ignore",
) -> Normalized:
    """Do what `normalize` does, and say how many cells were repaired, by kind of repair.

    The kinds are ``null_<column>``, ``negative_<column>``, ``naive_<column>``, ``unknown_stage``
    and ``unknown_column_<name>`` (rows that held a value in a column that was left out).
    """
    table = table_of(raw.columns, kind)
    table.require(raw.columns)
    unknown = unknown_columns_of(raw, table, unknown_columns)
    zone = time_zone(tz)
    parsed = {
        column.name: _PARSERS[column.type](raw[column.name].reset_index(drop=True), column)
        for column in _received(raw, table)
    }
    values = {name: column.cells for name, column in parsed.items()}
    if table.name == "crm":
        values |= {
            day: day_of(values[instant], zone)
            for day, instant in _DAY_OF.items()
            if instant in values
        }
    problems = [
        (f"{name}: {reason}", positions)
        for name, column in parsed.items()
        for reason, positions in column.problems.items()
    ]
    known = {name: values[name] for name in table.names if name in values}
    said = {"problems": join_problems(problems, len(raw))}
    if unknown_columns == "keep":
        parts = [pd.DataFrame(known, copy=False), unknown, pd.DataFrame(said)]
        rows = pd.concat(parts, axis="columns")
    else:
        rows = pd.DataFrame(known | said, copy=False)
    fixed = {repair: count for column in parsed.values() for repair, count in column.fixed.items()}
    if unknown_columns == "ignore":
        fixed |= {f"unknown_column_{name}": int(n) for name, n in unknown.notna().sum().items()}
    with_problems = int((rows["problems"] != "").sum())
    log_event(f"{table.name}.normalized", rows=len(rows), with_problems=with_problems, **fixed)
    return Normalized(rows, fixed)


def _received(raw: pd.DataFrame, table: Table) -> list[Column]:
    """Give the columns of the contract that are there to be read."""
    derived = _DAY_OF if table.name == "crm" else {}
    columns = [
        column
        for column in table.columns
        if column.name in raw.columns and column.name not in derived
    ]
    twice = [column.name for column in columns if isinstance(raw[column.name], pd.DataFrame)]
    if twice:
        raise AmbiguousData(
            f"{table.name} rows have the column {twice[0]!r} more than once; keep the one that is "
            "meant and drop or rename the others."
        )
    return columns


def _parse_text(received: pd.Series, column: Column) -> Parsed:
    """Give a column of ids, names or addresses: trimmed, and missing where it is blank."""
    found = read_texts(received)
    found = found.with_cells(found.cells.fillna(""))
    if column.name == "currency":
        found = found.with_cells(found.cells.str.upper())
        is_code = found.cells.str.fullmatch("(?:[A-Z]{3})?")
        found = found.flag(~is_code, "not an ISO 4217 code")
    found = _check_name(found, column)
    if column.nullable:
        return found.with_cells(found.cells.replace("", np.nan)).spread(np.nan)
    return found.spread("")


def _parse_tag(received: pd.Series, column: Column) -> Parsed:
    """Give a column of tags as they are compared, and stages by their canonical names."""
    found = read_texts(received)
    found = found.with_cells(normalize_tags(found.cells))
    if column.name == "stage":
        found = found.with_cells(found.cells.map(canonical_stage).astype("str"))
        found = found.count(~found.cells.isin(["", *STAGES]), "unknown_stage")
    if column.default is not None:
        found = found.with_cells(found.cells.replace("", str(column.default)))
    return _check_name(found, column).spread("")


def _check_name(found: Distinct, column: Column) -> Distinct:
    """Flag blanks where there must be a name, and names that belong to the join's buckets."""
    if column.not_blank:
        found = found.flag(found.cells == "", "blank")
    if column.name in _NAMES_OF_BUCKETS:
        is_bracketed = found.cells.str.startswith("(") & found.cells.str.endswith(")")
        found = found.flag(is_bracketed, "reserved name")
    return found


_PARSERS: dict[str, Callable[[pd.Series, Column], Parsed]] = {
    "text": _parse_text,
    "tag": _parse_tag,
    "count": parse_quantities,
    "number": parse_quantities,
    "day": parse_days,
    "instant": parse_instants,
}
