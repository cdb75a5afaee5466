"""Which groups moved a metric between two periods, in parts that add up to the whole change."""

from collections.abc import Sequence
from math import isclose
from typing import Any, Protocol

import pandas as pd

from admira.core.days import Day
from admira.core.metrics import regrouped
from admira.core.named_periods import chosen_period
from admira.core.periods import Period, beside, period_of
from admira.errors import OptionError
from admira.overview import today_of
from admira.questions.asking import (
    check_options,
    dimensions_of,
    in_one_currency,
    linear,
    quotient,
)
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure, Ratio
from admira.summary import Asked

OTHERS = "(others)"

_SIDES = ["over", "under", "over_previous", "under_previous"]
_EFFECTS = ["rate_effect", "mix_effect", "contribution"]


class Moved(Asked, Protocol):
    """What is asked of a store."""

    def named(self, kpis: pd.DataFrame) -> pd.DataFrame:
        """Put each campaign's latest name beside its id."""


def movers(
    store: Moved,
    metric: str,
    *,
    by: str | Sequence[str] = "campaign_id",
    start: Day = None,
    end: Day = None,
    period: str | tuple[Day, Day] | None = None,
    against: str | tuple[Day, Day] = "previous",
    top: int | None = 10,
    scope: str = "paid",
    currency: str | None = None,
    today: Day = None,
    **filters_and_options: Any,
) -> pd.DataFrame:
    """Tell which groups moved a metric between two periods, and by how much.

    The contributions of all groups add up to the change of the total.  That of a measure is its
    difference.  That of a ratio has two parts: the group's own rate changed, or its share of the
    denominator did, which counts by how far its rate lies from that of all.

    Parameters
    ----------
    metric : str
        A measure or a ratio of ``admira.metrics``.
    by : str or sequence of str
        What makes a group: dimensions other than ``date``.
    start, end : day, optional
        The period, both days included.
    period : str or (start, end), optional
        The same by a name, as in :meth:`Store.compare`.
    against : {"previous", "year"} or (start, end)
        What to compare with, as in :meth:`Store.compare`, or a period of its own.
    top : int, optional
        How many groups to show, those with the largest contributions; None shows all.
    scope : {"all", "paid"}
        As in :meth:`Store.metrics`.
    currency : str, optional
        The money to look at where there is more than one; rows without a currency stay.
    today : day, optional
        What counts as today in a period's name; the reporting zone's day by default.
    **filters_and_options
        As in :meth:`Store.metrics`.

    Returns
    -------
    DataFrame
        One row per group of either period, the largest contribution first, and a last row
        ``(others)`` for those beyond ``top``: the dimensions (``campaign_name`` beside
        ``campaign_id``), the metric ``now`` and ``previous``, ``rate_effect``, ``mix_effect``,
        their sum ``contribution``, and ``change_share``, its share of the total's change.  A
        measure has no effects; where the total of a ratio is missing in a period, neither effects
        nor contributions can be told: they are missing.  ``attrs`` has ``metric``, ``total_now``
        and ``total_previous`` (None where missing), ``period`` and ``previous`` (two days as text
        each), ``scope``, ``currency``.

    Raises
    ------
    OptionError
        When an option or a day does not exist.
    AmbiguousData
        When money in several currencies would be added.

    Notes
    -----
    With a group's rate r, its share w of the denominator, and R the ratio of all, Δ the change and
    a bar the mean of the two periods: rate effect = w̄·Δr, mix effect = (r̄ − R̄)·Δw.  These are the
    midpoint weights of Marshall and Edgeworth, which leave no residual; Kitagawa, *Components of a
    difference between two rates*, JASA 50 (1955), 1168-1194, splits rates so.  A group whose
    denominator is 0 in a period has no rate there: its rate effect is 0 and all it contributes,
    Δ(numerator / all's denominator) − R̄·Δw, is mix effect.

    Examples
    --------
    >>> import admira
    >>> store = admira.demo()
    >>> found = movers(store, "roas", by="channel", start="2025-11-01", end="2025-11-30", top=2)
    >>> found[["channel", "now", "previous", "rate_effect", "mix_effect", "contribution"]].round(2)
            channel   now  previous  rate_effect  mix_effect  contribution
    0    google_ads  2.29     10.31        -2.44         0.1         -2.33
    1  linkedin_ads  7.21     13.42        -1.42       -0.28          -1.7
    2      (others)  2.17      12.3        -6.48         1.7         -4.79
    """
    found, dimensions = metrics[metric], dimensions_of(by)
    check_options(store.backend, filters_and_options)
    named = chosen_period(start, end, period, today_of(store.tz, today))
    before = period_of(*against) if isinstance(against, tuple) else named.earlier(against)
    rows = pd.concat(
        store.metrics(
            [*dict.fromkeys([*dimensions, "currency"])],
            start=days.start,
            end=days.end,
            scope=scope,
            **filters_and_options,
        ).assign(is_now=is_now)
        for days, is_now in ((named.period, True), (before, False))
    )
    parts = moved(rows, dimensions, found, currency=currency, top=top)
    if "campaign_id" in dimensions and "campaign_name" not in dimensions:
        parts = store.named(parts)
    parts.attrs |= {
        "period": _as_text(named.period),
        "previous": _as_text(before),
        "scope": scope,
    }
    return parts


def moved(
    rows: pd.DataFrame,
    dimensions: Sequence[str],
    metric: Measure | Ratio,
    *,
    currency: str | None = None,
    top: int | None = None,
) -> pd.DataFrame:
    """Part the change of a metric among groups, as :func:`movers` does.

    Parameters
    ----------
    rows : DataFrame, one row per group, currency and period
        Measures of two periods; ``is_now`` tells those of the later one.
    dimensions : sequence of str
        What makes a group.
    metric : Measure or Ratio
        Of ``admira.metrics``.
    currency, top
        As of :func:`movers`.

    Returns
    -------
    DataFrame
        As of :func:`movers`; ``attrs`` has ``metric``, both totals and ``currency``.
    """
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        raise OptionError("top", top, ["a whole number from 1 up", "None"])
    rows, code = in_one_currency(rows, currency, metric)
    sides = _sides(rows, dimensions, metric)
    total = sides[_SIDES].sum().to_frame().T
    parts = pd.concat([sides, _effects(sides, total, metric)], axis="columns")
    found = _topped(parts, dimensions, top)
    found["now"], found["previous"] = _values(found, metric)
    now, previous = (
        None if pd.isna(value[0]) else float(value[0]) for value in _values(total, metric)
    )
    found["change_share"] = found["contribution"] / _change(now, previous)
    found = found[[*dimensions, "now", "previous", *_EFFECTS, "change_share"]]
    found.attrs = {
        "metric": metric.name,
        "total_now": now,
        "total_previous": previous,
        "currency": code,
    }
    return found


def _sides(rows: pd.DataFrame, dimensions: Sequence[str], metric: Measure | Ratio) -> pd.DataFrame:
    """Give what is over and under the line for each group; a measure has no line."""
    over = {metric.name: 1.0} if isinstance(metric, Measure) else metric.numerator
    under = {} if isinstance(metric, Measure) else metric.denominator
    now, before = (
        regrouped(rows[rows["is_now"] == is_now], dimensions) for is_now in (True, False)
    )
    groups = beside(now, before, dimensions, dict.fromkeys([*over, *under]))
    sums = {
        f"{side}{end}": linear(terms, groups, end)
        for end in ("", "_previous")
        for side, terms in (("over", over), ("under", under))
    }
    return groups[dimensions].assign(**sums)


def _values(sides: pd.DataFrame, metric: Measure | Ratio) -> tuple[pd.Series, pd.Series]:
    """Give the metric now and before."""
    if isinstance(metric, Measure):
        return sides["over"], sides["over_previous"]
    now = quotient(sides["over"], sides["under"])
    return now, quotient(sides["over_previous"], sides["under_previous"])


def _effects(sides: pd.DataFrame, total: pd.DataFrame, metric: Measure | Ratio) -> pd.DataFrame:
    """Part what each group contributes to the change of the total into rate and mix.

    w̄·Δr + (r̄ − R̄)·Δw is Δ(w·r) − R̄·Δw, and w·r is the group's numerator over the denominator of
    all: this is known even where the group has no rate.  Without R̄ nothing is.
    """
    if isinstance(metric, Measure):
        parted = pd.DataFrame(index=sides.index, columns=_EFFECTS, dtype="Float64")
        return parted.assign(contribution=sides["over"] - sides["over_previous"])
    all_now, all_before = total["under"][0], total["under_previous"][0]
    share_now, share_before = sides["under"] / all_now, sides["under_previous"] / all_before
    middle = sum(value[0] for value in _values(total, metric)) / 2
    added = sides["over"] / all_now - sides["over_previous"] / all_before
    contribution = added - middle * (share_now - share_before)
    now, before = _values(sides, metric)
    rate = ((share_now + share_before) / 2 * (now - before)).fillna(0.0).mask(contribution.isna())
    return pd.DataFrame(
        {"rate_effect": rate, "mix_effect": contribution - rate, "contribution": contribution}
    )


def _topped(parts: pd.DataFrame, dimensions: Sequence[str], top: int | None) -> pd.DataFrame:
    """Put the largest contributions first, and add up those beyond the top."""
    order = parts["contribution"].abs().sort_values(ascending=False, kind="stable").index
    ordered = parts.loc[order].reset_index(drop=True)
    if top is None or len(ordered) <= top:
        return ordered
    rest = ordered.iloc[top:][[*_SIDES, *_EFFECTS]].sum(min_count=1).to_frame().T
    rest[dimensions[0]] = OTHERS
    return pd.concat([ordered.head(top), rest], ignore_index=True)


def _change(now: float | None, previous: float | None) -> Any:
    """Give the change of the total, where there is one to speak of."""
    if now is None or previous is None or isclose(now, previous, rel_tol=1e-12):
        return pd.NA
    return now - previous


def _as_text(period: Period) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in period]
