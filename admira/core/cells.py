"""The cells of a raw column: told apart by what they are, and read once per distinct value."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

Sort = Literal["text", "integer", "float", "decimal", "boolean", "moment", "other"]

# What programs write where they mean "no value" in a column of numbers or dates.
NULL_WORDS = frozenset({"", "null", "none", "nan", "nat", "<na>"})

# Floats are exact whole numbers below the first bound; the widest decimal type holds the second.
_LARGEST_WHOLE = {"float": 2**53, "decimal": 10**38}

_SORTS: tuple[tuple[tuple[type, ...], Sort], ...] = (
    ((bool, np.bool_), "boolean"),
    ((str,), "text"),
    ((int, np.integer), "integer"),
    ((float, np.floating), "float"),
    ((Decimal,), "decimal"),
    ((date, np.datetime64), "moment"),
)

# The same, by the names that pandas infers for a whole column.
_INFERRED: dict[str, Sort] = {
    "string": "text",
    "integer": "integer",
    "floating": "float",
    "decimal": "decimal",
    "boolean": "boolean",
    "date": "moment",
    "datetime": "moment",
    "datetime64": "moment",
}

# Sorts that are read by distinct value, missing ones among them.
_READ_WITH_MISSING = ("text", "decimal", "moment")


class Parsed(NamedTuple):
    """A column in its canonical type, the positions of each problem, and the repairs counted."""

    cells: pd.Series
    problems: dict[str, np.ndarray]
    fixed: dict[str, int]


@dataclass(frozen=True)
class Distinct:
    """A column written as its distinct cells, so that each is worked out once.

    ``codes`` say which of the cells a row holds.  The last cell stands for missing, and is what
    code -1 points at.  ``reasons`` say what is wrong with each cell, ``""`` if nothing is.
    """

    codes: np.ndarray
    cells: pd.Series
    reasons: np.ndarray
    fixed: dict[str, int] = field(default_factory=dict)

    def with_cells(self, cells: pd.Series) -> "Distinct":
        """Give the cells another form."""
        return replace(self, cells=cells)

    def flag(self, bad: pd.Series, reason: str) -> "Distinct":
        """Give a reason to the cells that are bad and have none yet."""
        unexplained = bad.to_numpy(dtype=bool) & (self.reasons == "")
        return replace(self, reasons=np.where(unexplained, reason, self.reasons))

    def count(self, fixed: pd.Series, name: str) -> "Distinct":
        """Count the rows that hold one of the fixed cells, where there are any."""
        rows = int(fixed.to_numpy(dtype=bool)[self.codes].sum()) if fixed.any() else 0
        return replace(self, fixed=self.fixed | {name: rows}) if rows else self

    def spread(self, neutral: Any) -> Parsed:
        """Give the column in full, with a neutral value where there is a problem."""
        bad = self.reasons != ""
        cells = self.cells.mask(bad, neutral) if bad.any() else self.cells
        return Parsed(
            pd.Series(cells.array.take(self.codes)),
            {
                reason: np.flatnonzero((self.reasons == reason)[self.codes])
                for reason in dict.fromkeys(self.reasons[bad])
            },
            self.fixed,
        )


def sort_cells(column: pd.Series, *, as_floats: bool = False) -> Iterator[tuple[Sort, Any, Any]]:
    """Give the cells of each sort, and the rows where they stand; missing ones are left out.

    A column of one sort comes as a whole where its reader copes with what is missing in it.  With
    ``as_floats``, integers among floats may come as floats.
    """
    if isinstance(column.dtype, pd.StringDtype):
        yield "text", slice(None), column.array
        return
    is_plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "ifO"
    cells = column.to_numpy() if is_plain else column.astype(object).to_numpy()
    inferred = infer_dtype(cells, skipna=True)
    is_numeric = as_floats and inferred == "mixed-integer-float"
    sort = "float" if is_numeric else _INFERRED.get(inferred)
    if sort in _READ_WITH_MISSING or (sort and infer_dtype(cells, skipna=False) == inferred):
        yield sort, slice(None), cells
        return
    rows = np.flatnonzero(~pd.isna(cells))
    present = cells[rows]
    if sort is not None:
        yield sort, rows, present
        return
    codes, types = pd.factorize(np.fromiter(map(type, present), dtype=object, count=len(rows)))
    for code, found in enumerate(types):
        places = np.flatnonzero(codes == code)
        yield _sort_of(found), rows[places], present[places]


def read_texts(column: pd.Series, *, moments: bool = False) -> Distinct:
    """Give the column's distinct values as trimmed text; what is not text carries a reason.

    A whole number is its digits, unless it may have lost some on the way through a float.  With
    ``moments``, days and instants are written out as ISO 8601.
    """
    codes = np.full(len(column), -1)
    texts: list[str] = []
    reasons: list[str] = []
    for sort, places, cells in sort_cells(column):
        if sort in ("boolean", "other") or (sort == "moment" and not moments):
            codes[places] = len(texts)
            texts.append("")
            reasons.append("not text")
            continue
        # Equal instants of different zones are one value to pandas, but are not written alike.
        alike = np.array([*map(str, cells)], dtype=object) if sort == "moment" else cells
        found, distinct = pd.factorize(alike)
        codes[places] = np.where(found < 0, -1, found + len(texts)) if texts else found
        for text, reason in (_read_text(value, sort) for value in distinct):
            texts.append(text)
            reasons.append(reason)
    return Distinct(
        codes, pd.Series([*texts, None], dtype="str"), np.array([*reasons, ""], dtype=object)
    )


def _sort_of(found: type) -> Sort:
    """Give the sort of the cells that have this type."""
    return next((sort for types, sort in _SORTS if issubclass(found, types)), "other")


def _read_text(value: Any, sort: Sort) -> tuple[str, str]:
    """Give a value as trimmed text, or ``""`` and the reason why it is none."""
    if sort in ("text", "moment"):
        text = value.strip()
        return (text, "") if _is_unicode(text) else ("", "not valid Unicode")
    largest = _LARGEST_WHOLE.get(sort)
    if largest is not None and not (abs(value) < largest and value == int(value)):
        return "", "read as a number; ids are text"
    try:
        return str(int(value)), ""
    except ValueError:  # Python writes no integers of thousands of digits
        return "", "too long"


def _is_unicode(text: str) -> bool:
    """Tell whether the text can be stored: a lone surrogate, which JSON can spell, cannot."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
