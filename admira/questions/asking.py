"""What the questions have in common: dimensions, filters, one currency, quotients of sums."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from admira.core.days import Day
from admira.core.filters import VALUE_FILTERS
from admira.core.named_periods import chosen_period
from admira.core.rules import JOIN_OPTIONS
from admira.errors import AmbiguousData, OptionError
from admira.overview import today_of
from admira.schemas import FACTS
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure, Ratio, Terms
from admira.stores.base import Backend
from admira.summary import Asked
from admira.wanted import known_labels

_MONEY = ("cost", "revenue")


def dimensions_of(by: str | Sequence[str], *, but: Sequence[str] = ("date",)) -> list[str]:
    """Give the dimensions asked for, each once and none that a question has by itself.

    Whether there is such a dimension, the store says when it is asked for its KPIs.

    Raises
    ------
    OptionError
        When one is the question's own, no dimension but a metric, or comes twice.
    """
    dimensions = [by] if isinstance(by, str) else [*by]
    refused = {*metrics, "match_weight", *but}
    for name in dimensions:
        if name in refused:
            raise OptionError("by", name, [one for one in FACTS.names if one not in refused])
    if len({*dimensions}) < len(dimensions):
        raise OptionError("by", dimensions, ["each column once"])
    return dimensions


def check_options(backend: Backend, given: Mapping[str, Any], *, but: Sequence[str] = ()) -> None:
    """Refuse what is no filter, group or option of the join, or what a question has no use for.

    Raises
    ------
    OptionError
        When there is one.
    """
    allowed = [name for name in (*VALUE_FILTERS, *JOIN_OPTIONS) if name not in but]
    for name in given:
        if name in but:
            raise OptionError("option", name, allowed)
    known_labels(backend, given)


def days_asked(
    store: Asked, start: Day, end: Day, period: str | tuple[Day, Day] | None, today: Day
) -> tuple[Day, Day]:
    """Give the first and the last day asked for, by themselves or by a period's name.

    Raises
    ------
    OptionError
        When both are given, or nobody would know what the name means.
    """
    if period is None:
        return start, end
    return chosen_period(start, end, period, today_of(store.tz, today)).period


def in_one_currency(
    rows: pd.DataFrame, currency: str | None, metric: Measure | Ratio
) -> tuple[pd.DataFrame, str | None]:
    """Keep the rows of KPIs whose money may be added, and say in which currency it is.

    Raises
    ------
    OptionError
        When there is no money in the currency asked for.
    AmbiguousData
        When the metric is made of money in several, and none is asked for.
    """
    codes = rows.loc[(rows[[*_MONEY]] > 0).any(axis="columns"), "currency"].drop_duplicates()
    known = sorted(codes.dropna())
    if currency is not None:
        if currency not in known:
            raise OptionError("currency", currency, known or ["no money in these days"])
        return rows[rows["currency"].isna() | (rows["currency"] == currency)], currency
    if len(codes) > 1 and is_money(metric):
        names = ", ".join([*known, *["(missing)"] * (len(codes) - len(known))])
        message = (
            f"Money in several currencies ({names}) cannot be added: "
            f"choose one, such as currency={(known or [None])[0]!r}."
        )
        raise AmbiguousData(message)
    return rows, known[0] if len(codes) == len(known) == 1 else None


def is_money(metric: Measure | Ratio) -> bool:
    """Say whether a metric is made of money."""
    sides = [] if isinstance(metric, Measure) else [*metric.numerator, *metric.denominator]
    return "currency" in {metric.unit, *(metrics[name].unit for name in sides)}


def linear(terms: Terms, rows: pd.DataFrame, ending: str = "") -> pd.Series:
    """Add up the terms of one side of a ratio; an ending makes other columns of the measures."""
    added = pd.Series(0.0, rows.index, dtype="Float64")
    for name, factor in terms.items():
        added += factor * rows[f"{name}{ending}"]
    return added


def quotient(over: pd.Series, under: pd.Series) -> pd.Series:
    """Divide where the denominator is not 0; elsewhere there is nothing."""
    return over / under.mask(under == 0)
