"""normalize: counts and amounts of money."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from admira import normalize
from admira.core.normalize import normalize_counted
from tests.core.raw import ads, crm


@pytest.mark.parametrize(
    ("cell", "count"),
    [
        (12, 12),
        ("12", 12),
        (" +12.0 ", 12),
        ("1e3", 1000),
        (12.0, 12),
        (np.float32(12), 12),
        (np.uint8(12), 12),
        (Decimal("12.0"), 12),
        (2**53 + 1, 2**53 + 1),
        (str(2**53 + 1), 2**53 + 1),
        (2**63 - 1, 2**63 - 1),
        (str(2**63 - 1), 2**63 - 1),
    ],
)
def test_a_whole_number_is_a_count_and_keeps_every_digit(cell: Any, count: int) -> None:
    rows, fixed = normalize_counted(ads("clicks", cell))
    assert rows.loc[0, ["clicks", "problems"]].to_list() == [count, ""]
    assert fixed == {}


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("many", "not a number"),
        ("1,033", "not a number"),
        ("1_033", "not a number"),
        ("0x1F", "not a number"),
        ("１２", "not a number"),
        ("12 34", "not a number"),
        ("inf", "not a number"),
        (True, "not a number"),
        (np.bool_(0), "not a number"),
        ([1], "not a number"),
        (1 + 2j, "not a number"),
        (dt.date(2025, 8, 1), "not a number"),
        (1.5, "not a whole number"),
        ("1.5", "not a whole number"),
        (Decimal("-0.5"), "not a whole number"),
        (float("inf"), "infinite"),
        (float("-inf"), "infinite"),
        (2**63, "too large"),
        (str(2**63), "too large"),
        (2.0**63, "too large"),
        ("1e999999999", "too large"),
    ],
)
def test_what_is_no_count_is_a_problem(cell: Any, reason: str) -> None:
    rows = normalize(ads("clicks", cell, 1))
    assert rows["problems"].to_list() == [f"clicks: {reason}", ""]
    assert rows["clicks"].to_list() == [0, 1]


@pytest.mark.parametrize(
    ("cell", "cost"),
    [(3, 3.0), ("12.50", 12.5), (".5", 0.5), (Decimal("0.1"), 0.1), (1e300, 1e300), ("0.1", 0.1)],
)
def test_a_cost_is_any_finite_number(cell: Any, cost: float) -> None:
    rows = normalize(ads("cost", cell))
    assert rows.loc[0, ["cost", "problems"]].to_list() == [cost, ""]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("$5", "not a number"),
        ("1,033.33", "not a number"),
        (float("inf"), "infinite"),
        ("1e999", "too large"),
        (10**400, "too large"),
    ],
)
def test_what_is_no_amount_is_a_problem(cell: Any, reason: str) -> None:
    rows = normalize(crm("amount", cell, 1, 2.5))
    assert rows["problems"].to_list() == [f"amount: {reason}", "", ""]
    assert rows["amount"].to_list() == [0.0, 1.0, 2.5]


NULLS = [None, float("nan"), pd.NA, pd.NaT, "", "  ", "null", "NaN", "None", Decimal("nan")]


@pytest.mark.parametrize("null", NULLS, ids=repr)
@pytest.mark.parametrize("column", ["clicks", "impressions", "cost"])
def test_null_clicks_impressions_and_cost_become_zero_and_are_counted(
    column: str, null: Any
) -> None:
    rows, fixed = normalize_counted(ads(column, null, 7))
    assert rows[column].to_list() == [0, 7]
    assert (rows["problems"] == "").all()
    assert fixed == {f"null_{column}": 1}


@pytest.mark.parametrize("null", NULLS, ids=repr)
def test_a_null_amount_stays_null(null: Any) -> None:
    rows, fixed = normalize_counted(crm("amount", null, 7))
    assert rows["amount"].isna().to_list() == [True, False]
    assert (rows["problems"] == "").all()
    assert fixed == {}


@pytest.mark.parametrize(
    ("raw", "repair"),
    [
        (ads("clicks", -1), "negative_clicks"),
        (ads("impressions", "-3"), "negative_impressions"),
        (ads("cost", -0.01), "negative_cost"),
        (crm("amount", Decimal(-5)), "negative_amount"),
    ],
)
def test_a_negative_number_becomes_zero_and_is_counted(raw: pd.DataFrame, repair: str) -> None:
    rows, fixed = normalize_counted(raw)
    assert rows[repair.removeprefix("negative_")].to_list() == [0]
    assert fixed == {repair: 1}


def test_a_negative_zero_is_zero() -> None:
    rows, fixed = normalize_counted(ads("cost", -0.0))
    assert not np.signbit(rows["cost"].item())
    assert fixed == {}
