"""An explanation in words: its cell, its arithmetic, and why a share met its campaign."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from babel.numbers import format_decimal

from admira.core.filters import VALUE_FILTERS
from admira.present.formats import (
    NOT_AVAILABLE,
    count_text,
    day_text,
    dimension_text,
    metric_text,
    money_text,
    period_text,
)
from admira.present.language import locale, say
from admira.present.tables import TITLES
from admira.schemas.metrics import metrics
from admira.schemas.registry import Ratio, written
from admira.wanted import several

_NAMED = 3


class Asked(NamedTuple):
    """Which facts an explanation is of: days, values by column, options of the join, scope."""

    period: dict[str, pd.Timestamp]
    filters: dict[str, Any]
    options: dict[str, Any]
    scope: str
    labels: tuple[str, ...] = ()

    @property
    def of_store(self) -> dict[str, Any]:
        """The filters that the store knows."""
        values = {name: self.filters[name] for name in VALUE_FILTERS if name in self.filters}
        labelled = {name: several(self.filters[name]) for name in self.labels}
        return {**values, **labelled}


def arithmetic(name: str, sums: Mapping[Any, Any], currency: str | None) -> str:
    """Write a metric's formula with its sums filled in.

    Examples
    --------
    >>> arithmetic("cpa", {"cost": 1234.5, "leads": 33.0, "cpa": 37.409}, "EUR")
    'cpa = cost / leads = €1,234.50 / 33 = €37.41'
    >>> arithmetic("win_rate", {"closed_won": 0.0, "closed_lost": 0.0, "win_rate": None}, None)
    'win_rate = closed_won / (closed_won + closed_lost) = 0 / (0 + 0) = –'
    """
    metric = metrics[name]
    steps = [name, metric.formula]
    if isinstance(metric, Ratio):
        sides = metric.numerator, metric.denominator

        def filled(term: str) -> str:
            return figure_text(term, sums[term], currency)

        steps.append(" / ".join(written(side, filled) for side in sides))
    return " = ".join([*steps, figure_text(name, sums[name], currency)])


def figure_text(name: str, value: Any, currency: str | None) -> str:
    """Write a figure so exactly that its share in a quotient can be followed."""
    metric = metrics[name]
    if pd.isna(value) or isinstance(metric, Ratio):
        return metric_text(name, value, currency, is_exact=True)
    if metric.unit == "currency":
        return money_text(float(value), currency)
    return format_decimal(round(float(value), 4), "#,##0.####", locale=locale())


def why_no_value(name: str) -> str:
    """Say why a ratio has no value: what is missing below the line."""
    metric = metrics[name]
    below = metric.denominator if isinstance(metric, Ratio) else {}
    return say(
        "No {denominator}, so no {metric}.",
        denominator=" + ".join(_within(metrics[term].label) for term in below),
        metric=_within(metric.label),
    )


def _within(label: str) -> str:
    """Write a label as it stands within a sentence; CPC stays CPC."""
    text = say(label)
    return text if text.isupper() else f"{text[:1].lower()}{text[1:]}"


def nothing_added(terms: Sequence[str]) -> str:
    """Say that opportunities are there, and add nothing."""
    measures = ", ".join(_within(metrics[term].label) for term in terms)
    return say("None of these opportunities adds to: {measures}.", measures=measures)


def count_sentence(facts: pd.DataFrame) -> str:
    """Say how many rows a number is made of."""
    if facts.empty:
        return say("No ad rows and no opportunities are in this cell; check its values and days.")
    return say(
        "Behind it – ad rows: {ads}, opportunities: {opportunities}.",
        ads=count_text((facts["match"] == "ad").sum()),
        opportunities=count_text(facts["opportunity_id"].nunique()),
    )


def cell_text(asked: Asked) -> str:
    """Say which rows a cell is of."""
    parts = [
        f"{say(TITLES.get(name, name))} {_values_text(wanted)}"
        for name, wanted in asked.filters.items()
    ]
    parts += [say("paid channels")] if asked.scope == "paid" else []
    first, last = asked.period.get("start"), asked.period.get("end")
    if first is not None and last is not None:
        parts.append(period_text(first, last) if first <= last else NOT_AVAILABLE)
    elif first is not None:
        parts.append(say("from {day}", day=day_text(first)))
    elif last is not None:
        parts.append(say("up to {day}", day=day_text(last)))
    else:
        parts.append(say("all days"))
    parts += [f"{name}={value}" for name, value in asked.options.items() if name != "campaigns"]
    return " · ".join(parts)


def _values_text(wanted: Any) -> str:
    """Name the values wanted, the first few of many."""
    several = [*wanted] if pd.api.types.is_list_like(wanted) else [wanted]
    names = ", ".join(dimension_text(value) for value in several[:_NAMED])
    left = len(several) - _NAMED
    return names if left <= 0 else say("{names} and {count} more", names=names, count=left)


def reason_text(match: str, reason: str, candidates: int = 1) -> str:
    """Say in plain words how an opportunity met its campaign, or why it met none."""
    why = _unmatched(reason) if match == "none" else _matched(match)
    if reason == "before_first_ad":
        why = say("{why}; it came before the campaign's first ad", why=why)
    if candidates > 1 and match != "none":
        why = say("{why}; shared among {count} campaigns", why=why, count=candidates)
    return why


def _matched(match: str) -> str:
    """Say how an opportunity met its campaign."""
    texts = {
        "id": say("it names the campaign's id, itself or in its tag"),
        "exact": say("campaign, source and medium are equal"),
        "alias": say("campaign, source and medium are equal once aliases are resolved"),
        "campaign": say("the campaign is equal; source or medium is missing on one side"),
        "click_id": say("no campaign tag, but the platform's click id"),
        "untagged": say("neither tags nor a click id"),
    }
    return texts.get(match, match)


def _unmatched(reason: str) -> str:
    """Say why an opportunity met no campaign."""
    texts = {
        "utm_unknown": say("tagged, but no campaign has these tags"),
        "utm_conflict": say("the campaign is known, but its source or medium differs"),
        "ambiguous": say("several campaigns fit, so none is credited"),
        "outside_window": say("the campaign had no ad in the days before"),
    }
    return texts.get(reason, reason)
