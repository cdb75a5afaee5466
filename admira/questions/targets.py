"""The targets that people plan with: read, typed, and each for one group and one period at most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from admira.core.grains import Grain, begins, months_of
from admira.core.periods import Period
from admira.core.totals import MEASURES
from admira.errors import DataError, OptionError
from admira.questions.given import (
    bad_row,
    check_columns,
    days_of,
    numbers_of,
    rows_given,
    texts_of,
)
from admira.schemas import FACTS
from admira.schemas.metrics import metrics

_OPTION = "versus"


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets of some metrics.

    Attributes
    ----------
    rows : DataFrame, one row per group and period
        The index counts the rows as given; ``date`` is the first day of their period.
    keys : list of str
        The dimensions that they name.
    unit : str or None
        What periods they are of; None where they hold for all.
    names : list of str
        The metrics.
    """

    rows: pd.DataFrame
    keys: list[str]
    unit: str | None
    names: list[str]

    @property
    def on(self) -> list[str]:
        """The columns that say what a target is of."""
        return [*self.keys, *(["date"] if self.unit else [])]

    def name(self, row: Mapping[Any, Any]) -> str:
        """Name what one is of."""
        values = [str(row[name]) for name in self.keys]
        return " ".join([*values, *([f"{row['date']:%Y-%m-%d}"] if self.unit else [])])

    def within(self, first: pd.Timestamp, last: pd.Timestamp) -> "Targets":
        """Keep those of the periods that begin from one day to another.

        Raises
        ------
        DataError
            When there are none left.
        """
        kept = self.rows[self.rows["date"].between(first, last)]
        if kept.empty and len(self.rows):
            known = ", ".join(sorted({f"{day:%Y-%m-%d}" for day in self.rows["date"]})[:12])
            raise DataError(
                f"No target is of a {self.unit} from {first:%Y-%m-%d} to {last:%Y-%m-%d}; there "
                f"are some of those that begin on {known}: ask for their days, or mend the "
                f"{self.unit}."
            )
        return replace(self, rows=kept)


def read_targets(given: Any, dimensions: Sequence[str], row_unit: str, week_start: str) -> Targets:
    """Read targets.

    Parameters
    ----------
    given : mapping, DataFrame, list of dicts, or path of a CSV file or workbook
        Metrics, some of the dimensions, and at most one column of periods.
    dimensions : sequence of str
        Those of the KPIs.
    row_unit : str
        What ``date`` means: the grain of the KPIs.
    week_start : str
        The day that weeks begin on.

    Raises
    ------
    OptionError
        When a column means nothing here, or there is none of a metric.
    DataError
        When a value cannot be used, or two rows are of the same group and period.
    """
    rows = rows_given(_OPTION, [given] if isinstance(given, Mapping) else given)
    periods = ["date", *get_args(Grain)]
    texts = [name for name in dimensions if name not in FACTS.names or FACTS[name].dtype == "str"]
    dated = ["date"] if "date" in dimensions else []
    check_columns(_OPTION, rows, [*texts, *dated, *get_args(Grain), *metrics], [])
    keys = [name for name in texts if name in rows]
    names = [name for name in metrics if name in rows]
    if not names:
        raise OptionError(_OPTION, [*rows], ["columns of metrics, such as cpa, and of dimensions"])
    read = pd.DataFrame(index=rows.index)
    for name in keys:
        read[name] = _named(rows, name)
    unit = None
    dated = [name for name in periods if name in rows]
    if len(dated) > 1:
        raise OptionError(f"{_OPTION} columns", dated, ["one of them"])
    for name in dated:
        unit = row_unit if name == "date" else name
        firsts = [begins(unit, day, week_start) for day in days_of(_OPTION, rows, name)]
        read["date"] = pd.Series(firsts, index=rows.index, dtype="datetime64[us]")
    for name in names:
        read[name] = numbers_of(_OPTION, rows, name, may_be_missing=True)
    targets = Targets(read, keys, unit, names)
    _refuse_twins(targets)
    return replace(targets, rows=read[read[names].notna().any(axis="columns")])


def _named(rows: pd.DataFrame, name: str) -> pd.Series:
    """Give the names of groups; a blank one would be of nobody knows which."""
    texts = texts_of(_OPTION, rows, name)
    for place in np.flatnonzero(texts.isna())[:1]:
        mend = "name one; a target for all groups stands in a table without that column"
        raise bad_row(_OPTION, place, f"it has no {name}", mend)
    return texts


def _refuse_twins(targets: Targets) -> None:
    """Refuse two targets of one group and period."""
    rows = targets.rows
    if not targets.on:
        for place in rows.index[1:2]:
            mend = "give one row, or say in a column of a dimension what each is for"
            raise bad_row(_OPTION, place, "row 1 is for all rows already", mend)
        return
    for place in np.flatnonzero(rows.duplicated(targets.on))[:1]:
        what = targets.name(rows.iloc[place].to_dict())
        is_same = (rows[targets.on] == rows[targets.on].iloc[place]).all(axis="columns")
        first = int(np.flatnonzero(is_same)[0])
        found = f"{what} has a target in row {first + 1} already"
        raise bad_row(_OPTION, place, found, "keep one row per group and period")


def check_units(targets: Targets, row_unit: str | None, *, rolling: int) -> None:
    """Refuse periods that rows are not of, and sums that are of other days than their target.

    Raises
    ------
    OptionError
        When rows of months cannot have the targets of weeks, or a day those of a month's leads.
    """
    unit = targets.unit
    if unit is None or row_unit is None:
        return
    is_inside = row_unit == "day" or months_of(unit) >= months_of(row_unit) > 0
    if unit != row_unit and not is_inside:
        raise OptionError(f"{_OPTION} column", unit, [row_unit, "date", f"none, or grain={unit!r}"])
    sums = [name for name in targets.names if name in MEASURES]
    if sums and (unit != row_unit or rolling > 1):
        what = f"ratios, where targets are of a {unit} and sums of other days"
        raise OptionError(f"{_OPTION} column", sums[0], [what, f"grain={unit!r}"])


def of_period(targets: Targets, asked: Period | None, week_start: str) -> Targets:
    """Keep the targets of the one period that all rows are of.

    Raises
    ------
    OptionError
        When there is no such period.
    DataError
        When none is of it.
    """
    if targets.unit is None:
        return targets
    unit = targets.unit
    if asked is None:
        raise OptionError(f"{_OPTION} column", unit, ["none", "one with period=, or 'date' in by="])
    first, last = (begins(unit, day, week_start) for day in asked)
    if first != last:
        wider = [name for name in ("quarter", "year") if months_of(name) > months_of(unit)]
        several = f"'date' in by=, as the days asked for are of more than one {unit}"
        raise OptionError(f"{_OPTION} column", unit, [*wider, several])
    kept = targets.within(first, first)
    return replace(kept, rows=kept.rows.drop(columns="date"), unit=None)
