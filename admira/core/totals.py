"""The measures summed per group: in memory on Arrow, elsewhere by the caller's engine."""

from collections.abc import Mapping, Sequence
from functools import partial

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.core.frames import Frame, collect, is_pandas, on_arrow
from admira.core.grains import WEEKDAYS
from admira.core.sums import Change, distinct_values, group_sums
from admira.errors import AmbiguousData
from admira.schemas import FACTS
from admira.schemas.metrics import metrics

MEASURES = {measure.name: FACTS.arrow().field(measure.name).type for measure in metrics.measures}

_MONEY = ("cost", "revenue")


def totals(facts: Frame, dimensions: Sequence[str], grain: str | None = None) -> Frame:
    """Sum the measures per group; without dimensions give one row, even for no facts.

    Facts in pandas or Arrow give an Arrow table, sorted by the dimensions with nulls last; those of
    other engines stay there, in no order.

    Raises
    ------
    AmbiguousData
        When money in several currencies would be added; a missing currency is one of its own.
    """
    if is_pandas(facts) or facts.implementation.is_pyarrow():
        return nw.from_native(totals_in_memory([on_arrow(facts).to_native()], dimensions, grain))
    if "currency" not in dimensions:
        _refuse_mixed_currencies(facts)
    if grain is not None:
        facts = facts.with_columns(_cut(grain))
    if dimensions:
        sums = facts.group_by(*dimensions).agg(nw.col(*MEASURES).sum())
    else:
        sums = facts.select(nw.col(*MEASURES).sum()).with_columns(nw.col(*MEASURES).fill_null(0))
    return sums.with_columns(_in_their_types(MEASURES))


def _in_their_types(measures: Mapping[str, pyarrow.DataType]) -> list[nw.Expr]:
    """Give the sums in the measures' types: some engines sum whole numbers as decimals."""
    dtypes = {pyarrow.int64(): nw.Int64, pyarrow.float64(): nw.Float64}
    return [nw.col(name).cast(dtypes[type_]) for name, type_ in measures.items()]


def sums_per_currency(
    facts: Frame,
    dimensions: Sequence[str],
    grain: str | None = None,
    measures: Mapping[str, pyarrow.DataType] = MEASURES,
) -> Frame:
    """Sum the measures per group and currency on the frame's engine, in one pass and no order.

    There are few such sums; :func:`totals_in_memory` makes :func:`totals` of them.
    """
    if grain is not None:
        facts = facts.with_columns(_cut(grain))
    sums = facts.group_by(*dict.fromkeys([*dimensions, "currency"])).agg(nw.col(*measures).sum())
    return sums.with_columns(_in_their_types(measures))


def totals_in_memory(
    parts: Sequence[pyarrow.Table],
    dimensions: Sequence[str],
    grain: str | None = None,
    measures: Mapping[str, pyarrow.DataType] = MEASURES,
    money: Sequence[str] = _MONEY,
) -> pyarrow.Table:
    """Sum the measures of Arrow tables per group; see :func:`totals`.

    Text may be dictionary-encoded, a measure that a part lacks is 0 there.  A further column
    ``currency``, where it is no dimension, says in which one all money is, if that is known.
    """
    codes = distinct_values(parts, "currency")
    if "currency" not in dimensions and len(codes) > 1:
        amounts = {name: measures[name] for name in money}
        _refuse_mixed_currencies(nw.from_native(group_sums(parts, ["currency"], amounts)), money)
    changed: dict[str, Change] = {
        name: partial(pc.fill_null, fill_value="")
        for name in dimensions
        if name in FACTS.names and FACTS[name].type == "tag"
    }
    if grain is not None:
        changed["date"] = partial(_cut_values, grain)
    sums = group_sums(parts, dimensions, measures, changed=changed)
    if "currency" in dimensions:
        return sums
    known = codes.drop_null()
    code = pyarrow.array([known[0].as_py() if len(known) == 1 else None], pyarrow.string())
    places = np.zeros(len(sums), dtype=np.int32)
    return sums.append_column("currency", pyarrow.DictionaryArray.from_arrays(places, code))


def currency_of(sums: pyarrow.Table, dimensions: Sequence[str]) -> str | None:
    """Give the currency of all money in sums, where it is known to be one."""
    known = len(sums) and "currency" not in dimensions
    return sums["currency"][0].as_py() if known else None


_TRUNCATED = {"month": "1mo", "quarter": "1q", "year": "1y"}


def _cut(grain: str) -> nw.Expr:
    """Cut ``date`` to the first day of its period."""
    day, (unit, _, weekday) = nw.col("date"), grain.partition("-")
    if unit in _TRUNCATED:
        first = day.dt.truncate(_TRUNCATED[unit])
    else:
        first = day
        if unit == "week":
            first_weekday = WEEKDAYS.index(weekday or "monday")
            for back in range(1, 7):
                is_that_weekday = day.dt.weekday() == (first_weekday + back) % 7 + 1
                before = day.dt.offset_by(f"-{back}d")
                first = nw.when(is_that_weekday).then(before).otherwise(first)
    return first.cast(nw.Date).alias("date")


def _cut_values(grain: str, days: pyarrow.Array) -> pyarrow.Array:
    """Do the same to an array of days."""
    cut = nw.from_native(pyarrow.table({"date": days})).with_columns(_cut(grain))
    return cut.to_native()["date"].combine_chunks()


def _refuse_mixed_currencies(facts: Frame, money: Sequence[str] = _MONEY) -> None:
    """Raise when the money of the rows is in several currencies."""
    has_money = nw.any_horizontal(*(nw.col(name) != 0 for name in money), ignore_nulls=True)
    amounts = facts.select("currency", has_money=has_money).unique()
    found = collect(amounts.filter(nw.col("has_money")))["currency"]
    if len(found) > 1:
        names = ", ".join(sorted("(missing)" if pd.isna(name) else str(name) for name in found))
        message = (
            f"Money in several currencies ({names}) cannot be added: put 'currency' into by=, "
            "filter to one, or give ads and crm rows the same currency first."
        )
        raise AmbiguousData(message)
