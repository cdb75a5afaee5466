"""What a question's answer is, told by its columns, and in which unit each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from admira.present.tables import dimensions_of
from admira.schemas.metrics import metrics

# Units beside those of metrics: figures of the metric asked about, and differences of it.
IN_METRIC, EFFECT = "metric", "effect"
MONTH, COHORT = "month", "cohort"
SCORE = "score"


@dataclass(frozen=True, slots=True)
class Kind:
    """A question: its name, the columns that tell its answer, the units of some, and what more."""

    name: str
    marks: frozenset[str]
    units: Mapping[str, str] = field(default_factory=dict)
    more: frozenset[str] = frozenset()


def _kind(name: str, marks: str, more: str = "", **units: str) -> Kind:
    """Describe a question; the columns of a unit stand in one text."""
    of_columns = {column: unit for unit, columns in units.items() for column in columns.split()}
    return Kind(name, frozenset(marks.split()), of_columns, frozenset(more.split()))


KINDS = (
    _kind(
        "movers",
        "now previous rate_effect mix_effect contribution change_share",
        metric="now previous",
        effect="rate_effect mix_effect contribution",
        share="change_share",
    ),
    _kind(
        "pacing",
        "budget spent expected pace projected difference status",
        more="basis note",
        currency="budget spent expected projected difference",
        share="pace",
        month="month",
    ),
    _kind(
        "anomalies",
        "date value expected z direction",
        more="verdict",
        metric="value expected",
        score="z",
    ),
    _kind(
        "cohorts",
        "cohort age_days open_share",
        more="is_complete",
        cohort="cohort",
        records="age_days",
    ),
    _kind(
        "lags",
        "closed_won open_share p25_days median_days p75_days p90_days",
        records="p25_days median_days p75_days p90_days",
    ),
    _kind("forecast", "date forecast low high", metric="forecast low high"),
    _kind(
        "check",
        "metric stated stored difference is_equal",
        metric="stated stored",
        effect="difference",
    ),
    _kind(
        "freshness",
        "table last_day days_behind rows usual_rows status",
        records="days_behind rows usual_rows minutes_ago",
    ),
    _kind(
        "changes",
        "metric before now difference rows",
        metric="before now",
        effect="difference",
        records="rows",
    ),
)


def kind_of(frame: pd.DataFrame) -> Kind | None:
    """Tell which question a frame answers; None where it answers none of them.

    Examples
    --------
    >>> columns = ["date", "currency", "forecast", "low", "high"]
    >>> kind_of(pd.DataFrame(columns=columns)).name
    'forecast'
    >>> kind_of(pd.DataFrame(columns=["channel", "cost"])) is None
    True
    """
    columns = {*map(str, frame)}
    return next((kind for kind in KINDS if kind.marks <= columns), None)


def dimensions_in(answer: pd.DataFrame) -> list[str]:
    """Name the columns of a frame that say what a row is of; of an answer, one currency does not.

    Examples
    --------
    >>> dimensions_in(pd.DataFrame(columns=["date", "channel", "forecast", "low", "high"]))
    ['channel']
    """
    kind = kind_of(answer)
    if kind is None:
        return dimensions_of(answer)
    told = {*metrics, *kind.marks, *kind.units, *kind.more}
    names = [str(name) for name in answer if name not in told]
    is_one = "currency" in names and len(answer["currency"].drop_duplicates()) <= 1
    return [name for name in names if not (is_one and name == "currency")]


def unit_of(frame: pd.DataFrame, name: str) -> str:
    """Give the unit of a column, as ``admira.metrics`` has them; nothing where it has none.

    Examples
    --------
    >>> unit_of(pd.DataFrame(columns=["channel", "roas"]), "roas")
    'ratio'
    """
    kind = kind_of(frame)
    unit = kind.units.get(name, "") if kind else ""
    if unit in (IN_METRIC, EFFECT):
        return "" if "metric" in frame else _metric_unit(str(frame.attrs.get("metric")))
    if unit in (MONTH, COHORT, SCORE):
        return ""
    return unit or _metric_unit(name.removesuffix("_previous").removesuffix("_target"))


def _metric_unit(name: str) -> str:
    return metrics.figure(name).unit if name in metrics.columns else ""
