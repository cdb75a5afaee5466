"""Tables that people hand over: frames, records or files, read strictly and refused by row."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from admira.core.tags import normalize_tag
from admira.errors import DataError, OptionError, SchemaMismatch
from admira.schemas import FACTS
from admira.sources.files import contents_of
from admira.sources.sheets import open_sheet
from admira.sources.tabular import read_table

_EXACT_UP_TO = 2**53
_QUARTER = re.compile(r"^(\d{4})-?Q([1-4])$")


def rows_given(option: str, given: Any) -> pd.DataFrame:
    """Read a table: a frame, a list of dicts, or the path of a CSV file or workbook.

    Raises
    ------
    OptionError
        When it is none of these.
    SourceRejected
        When a file cannot be read.
    """
    if isinstance(given, pd.DataFrame):
        return given.reset_index(drop=True)
    if isinstance(given, str | Path | os.PathLike):
        files = contents_of(os.fspath(given))
        tables = [read_table(open_sheet(each.content, each.label)).frame for each in files]
        return pd.concat(tables, ignore_index=True)
    is_list = isinstance(given, Sequence) and not isinstance(given, bytes)
    if not is_list or not all(isinstance(each, Mapping) for each in given):
        allowed = ["a DataFrame", "a list of dicts", "the path of a CSV file"]
        raise OptionError(option, type(given).__name__, allowed)
    return pd.DataFrame(list(given), dtype=object)  # whole numbers beside gaps stay whole


def check_columns(
    option: str, rows: pd.DataFrame, known: Sequence[str], needed: Sequence[str]
) -> None:
    """Refuse a table with a column that means nothing, or without one that is needed.

    Raises
    ------
    OptionError
        When a column is not known.
    SchemaMismatch
        When one is not there.
    """
    for name in rows:
        if name not in known:
            raise OptionError(f"{option} column", name, known)
    missing = [name for name in needed if name not in rows]
    if missing:
        raise SchemaMismatch(option, missing=missing, found=rows.columns)


def texts_of(option: str, rows: pd.DataFrame, name: str) -> pd.Series:
    """Give a column as the store writes it; missing where it is blank, or not there at all.

    Raises
    ------
    DataError
        When an id came as a number that is not exact.
    """
    if name not in rows:
        return pd.Series(pd.NA, index=rows.index, dtype="str", name=name)
    texts = [
        _text(option, place, name, value) for place, value in enumerate(rows[name].astype(object))
    ]
    return pd.Series(texts, index=rows.index, dtype="str", name=name)


def _text(option: str, place: int, name: str, value: object) -> str | None:
    """Give one value as the store writes it: tags normalised, currencies in capitals, trimmed."""
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    if isinstance(value, float | np.floating):
        number = float(value)
        if not number.is_integer() or abs(number) > _EXACT_UP_TO:
            raise bad_row(option, place, f"{name} is {number!r}", "write it as text")
        value = int(number)
    text = str(value).strip()
    if name == "currency":
        text = text.upper()
    elif name in FACTS.names and FACTS[name].type == "tag":
        text = normalize_tag(text)
    return text or None


def numbers_of(option: str, rows: pd.DataFrame, name: str, *, may_be_missing: bool) -> pd.Series:
    """Give a column of numbers from 0 up.

    Raises
    ------
    DataError
        When one is not; the row is named.
    """
    given = rows[name].astype(object)
    is_flag = given.map(lambda value: isinstance(value, bool | np.bool_)).astype(bool)
    written = given.map(lambda value: value.strip() if isinstance(value, str) else value)
    is_blank = written.isna() | (written == "").fillna(value=False).astype(bool)
    numbers = pd.to_numeric(written.mask(is_blank | is_flag), errors="coerce").astype("float64")
    is_good = np.isfinite(numbers) & (numbers >= 0)
    is_bad = ~is_good & ~is_blank if may_be_missing else ~is_good
    for place in np.flatnonzero(is_bad)[:1]:
        mend = "give a number from 0 up, such as 1250.50"
        raise bad_row(option, place, f"{name} is {given.iloc[place]!r}", mend)
    return numbers


def days_of(option: str, rows: pd.DataFrame, name: str) -> pd.Series:
    """Give a column of days; a month, a quarter (``2025-Q3``) and a year are their first.

    Raises
    ------
    DataError
        When one is no day; the row is named.
    """
    written = rows[name].astype("str").str.strip().str[:10].str.upper()
    written = written.str.replace(_QUARTER, _first_month, regex=True)
    days = pd.to_datetime(written, format="ISO8601", errors="coerce").astype("datetime64[us]")
    for place in np.flatnonzero(days.isna())[:1]:
        found = rows[name].astype(object).iloc[place]
        mend = "give a month such as 2025-12 or a day such as 2025-12-31"
        raise bad_row(option, place, f"{name} is {found!r}", mend)
    return days


def _first_month(quarter: re.Match[str]) -> str:
    return f"{quarter[1]}-{3 * int(quarter[2]) - 2:02}"


def bad_row(option: str, place: int, found: str, mend: str) -> DataError:
    """Build the error about one row, counted from 1."""
    return DataError(f"{option} row {place + 1} cannot be used: {found}; {mend}.")
