"""Days unlike their weekday before: planted ones are found, and no later day is looked at."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import admira
from admira.errors import OptionError
from admira.questions.anomalies import anomalies
from admira.questions.daily import daily
from tests.questions.synthetic import FIRST, flat, store_of
from tests.stores.rows import ads, crm

DAYS, CHANNELS = 730, ("a", "b", "c", "d")


def flagged(rows: pd.DataFrame) -> set[tuple[str, int]]:
    """Give channel and day number of each flagged day."""
    numbers = (rows["date"] - FIRST).dt.days
    return set(zip(rows["channel"], numbers, strict=True))


@pytest.mark.parametrize("factor", [0.0, 2.0, 3.0])
def test_planted_spikes_are_found_and_hardly_anything_else(factor: float) -> None:
    costs = {name: flat(DAYS, seed=seed) for seed, name in enumerate(CHANNELS)}
    places = [(name, day) for name in CHANNELS for day in range(56, DAYS)]
    drawn = np.random.default_rng(7).choice(len(places), 200, replace=False)
    planted = {places[place] for place in drawn}
    for name, day in planted:
        costs[name][day] *= factor
    rows = anomalies(store_of(costs), "cost")
    found = flagged(rows)
    assert len(found & planted) >= 190
    others = rows.attrs["judged"] - len(planted)
    assert len(found - planted) < 0.005 * others


def by_hand(values: list[float], day: int, weeks: int, noise: float) -> tuple[float, float]:
    """Work out the expected value and the robust z of one day."""
    past = [values[day - 7 * week] for week in range(1, weeks + 1) if day >= 7 * week]
    expected = float(np.median(past))
    mad = float(np.median(np.abs(np.array(past) - expected)))
    floor = max(noise * expected, 0.05 * expected, 0.6745 * max(expected, 1.0) ** 0.5)
    return expected, 0.6745 * (values[day] - expected) / max(mad, floor)


def usual_error(values: list[float], day: int, weeks: int) -> float:
    """Work out by which share expectations were off on half of the days before."""
    errors = []
    for before in range(max(7, day - 7 * weeks), day):
        past = [values[before - 7 * week] for week in range(1, weeks + 1) if before >= 7 * week]
        errors.append(abs(values[before] - np.median(past)) / np.median(past))
    return float(np.median(errors))


def test_the_figures_are_those_worked_out_by_hand() -> None:
    values = flat(120, seed=3).tolist()
    store = store_of({"a": values})
    rows = anomalies(store, "cost", weeks=6, threshold=1e-9)
    assert len(rows) == rows.attrs["judged"] == 120 - 28
    assert rows.attrs["not_judged"] == 28  # fewer than four weeks before
    for _, row in rows.iterrows():
        day = (row["date"] - FIRST).days
        expected, z = by_hand(values, day, 6, usual_error(values, day, 6))
        assert row["value"] == pytest.approx(values[day])
        assert (row["expected"], row["z"]) == pytest.approx((expected, z))
        assert row["direction"] == ("up" if z > 0 else "down")


@settings(max_examples=60)
@given(
    costs=st.lists(
        st.one_of(st.none(), st.sampled_from([0.0, 10.0, 11.0, 90.0])), min_size=45, max_size=80
    ),
    kept=st.integers(min_value=30, max_value=79),
)
def test_later_days_change_nothing(costs: list[float | None], kept: int) -> None:
    costs[0] = 10.0
    part = costs[:kept]
    last = max(day for day, cost in enumerate(part) if cost is not None)
    all_days = anomalies(store_of({"a": costs}), "cost", threshold=1.0)
    known_then = anomalies(store_of({"a": part}), "cost", threshold=1.0)
    until = all_days["date"] <= FIRST + pd.Timedelta(days=last)
    pd.testing.assert_frame_equal(all_days[until].reset_index(drop=True), known_then)


def in_full(grid: np.ndarray, weeks: int, *, is_measure: bool) -> np.ndarray:
    """Work out every z the long way: each day's MAD, and the rolling median of all errors."""
    past = pd.concat([pd.DataFrame(grid).shift(7 * week) for week in range(1, weeks + 1)])
    by_day = past.groupby(level=0)
    expected = by_day.median()
    mad = (past - expected.loc[past.index]).abs().groupby(level=0).median()
    errors = ((pd.DataFrame(grid) - expected).abs() / expected).where(expected > 0)
    usual = errors.rolling(7 * weeks, min_periods=7).median().shift(1)
    floor = np.fmax(usual, 0.05) * expected
    if is_measure:
        floor = np.fmax(floor, 0.6745 * np.sqrt(np.fmax(expected, 1.0)))
    spread = np.fmax(mad, floor).where(by_day.count() >= 4)
    return np.asarray(0.6745 * (grid - expected) / spread.where(spread > 0))


@settings(max_examples=40, phases=[Phase.generate])  # shrinking would make many stores
@given(
    costs=st.lists(
        st.one_of(st.none(), st.sampled_from([0.0, 10.0, 11.0, 12.0, 90.0])),
        min_size=45,
        max_size=90,
    ),
    metric=st.sampled_from(["cost", "cpc"]),
    threshold=st.sampled_from([0.3, 1.0, 3.5]),
    is_weekly=st.booleans(),
)
def test_what_is_left_out_of_the_reckoning_changes_nothing(
    costs: list[float | None],
    metric: str,
    threshold: float,
    is_weekly: bool,  # noqa: FBT001
) -> None:
    costs[0] = 10.0
    if is_weekly:
        costs = [0.0 if day % 7 else cost for day, cost in enumerate(costs)]
    store = store_of({"a": costs, "b": costs[::-1]}, clicks=2)
    known = daily(store, metric, "channel", "paid")
    z = in_full(known.grid, 8, is_measure=metric == "cost")
    rows = anomalies(store, metric, threshold=threshold)
    assert rows.attrs["judged"] == np.isfinite(z).sum()
    is_flagged = np.abs(z) > threshold
    expected = known.cells(is_flagged).assign(z=z[is_flagged])
    assert rows["date"].tolist() == expected["date"].tolist()
    assert rows["channel"].tolist() == expected["channel"].tolist()
    assert rows["z"].tolist() == pytest.approx(expected["z"].tolist())


def test_a_day_without_rows_is_a_zero_between_first_and_last_and_nothing_outside() -> None:
    costs: list[float | None] = [100.0] * 70
    costs[60] = None
    rows = anomalies(store_of({"a": costs, "b": [100.0] * 40}), "cost")
    assert flagged(rows) == {("a", 60)}
    assert rows["value"].tolist() == [0.0]
    assert rows["expected"].tolist() == [100.0]
    assert rows["direction"].tolist() == ["down"]


def test_a_ratio_is_left_out_where_there_is_nothing_to_divide_by() -> None:
    store = store_of({"a": [100.0] * 70}, clicks=50)
    store.upsert(ads({"date": "2024-03-03", "channel": "a", "clicks": 0, "cost": 9.0}))
    store.upsert(ads({"date": "2024-03-04", "channel": "a", "clicks": 10, "cost": 100.0}))
    rows = anomalies(store, "cpc")
    assert rows["date"].tolist() == [pd.Timestamp("2024-03-04")]
    assert rows[["value", "expected"]].iloc[0].tolist() == [10.0, 2.0]
    assert rows["verdict"].tolist() == ["bad"]  # clicks are to be cheap
    assert rows.attrs["judged"] + rows.attrs["not_judged"] == 69


@pytest.mark.parametrize(
    ("metric", "clicks", "verdict"),
    [("clicks", 500, "good"), ("clicks", 0, "bad"), ("cpc", 500, "good"), ("cost", 500, "")],
)
def test_good_and_bad_are_the_metrics_own(metric: str, clicks: int, verdict: str) -> None:
    store = store_of({"a": [100.0] * 70}, clicks=50)
    odd = {"date": "2024-03-04", "channel": "a", "clicks": clicks, "cost": 900.0}
    store.upsert(ads(odd if metric != "cpc" else {**odd, "cost": 100.0}))
    assert anomalies(store, metric)["verdict"].tolist() == [verdict]


def test_start_and_end_choose_days_and_not_what_is_known() -> None:
    costs = flat(200, seed=5)
    costs[[100, 150]] *= 3
    store = store_of({"a": costs})
    rows = anomalies(store, "cost")
    day = FIRST + pd.Timedelta(days=150)
    some = anomalies(store, "cost", start=day, end=day)
    pd.testing.assert_frame_equal(
        some, rows[rows["date"] == day].reset_index(drop=True), check_like=True
    )
    assert (some.attrs["judged"], some.attrs["not_judged"]) == (1, 0)


def test_days_asked_for_are_judged_by_all_that_they_need_and_no_more() -> None:
    names = [f"c{seed}" for seed in range(6)]
    costs = {name: abs(flat(330, seed=seed, noise=0.4)) for seed, name in enumerate(names)}
    costs["c5"][100:] *= 1.01 ** np.arange(230)
    costs["c4"][:200] = 0.0
    store = store_of(costs)
    whole = anomalies(store, "cost", by="channel", threshold=0.8)
    for first, last in ((300, 329), (113, 140), (40, 80), (250, 253)):
        days = {"start": FIRST + pd.Timedelta(days=first), "end": FIRST + pd.Timedelta(days=last)}
        found = anomalies(store, "cost", by="channel", threshold=0.8, **days)
        expected = whole[whole["date"].between(days["start"], days["end"])]
        assert len(found)
        pd.testing.assert_frame_equal(found, expected.reset_index(drop=True))


def test_currencies_are_looked_at_one_by_one_and_counts_together() -> None:
    store = store_of({"a": [100.0] * 70}, currency="EUR")
    other = {"currency": "USD", "campaign_id": "C-2", "clicks": 10}
    days = pd.date_range(FIRST, periods=70)
    usd = [{"date": f"{day:%Y-%m-%d}", "channel": "a", "cost": 5.0, **other} for day in days]
    usd[65]["cost"] = 60.0
    usd[66]["clicks"] = 900
    store.upsert(ads(*usd))
    rows = anomalies(store, "cost")
    assert rows[["currency", "value"]].to_numpy().tolist() == [["USD", 60.0]]
    assert "currency" not in rows.attrs
    counts = anomalies(store, "clicks")
    assert list(counts)[:3] == ["date", "channel", "value"]
    assert counts["value"].tolist() == [910.0]


def test_the_whole_is_one_group_and_several_dimensions_are_several() -> None:
    store = admira.demo()
    whole = anomalies(store, "leads", by=[])
    assert list(whole) == ["date", "value", "expected", "z", "direction", "verdict"]
    daily = store.metrics(["date"], scope="paid").set_index("date")["leads"]
    for _, row in whole.iterrows():
        assert row["value"] == pytest.approx(daily[row["date"]])
    fine = anomalies(store, "cost", by=["channel", "campaign_id"])
    assert list(fine)[:4] == ["date", "channel", "campaign_id", "currency"]
    assert fine.attrs["currency"] == "EUR"


def test_a_spike_out_of_nothing_is_finite() -> None:
    costs = [0.0] * 60
    costs[0], costs[50] = 1.0, 80.0
    rows = anomalies(store_of({"a": costs}), "cost")
    assert rows["z"].tolist() == pytest.approx([80.0])


def test_little_or_nothing_gives_typed_tables() -> None:
    full = anomalies(admira.demo(), "cost")
    one = store_of({"a": [5.0]})
    assert anomalies(one, "cost").attrs["not_judged"] == 1
    for store in (admira.open_store("memory:"), one):
        rows = anomalies(store, "cost")
        assert rows.empty
        assert rows.dtypes.to_dict() == full.dtypes.to_dict()
    leads_only = admira.open_store("memory:")
    leads_only.upsert(crm({}))
    assert anomalies(leads_only, "leads", scope="all").empty


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"metric": "costs"}, "metric"),
        ({"by": "date"}, "by"),
        ({"by": "colour"}, "by"),
        ({"weeks": 3}, "weeks"),
        ({"weeks": 4.5}, "weeks"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"scope": "some"}, "scope"),
        ({"start": "soon"}, "start"),
        ({"start": "2025-12-01", "end": "2025-11-01"}, "start"),
    ],
)
def test_options_that_do_not_exist_are_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(OptionError, match=f"^{named}"):
        anomalies(admira.demo(), **options)  # type: ignore[arg-type]
