"""Rows as text: what questions and listings say, as people read it."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from admira.present.formats import NOT_AVAILABLE, count_text

Written = Mapping[str, Callable[[float], str]]


def row_texts(rows: pd.DataFrame, *, written: Written | None = None) -> list[list[str]]:
    """Write the cells of any table as text, row by row.

    Parameters
    ----------
    rows : DataFrame
        What a question or a listing gave.
    written : mapping of str to callable, optional
        How the figures of a column are written; counts are, where it does not say.

    Returns
    -------
    list of list of str
        In the order of rows and columns; a missing value is a dash.

    Examples
    --------
    >>> from admira.present.formats import percent_text
    >>> rows = pd.DataFrame({"channel": ["google_ads", None], "clicks": [1200, 3], "share": 0.5})
    >>> row_texts(rows, written={"share": percent_text})
    [['google_ads', '1,200', '50.0%'], ['–', '3', '50.0%']]
    """
    known = written or {}
    columns = [
        [
            NOT_AVAILABLE if _is_missing(value) else _cell(value, known.get(str(name)))
            for value in column
        ]
        for name, column in rows.items()
    ]
    return [list(cells) for cells in zip(*columns, strict=True)]


def _is_missing(value: Any) -> bool:
    """Tell whether a cell has no value; a list or a mapping is one."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _cell(value: object, written: Callable[[float], str] | None) -> str:
    """Write a value by what it is: instants to the minute, days, claims, figures, names."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value.tz is None else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return (written or count_text)(value)
    return str(value)
