"""Values as canonical JSON: the same content is the same bytes, whatever engine it came from."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import sha256
from numbers import Integral
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from admira.errors import DataError, SchemaMismatch

# Up to here every whole number is a float of its own.
_EXACT_UP_TO = 2**53

# Engines and threads add in different orders, which changes the last digits of a sum.
_DIGITS_THAT_COUNT = 12


def columns_of(kpis: Any) -> dict[str, list[Any]]:
    """Give the columns of a frame of any engine as values that JSON has; the index is left out.

    Raises
    ------
    SchemaMismatch
        When it is no frame.
    DataError
        When a column occurs twice, or a value cannot be written.
    """
    if isinstance(kpis, pd.DataFrame):
        if not kpis.columns.is_unique:
            twice = kpis.columns[kpis.columns.duplicated()][0]
            raise DataError(f"The KPIs have the column {twice!r} twice; keep one of them.")
        received = {str(name): values.tolist() for name, values in kpis.items()}
    else:
        try:
            frame = nw.from_native(kpis)
        except TypeError:
            raise SchemaMismatch(
                "metrics",
                missing=["columns"],
                found=[type(kpis).__name__],
                hint="Give a frame: pandas, pyarrow, polars, DuckDB or Spark.",
            ) from None
        eager = frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame
        received = eager.to_arrow().to_pydict()
    return {name: [plain(value, name) for value in values] for name, values in received.items()}


def plain(value: Any, name: str) -> Any:
    """Give a value as JSON has it.

    What is missing is null, a whole number has no point, a ``Decimal`` is the float nearest to it,
    a day is ``YYYY-MM-DD`` and an instant is in UTC.

    Examples
    --------
    >>> from decimal import Decimal
    >>> [plain(value, "cost") for value in (Decimal("12.50"), 650.0, float("nan"))]
    [12.5, 650, None]
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, float | Decimal):
        return _number(float(value), name)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    raise DataError(
        f"The KPIs hold {type(value).__name__} in {name!r}, which JSON does not have; "
        "write it as text or leave the column out."
    )


def _number(value: float, name: str) -> float | int | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        raise DataError(
            f"The KPIs hold an infinite {name!r}, which JSON does not have; a ratio without a "
            "denominator should be missing."
        )
    return int(value) if value.is_integer() and abs(value) < _EXACT_UP_TO else value


def _instant(value: datetime) -> str:
    """Write a day, or an instant in UTC; a local time without a zone stays as it is."""
    if value.tzinfo is not None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.date().isoformat() if value.time() == time() else value.isoformat()


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Write plain values as JSON: UTF-8, keys sorted, no spaces, no NaN.

    Examples
    --------
    >>> canonical_json({"rows": [{"roas": None, "cost": 12.5}], "date": "2025-08-31"})
    b'{"date":"2025-08-31","rows":[{"cost":12.5,"roas":null}]}'
    """
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def content_key(content: Mapping[str, Any]) -> str:
    """Give a key that is the same for the same content, figures compared to twelve digits."""
    return sha256(canonical_json(_rounded(content))).hexdigest()


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return _number(float(f"{value:.{_DIGITS_THAT_COUNT}g}"), "")
    if isinstance(value, Mapping):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value
