"""The words of an answer's table: titles of its columns, what is said of it, good and bad news."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from admira.present.formats import (
    count_text,
    day_text,
    metric_text,
    percent_text,
    period_text,
)
from admira.present.html import BAD, GOOD, WARNING
from admira.present.kinds import Kind
from admira.present.language import say
from admira.present.tables import TITLES
from admira.schemas.metrics import metrics

_TONES = {
    "on track": GOOD,
    "over": BAD,
    "under": WARNING,
    "good": GOOD,
    "bad": BAD,
    "fresh": GOOD,
    "thin": WARNING,
    "late": BAD,
    "never": BAD,
}


def column_title(name: str) -> str:
    """Give the title of a column, as people read it."""
    words = {
        "now": say("Now"),
        "previous": say("Before"),
        "before": say("Before"),
        "rate_effect": say("By its rate"),
        "mix_effect": say("By the mix"),
        "contribution": say("Contribution"),
        "change_share": say("Share of the change"),
        "month": say("Month"),
        "budget": say("Budget"),
        "spent": say("Spent"),
        "expected": say("Expected"),
        "pace": say("Pace"),
        "projected": say("At the month's end"),
        "difference": say("Difference"),
        "status": say("Status"),
        "basis": say("Worked out from"),
        "note": say("To know"),
        "value": say("Value"),
        "z": say("Robust z"),
        "direction": say("Direction"),
        "verdict": say("Good or bad"),
        "cohort": say("Cohort"),
        "age_days": say("Age in days"),
        "is_complete": say("That old"),
        "p25_days": say("A quarter within (days)"),
        "median_days": say("Half within (days)"),
        "p75_days": say("Three quarters within (days)"),
        "p90_days": say("90 % within (days)"),
        "forecast": say("Forecast"),
        "low": say("Low"),
        "high": say("High"),
        "metric": say("Metric"),
        "stated": say("Stated"),
        "stored": say("Stored"),
        "is_equal": say("Equal"),
        "table": say("Table"),
        "last_day": say("Last day"),
        "days_behind": say("Days behind"),
        "rows": say("Rows"),
        "usual_rows": say("Usual rows"),
        "minutes_ago": say("Minutes since the run"),
    }
    return words.get(name) or say(TITLES.get(name, name))


def word_of(value: str) -> str:
    """Write a word that an answer uses in the language chosen; names stay as they are."""
    words = {
        "on track": say("on track"),
        "over": say("over"),
        "under": say("under"),
        "weekdays": say("weekdays"),
        "equal days": say("equal days"),
        "up": say("▲ up"),
        "down": say("▼ down"),
        "good": say("good"),
        "bad": say("bad"),
        "fresh": say("fresh"),
        "thin": say("thin"),
        "late": say("late"),
        "never": say("never"),
        "(others)": say("(others)"),
        "(no budget)": say("(no budget)"),
    }
    if value in words:
        return words[value]
    if value in set(metrics):
        return say(metrics[value].label)
    return say(value) if value.startswith("(") else value


def tone_of(value: str) -> str:
    """Give the colour of a word that is good or bad news; none of another."""
    return _TONES.get(value, "")


def title_of(kind: Kind, answer: pd.DataFrame) -> str:
    """Say what was asked."""
    metric = _label(answer)
    titles = {
        "movers": say("What moved {metric}", metric=metric),
        "pacing": say("Budgets, and where they lead"),
        "anomalies": say("Days on which {metric} stood out", metric=metric),
        "cohorts": say("{metric} at equal age", metric=metric),
        "lags": say("Days from lead to sale"),
        "forecast": say("Forecast of {metric}", metric=metric),
        "check": say("The platforms' own totals beside ours"),
        "freshness": say("How far the store is"),
        "changes": say("What past days say now that they did not say then"),
    }
    return titles[kind.name]


def notes_of(kind: Kind, answer: pd.DataFrame) -> list[str]:
    """Say what to know of an answer, as far as it knows it itself."""
    notes: dict[str, Callable[[dict[Any, Any]], list[str]]] = {
        "movers": _of_movers,
        "pacing": _of_pacing,
        "anomalies": _of_anomalies,
        "forecast": _of_forecast,
    }
    return notes[kind.name](answer.attrs) if kind.name in notes and answer.attrs else []


def _label(answer: pd.DataFrame) -> str:
    """Name the metric asked about, where the answer still knows it."""
    name = answer.attrs.get("metric")
    return say(metrics[name].label) if name in set(metrics) else say("the metric")


def _of_movers(said: dict[Any, Any]) -> list[str]:
    """Say how the total changed, and what the parts add up to."""
    if said.get("metric") not in set(metrics):
        return []
    now, before = (
        metric_text(said["metric"], said.get(name), said.get("currency"), is_exact=True)
        for name in ("total_now", "total_previous")
    )
    texts = [say("All: {now}, before: {before}.", now=now, before=before)]
    if said.get("period") and said.get("previous"):
        then, earlier = (period_text(*said[name]) for name in ("period", "previous"))
        texts.append(say("{period}, against {earlier}.", period=then, earlier=earlier))
    if said.get("total_now") is None or said.get("total_previous") is None:
        texts.append(say("The total is missing in one of the periods, so there are no parts."))
    else:
        texts.append(say("The contributions of all groups add up to the change."))
    return [" ".join(texts)]


def _of_pacing(said: dict[Any, Any]) -> list[str]:
    """Say up to which day was counted."""
    if said.get("today") is None:
        return []
    day = day_text(said["today"])
    return [
        say(
            "Spent up to {day}; the rest of the month is projected by weekday from the weeks "
            "before. Within 5 % of the budget is on track.",
            day=day,
        )
    ]


def _of_anomalies(said: dict[Any, Any]) -> list[str]:
    """Say how many days were looked at, and how many could not be."""
    if "judged" not in said:
        return []
    texts = [
        say(
            "Of {count} days, each compared with the same weekday in the weeks before it.",
            count=count_text(said["judged"]),
        )
    ]
    if said.get("not_judged"):
        texts.append(
            say(
                "{count} more have fewer than 4 days to compare with.",
                count=count_text(said["not_judged"]),
            )
        )
    return [" ".join(texts)]


def _of_forecast(said: dict[Any, Any]) -> list[str]:
    """Say how wide the intervals are meant to be, and how often they held in the past."""
    wanted, held = said.get("coverage"), said.get("backtest_coverage")
    if wanted is None or held is None or pd.isna(held):
        return []
    return [
        say(
            "Intervals meant to hold {wanted} of the days; on past weeks they held {held}.",
            wanted=percent_text(wanted),
            held=percent_text(held),
        )
    ]
