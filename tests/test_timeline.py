"""KPIs over time without holes: spine and rolling sums, held against sums written out by hand."""

from typing import Any

import pandas as pd
import pytest

import admira
from admira.core.grains import STEPS
from admira.core.totals import MEASURES
from admira.errors import OptionError
from tests.stores.rows import ads


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    return admira.demo()


@pytest.fixture(scope="module")
def holes() -> admira.Store:
    """Give a store with ads on the first, the second and the sixth of August."""
    store = admira.open_store("memory:")
    rows = [("01", "google_ads", 1.0), ("02", "meta_ads", 2.0), ("06", "google_ads", 4.0)]
    store.upsert(
        ads(
            *(
                {"date": f"2025-08-{day}", "channel": channel, "cost": cost, "clicks": 1}
                for day, channel, cost in rows
            )
        )
    )
    return store


def test_a_day_without_rows_is_a_zero_and_not_a_hole(holes: admira.Store) -> None:
    assert holes.metrics("date")["cost"].tolist() == [1, 2, 4]
    kpis = holes.metrics("date", spine=True)
    assert kpis["cost"].tolist() == [1, 2, 0, 0, 0, 4]
    assert kpis["cpc"].isna().tolist() == [False, False, True, True, True, False]
    assert [str(dtype) for dtype in kpis.dtypes] == [
        str(dtype) for dtype in holes.metrics("date").dtypes
    ]


def test_a_spine_is_of_the_days_asked_for_and_of_every_group(holes: admira.Store) -> None:
    kpis = holes.metrics(["date", "channel"], spine=True, start="2025-07-31", end="2025-08-02")
    assert kpis["date"].dt.day.tolist() == [31, 31, 1, 1, 2, 2]
    assert kpis["channel"].tolist() == ["google_ads", "meta_ads"] * 3
    assert kpis["cost"].tolist() == [0, 0, 1, 0, 0, 2]


def test_rolling_sums_go_back_before_the_start(holes: admira.Store) -> None:
    kpis = holes.metrics("date", rolling=5, start="2025-08-05", zero_division=0.0)
    assert kpis["date"].dt.day.tolist() == [5, 6]
    assert kpis["cost"].tolist() == [3, 6]
    assert kpis["cpc"].tolist() == [1.5, 3]
    assert kpis["cpa"].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("by", "options"),
    [
        (["date"], {"rolling": 7, "start": "2025-11-03", "end": "2025-11-20"}),
        (["channel", "date"], {"rolling": 3, "grain": "week", "week_start": "sunday"}),
        (["date", "utm_source"], {"rolling": 2, "grain": "month", "scope": "paid"}),
        (["date", "currency"], {"rolling": 28, "period": "2025-12"}),
    ],
    ids=str,
)
def test_each_sum_is_that_of_the_periods_it_names(
    demo: admira.Store, by: list[str], options: dict[str, Any]
) -> None:
    asked = dict(options)
    rolling, step = asked.pop("rolling"), STEPS[asked.get("grain", "day")]
    kpis = demo.metrics(by, **options)
    assert len(kpis) == len(kpis.drop_duplicates(by))
    keys = [name for name in by if name != "date"]
    shape = {name: asked[name] for name in ("grain", "week_start", "scope") if name in asked}
    end = "2025-11-20" if "end" in asked else None
    plain = demo.metrics(by, end=end, **shape)
    for _, row in kpis.sample(12, random_state=1).iterrows():
        is_in = (plain["date"] <= row["date"]) & (plain["date"] > row["date"] - rolling * step)
        for name in keys:
            same = plain[name] == row[name]
            is_in &= plain[name].isna() if pd.isna(row[name]) else same
        sums = plain.loc[is_in, [*MEASURES]].sum()
        for name in MEASURES:
            assert row[name] == pytest.approx(sums[name], abs=1e-9)
        expected = sums["cost"] / sums["leads"] if sums["leads"] else None
        assert pd.isna(row["cpa"]) if expected is None else row["cpa"] == pytest.approx(expected)


def test_a_page_is_cut_of_the_rows_of_the_spine(holes: admira.Store) -> None:
    kpis = holes.metrics("date", spine=True, limit=2, offset=2)
    assert kpis["date"].dt.day.tolist() == [3, 4]


def test_nothing_has_no_spine() -> None:
    assert admira.open_store("memory:").metrics("date", spine=True).empty


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"by": "channel", "rolling": 7}, "by"),
        ({"by": "date", "rolling": 0}, "rolling"),
        ({"by": "date", "rolling": True}, "rolling"),
        ({"by": "date", "rolling": 1.5}, "rolling"),
        ({"by": "date", "spine": True, "grain": "decade"}, "grain"),
    ],
)
def test_what_cannot_be_is_refused(holes: admira.Store, options: dict[str, Any], name: str) -> None:
    with pytest.raises(OptionError, match=name):
        holes.metrics(**options)
