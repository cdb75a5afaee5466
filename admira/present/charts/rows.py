"""What the charts ask of KPI rows: groups, lines with their gaps, money, and words for titles."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from admira.core.grains import grain_among
from admira.core.metrics import regrouped
from admira.core.spine import spine_of
from admira.errors import AmbiguousData, OptionError
from admira.present.formats import few_names
from admira.present.language import say
from admira.present.tables import dimensions_of
from admira.schemas.metrics import metrics


class Leading(NamedTuple):
    """The groups with most cost, and those left out."""

    shown: list[Any]
    left_out: list[Any]


def check_metric(kpis: pd.DataFrame, metric: str | None) -> str:
    """Refuse a metric that does not exist or is not in the frame."""
    if metric is None or metric not in kpis or metric not in set(metrics):
        raise OptionError("metric", metric, [name for name in metrics if name in kpis])
    return metric


def check_date(kpis: pd.DataFrame) -> None:
    """Refuse KPIs that have no days to draw over."""
    if "date" not in kpis:
        raise OptionError("by", dimensions_of(kpis), ["a list with 'date', to draw over time"])


def split_of(kpis: pd.DataFrame, split: str | None) -> str | None:
    """Give the dimension to tell apart: the one asked for, or the first that is no day."""
    dimensions = [name for name in dimensions_of(kpis) if name != "date"]
    if split is None:
        return next(iter(dimensions), None)
    if split not in dimensions:
        raise OptionError("split", split, dimensions)
    return split


def grouped(kpis: pd.DataFrame, by: Sequence[str | None]) -> pd.DataFrame:
    """Sum the rows to the dimensions named, unless that is what they are."""
    names = [name for name in by if name is not None]
    if not any(kpis.duplicated(names)) if names else len(kpis) == 1:
        return kpis
    return regrouped(kpis, names)


def money_of(kpis: pd.DataFrame, currency: str | None, split: str | None) -> str | None:
    """Give the currency of the money in the frame; several are never added."""
    found = kpis["currency"].drop_duplicates().tolist() if "currency" in kpis else []
    if len(found) > 1 and split != "currency":
        raise AmbiguousData(
            "Money in several currencies is never added. Draw one of them, such as "
            f"kpis[kpis['currency'] == {found[0]!r}], or split='currency'."
        )
    if len(found) == 1 and isinstance(found[0], str) and currency is None:
        return found[0]
    return currency or (None if found else kpis.attrs.get("currency"))


def leading(rows: pd.DataFrame, split: str | None, limit: int) -> Leading:
    """Give the groups to show, those with most cost first."""
    if split is None:
        return Leading([], [])
    order = [name for name in ("cost", "revenue") if name in rows]
    groups = rows[split].drop_duplicates().tolist()
    if order:
        sums = rows.groupby(split, dropna=False, sort=True)[order].sum()
        groups = sums.sort_values(order, ascending=False, kind="stable").index.tolist()
    return Leading(groups[:limit], groups[limit:])


def rows_of(rows: pd.DataFrame, split: str, group: Any) -> pd.DataFrame:
    """Keep the rows of one group; a missing name is one too."""
    return rows[rows[split].isna() if pd.isna(group) else rows[split] == group]


def all_days(rows: pd.DataFrame, grain: str | None) -> pd.DatetimeIndex:
    """Give every day, week or month from the first to the last, also those without a row."""
    days = pd.DatetimeIndex(rows["date"].dropna().sort_values().unique())
    if grain is None:
        return days
    return spine_of(days[0], days[-1], grain)


def grain_of(rows: pd.DataFrame) -> str | None:
    """Tell what the days begin: what the rows say, else by the days; one alone tells nothing."""
    days = rows["date"].dropna().drop_duplicates()
    if len(days) < 2:  # noqa: PLR2004 - a step has two ends
        return None
    return rows.attrs.get("grain") or grain_among(days)


def numbers(values: Iterable[Any]) -> list[float | None]:
    """Give values as plotly takes them: None where there is none, without digits of noise."""
    return [None if pd.isna(value) else float(f"{value:.10g}") for value in values]


def day_codes(days: Iterable[pd.Timestamp]) -> list[str]:
    """Write days as plotly reads them."""
    return [f"{day:%Y-%m-%d}" for day in days]


def title_of(metric: str, split: str | None, grain: str | None = None) -> str:
    """Say what a chart shows: a metric, by what, how often."""
    text = say(metrics[metric].label)
    if split is not None:
        text = say("{metric} by {split}", metric=text, split=dimension_word(split))
    if grain == "day":
        return say("{metric}, daily", metric=text)
    if grain == "week":
        return say("{metric}, weekly", metric=text)
    if grain == "month":
        return say("{metric}, monthly", metric=text)
    if grain == "quarter":
        return say("{metric}, quarterly", metric=text)
    return say("{metric}, yearly", metric=text) if grain == "year" else text


def left_out_note(left_out: Sequence[Any]) -> str:
    """Name the groups that a chart has no room for."""
    if not left_out:
        return ""
    return say("Left out, with less cost: {names}", names=few_names(left_out))


def dimension_word(name: str) -> str:
    """Say what a dimension is called within a sentence."""
    words = {
        "date": say("date"),
        "channel": say("channel"),
        "campaign_id": say("campaign id"),
        "campaign_name": say("campaign"),
        "currency": say("currency"),
        "match": say("match"),
        "match_reason": say("reason"),
    }
    return words.get(name, name)
