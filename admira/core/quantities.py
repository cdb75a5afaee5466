"""Counts and amounts of money, read from numbers and from plain text such as ``"12.50"``."""

import re
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from admira.core.cells import NULL_WORDS, Parsed, Sort, sort_cells
from admira.schemas import Column

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?")

# What can be said of a cell; the first two are no problems.
_STATES = ("", "null", "not a number", "not a whole number", "infinite", "too large")
_FINE, _NULL, _NOT_A_NUMBER, _NOT_WHOLE, _INFINITE, _TOO_LARGE = range(len(_STATES))

_INT64_BOUND = 2**63
_EXACT_BOUND = 2**53


def parse_quantities(received: pd.Series, column: Column) -> Parsed:
    """Give a column of counts or numbers; null where that is not allowed, and negatives, become 0.

    Texts, booleans, fractions of a count and infinities that are no such number are problems.
    """
    is_count = column.type == "count"
    values = np.zeros(len(received), dtype="int64" if is_count else "float64")
    states = np.full(len(received), _NULL, dtype="int8")
    for sort, places, cells in sort_cells(received, as_floats=not is_count):
        values[places], states[places] = _read(cells, sort, is_count=is_count)

    is_null, is_negative = states == _NULL, values < 0
    values[(values <= 0) | (states != _FINE)] = 0  # -0.0 too
    if column.nullable:
        values[is_null] = np.nan
    fixed = {"null": 0 if column.nullable else is_null.sum(), "negative": is_negative.sum()}
    return Parsed(
        pd.Series(values),
        {
            _STATES[state]: np.flatnonzero(states == state)
            for state in range(_NOT_A_NUMBER, len(_STATES))
            if (states == state).any()
        },
        {f"{repair}_{column.name}": int(rows) for repair, rows in fixed.items() if rows},
    )


def _read(cells: Any, sort: Sort, *, is_count: bool) -> tuple[Any, Any]:
    """Give the cells of one sort as numbers, and the state of each."""
    if sort in ("boolean", "moment", "other"):
        return 0, _NOT_A_NUMBER
    dtype = "int64" if is_count else "float64"
    if sort in ("integer", "float"):
        try:
            return _checked(
                cells.astype(dtype if sort == "integer" else "float64"), is_count=is_count
            )
        except OverflowError:
            pass  # one of the integers is too large: read them one by one
    codes, distinct = pd.factorize(cells)
    read = [*(_read_one(value, is_count=is_count) for value in distinct), (0, _NULL)]
    numbers = np.array([number for number, _ in read], dtype=dtype)
    return numbers[codes], np.array([state for _, state in read], dtype="int8")[codes]


def _checked(numbers: np.ndarray, *, is_count: bool) -> tuple[np.ndarray, Any]:
    """Give the numbers with 0 in place of those that are null or a problem, and their states."""
    if numbers.dtype.kind == "i":
        return numbers, _FINE
    states = np.full(len(numbers), _FINE, dtype="int8")
    if is_count:
        states[numbers != np.trunc(numbers)] = _NOT_WHOLE
        states[np.abs(numbers) >= _INT64_BOUND] = _TOO_LARGE
    states[np.isinf(numbers)] = _INFINITE
    states[np.isnan(numbers)] = _NULL
    return np.where(states == _FINE, numbers, 0), states


def _read_one(value: Any, *, is_count: bool) -> tuple[float, int]:
    """Give one text, decimal or large integer as a number, and its state."""
    if isinstance(value, str):
        value = value.strip().lower()
        if value in NULL_WORDS:
            return 0, _NULL
        if not _NUMBER.fullmatch(value):
            return 0, _NOT_A_NUMBER
    return _exact_count(value) if is_count else _finite_number(value)


def _finite_number(value: Any) -> tuple[float, int]:
    """Give the float nearest to the value, unless it is beyond all floats."""
    try:
        number = float(value)
    except OverflowError:
        number = np.inf
    return (0, _TOO_LARGE) if np.isinf(number) else (number, _FINE)


def _exact_count(value: Any) -> tuple[float, int]:
    """Give the value as a whole number, without a float above 2**53, where floats skip some."""
    number, state = _finite_number(value)
    exact: Any = Decimal(value) if abs(number) >= _EXACT_BOUND else number
    if state == _TOO_LARGE or abs(exact) >= _INT64_BOUND:
        return 0, _TOO_LARGE
    return (int(exact), _FINE) if exact == int(exact) else (0, _NOT_WHOLE)
