"""The budgets that people plan with: read, typed, and each cost with at most one to count in."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from admira.questions.given import (
    bad_row,
    check_columns,
    days_of,
    numbers_of,
    rows_given,
    texts_of,
)


def scope_of(by: str) -> list[str]:
    """Name what says which cost a budget is of: a channel, what it is parted by, and the money."""
    return ["channel", by, "currency"]


def read_budgets(budgets: Any, by: str) -> pd.DataFrame:
    """Read the budgets, typed; the index counts the rows as given."""
    scope = scope_of(by)
    rows = rows_given("budgets", budgets)
    if rows.empty and not len(rows.columns):
        rows = pd.DataFrame(columns=["channel", "budget"], dtype=object)
    check_columns("budgets", rows, [*scope, "month", "budget"], ["budget"])
    read = pd.DataFrame({name: texts_of("budgets", rows, name) for name in scope})
    for place in np.flatnonzero(read["channel"].isna() & read[by].isna())[:1]:
        mend = "give one of them"
        raise bad_row("budgets", place, f"it names no channel and no {by}", mend)
    months = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    if "month" in rows:
        months = days_of("budgets", rows, "month").dt.to_period("M").dt.to_timestamp()
    numbers = numbers_of("budgets", rows, "budget", may_be_missing=False)
    return read.assign(month=months.astype("datetime64[us]"), budget=numbers)


def refuse_overlaps(budgets: pd.DataFrame, by: str) -> None:
    """Refuse two budgets of which it cannot be said which one a cost counts in."""
    is_part = budgets[by].notna()
    for names, rows in ((by, budgets[is_part]), ("channel", budgets[~is_part])):
        for scope, group in rows[rows.duplicated(names, keep=False)].groupby(names):
            places = group.index.to_numpy().tolist()
            numbered = zip(places, group.to_dict("records"), strict=True)
            for (place, one), (later, other) in combinations(numbered, 2):
                if all(_may_be_same(one[name], other[name]) for name in scope_of(by)):
                    found = f"{scope} has one in row {place + 1} already"
                    raise bad_row("budgets", later, found, "keep one row per scope and month")


def _may_be_same(one: Any, other: Any) -> bool:
    return pd.isna(one) or pd.isna(other) or one == other
