"""Metrics, days and counts as text: currency, % and × from the registry, in the language chosen."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

import pandas as pd
from babel.core import Locale
from babel.dates import format_date, format_interval
from babel.numbers import format_currency, format_decimal, format_percent

from admira.core.days import Day, as_day
from admira.present.language import locale, say
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure

NOT_AVAILABLE = "–"

CENTS_UP_TO = 1000
_NAMED = 5
_THIN_SPACE = "\u2009"  # a plain one can be searched for


def metric_text(
    name: str,
    value: float | None,
    currency: str | None = None,
    *,
    is_exact: bool = False,
    is_whole: bool = False,
) -> str:
    """Write one figure of a metric in its unit.

    Parameters
    ----------
    name : str
        The metric.
    value : float
        The figure; a missing one is a dash.
    currency : str, optional
        ISO 4217 code of money; without it money is a plain number.
    is_exact : bool
        Whether cents show on large sums too.
    is_whole : bool
        Whether they show on no sum at all, as where a column has large ones.

    Returns
    -------
    str

    Examples
    --------
    >>> metric_text("cpc", 1.5, "EUR"), metric_text("cost", 103383.2, "EUR")
    ('€1.50', '€103,383')
    >>> metric_text("roas", 9.563), metric_text("win_rate", 0.271), metric_text("cpa", None)
    ('9.56×', '27.1%', '–')
    """
    if value is None or pd.isna(value):
        return NOT_AVAILABLE
    number, metric = float(value), metrics.figure(name)
    if metric.unit == "share":
        return percent_text(number)
    if metric.unit == "currency":
        is_sum = isinstance(metric, Measure)
        has_cents = is_exact or not (is_sum and (is_whole or abs(number) >= CENTS_UP_TO))
        return money_text(number, currency, has_cents=has_cents)
    if metric.unit == "ratio":
        return f"{format_decimal(number, '#,##0.00', locale=locale())}×"
    return count_text(number)


def money_text(value: float, currency: str | None = None, *, has_cents: bool = True) -> str:
    """Write an amount of money."""
    if currency is None:
        return format_decimal(value, "#,##0.00" if has_cents else "#,##0", locale=locale())
    if has_cents:
        return format_currency(value, currency, locale=locale())
    pattern = locale().currency_formats["standard"].pattern.partition(";")[0]
    whole = pattern.replace(".00", "")
    return format_currency(value, currency, whole, locale=locale(), currency_digits=False)


def count_text(value: float) -> str:
    """Write a count; shares of records make fractions, which show while they matter."""
    shown = round(float(value), 1)  # sums of shares are whole but for the last bits
    is_whole = shown.is_integer() or abs(shown) >= CENTS_UP_TO
    return format_decimal(shown, "#,##0" if is_whole else "#,##0.0", locale=locale())


def percent_text(value: float) -> str:
    """Write a share of 1 as a percentage."""
    pattern = locale().percent_formats[None].pattern.replace("#,##0", "#,##0.0")
    return format_percent(value, pattern, locale=locale())


def change_text(change: float) -> str:
    """Write a relative change with its sign."""
    return f"{'+' if change >= 0 else '−'}{percent_text(abs(change))}"


def day_text(day: Day) -> str:
    """Write a day."""
    return _written(_date(day), "medium", locale())


def period_text(start: Day, end: Day) -> str:
    """Write a period, both days included."""
    first, last = _date(start), _date(end)
    if first == last:
        return day_text(first)
    return format_interval(first, last, "yMMMd", locale=locale()).replace(_THIN_SPACE, " ")


_GRAINS = {"month": "MMM y", "quarter": "QQQ y", "year": "y"}


def grain_text(day: Day, grain: str | None) -> str:
    """Write the first day of a period as the period: a day, a week, a month, a quarter, a year."""
    first = _date(day)
    if grain in _GRAINS:
        return _written(first, _GRAINS[grain], locale())
    if grain == "week":
        return period_text(first, first + timedelta(days=6))
    return day_text(first)


def dimension_text(value: object) -> str:
    """Write the name of a group; what is missing is a dash."""
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - how NaN is told
        return NOT_AVAILABLE
    if isinstance(value, date):
        return day_text(value)
    return say(value) if isinstance(value, str) and value.startswith("(") else str(value)


def few_names(names: Sequence[object]) -> str:
    """Name the first few groups, and say how many more there are."""
    told = ", ".join(dimension_text(name) for name in names[:_NAMED])
    more = len(names) - _NAMED
    return say("{names} and {count} more", names=told, count=count_text(more)) if more > 0 else told


@lru_cache(maxsize=4096)  # an axis, a list and a table name the same days
def _written(day: date, pattern: str, language: Locale) -> str:
    return format_date(day, pattern, locale=language)


def _date(day: Day) -> date:
    read = as_day("day", day)
    if read is None:
        raise ValueError("a day is needed")
    return read.date()
