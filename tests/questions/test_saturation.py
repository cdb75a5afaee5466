"""What a channel's weekly cost went with: a curve, an interval, or a reason for neither."""

import json

import numpy as np
import pandas as pd
import pytest

import admira
from admira.errors import AmbiguousData, OptionError
from admira.questions.saturation import saturation
from tests.questions.synthetic import FIRST
from tests.stores.rows import ads, crm


def store_of(costs: np.ndarray, leads: np.ndarray, **fields: object) -> admira.Store:
    """Give a store with one ad row and some leads each week."""
    store = admira.open_store("memory:")
    days = [f"{FIRST + pd.Timedelta(days=7 * week):%Y-%m-%d}" for week in range(len(costs))]
    rows = [{"date": day, "cost": float(c)} for day, c in zip(days, costs, strict=True) if c]
    end = f"{FIRST + pd.Timedelta(days=7 * len(costs) - 1):%Y-%m-%d}"
    store.upsert(ads(*rows, {"date": end, "cost": 0.001}))
    store.upsert(
        crm(
            *(
                {"opportunity_id": f"O-{day}-{n}", "date": day, "stage": "lead", **fields}
                for day, count in zip(days, leads, strict=True)
                for n in range(int(count))
            )
        )
    )
    return store


def costs_of(weeks: int, low: float, high: float, seed: int = 3) -> np.ndarray:
    return np.round(np.random.default_rng(seed).uniform(low, high, weeks), 2)


def test_the_return_of_a_known_curve_is_inside_its_interval() -> None:
    costs = costs_of(60, 100, 2000)
    wobble = np.random.default_rng(4).normal(0, 1.0, 60)
    found = saturation(store_of(costs, np.round(2 * np.sqrt(costs) + wobble)), "google_ads")
    assert found.reason == ""
    assert found.cost == pytest.approx(costs[-4:].mean(), rel=1e-3)
    true = 1 / np.sqrt(found.cost)
    assert found.low < true < found.high
    assert found.marginal == pytest.approx(true, rel=0.1)
    assert found.average == pytest.approx(2 * true, rel=0.05)
    assert found.marginal < found.average  # it flattens
    assert (np.diff(found.curve["fitted"], 2) <= 1e-9).all()
    assert (found.curve["low"] <= found.curve["high"]).all()
    assert len(found.frame) == 60
    assert "goes with" in repr(found)


def test_a_straight_line_has_the_same_return_everywhere() -> None:
    costs = costs_of(40, 100, 1000)
    found = saturation(store_of(costs, np.round(costs / 20)), "google_ads")
    assert found.marginal == pytest.approx(0.05, rel=0.05)
    assert found.average == pytest.approx(0.05, rel=0.05)


def test_intervals_cover_as_often_as_they_say() -> None:
    inside = []
    for seed in range(12):
        costs = costs_of(52, 100, 2000, seed)
        wobble = np.random.default_rng(seed + 100).normal(0, 4, 52)
        leads = np.round(2 * np.sqrt(costs) + wobble)
        found = saturation(store_of(costs, leads), "google_ads")
        inside.append(found.low <= 1 / np.sqrt(found.cost) <= found.high)
    assert sum(inside) >= 9


@pytest.mark.parametrize(
    ("costs", "leads", "reason"),
    [
        (costs_of(15, 100, 2000), np.full(15, 9), "only 15 weeks with cost, 16 are needed"),
        (costs_of(40, 900, 1100), costs_of(40, 5, 9), "cost hardly changes"),
        (costs_of(40, 100, 2000), costs_of(40, 5, 30, seed=9), "no curve predicts"),
    ],
)
def test_there_is_a_reason_where_there_is_no_number(
    costs: np.ndarray, leads: np.ndarray, reason: str
) -> None:
    found = saturation(store_of(costs, leads), "google_ads")
    assert reason in found.reason
    assert "not enough variation" in repr(found)
    assert [found.marginal, found.low, found.high, found.average] == [None] * 4
    assert found.curve.empty
    assert found.frame["fitted"].isna().all()
    assert reason in found._repr_html_()
    assert len(found.plot().data) == 1


def test_a_week_without_a_row_is_a_week_of_no_cost() -> None:
    costs = np.where(np.arange(40) % 4 == 1, 0.0, costs_of(40, 100, 2000))
    found = saturation(store_of(costs, np.round(costs / 50)), "google_ads")
    assert (found.frame["cost"] == 0).sum() == 10
    assert found.frame["date"].diff().dropna().dt.days.eq(7).all()


def test_weeks_that_are_not_over_are_left_out() -> None:
    store = store_of(costs_of(20, 100, 900), np.full(20, 9))
    days = {"start": "2024-01-03", "end": "2024-04-03"}
    found = saturation(store, "google_ads", **days)
    assert found.frame["date"].min() == pd.Timestamp("2024-01-08")
    assert found.frame["date"].max() == pd.Timestamp("2024-03-25")


def test_revenue_of_weeks_that_are_still_open_is_left_out() -> None:
    costs = costs_of(30, 100, 2000)
    store = store_of(costs, np.round(costs / 100), stage="closed_won", amount=10.0)
    young = crm({"opportunity_id": "X", "date": "2024-01-02", "stage": "opportunity"})
    store.upsert(pd.concat([young, young.assign(opportunity_id="Y")], ignore_index=True))
    found = saturation(store, "google_ads", metric="revenue")
    assert found.left_out == 1
    assert len(found.frame) == 29
    assert found.marginal == pytest.approx(0.1, rel=0.1)
    assert saturation(store, "google_ads").left_out == 0


def test_the_interval_is_the_same_each_time_and_the_chart_shows_it() -> None:
    costs = costs_of(40, 100, 1000)
    store = store_of(costs, np.round(costs / 20))
    found, again = saturation(store, "google_ads"), saturation(store, "google_ads")
    assert (found.low, found.high) == (again.low, again.high)
    figure = found.plot()
    assert [len(trace.x) for trace in figure.data] == [41, 41, 41, 40]
    html = found._repr_html_()
    assert "Cost per week" in html
    assert "causal" not in (html + json.dumps(figure.to_plotly_json(), default=str)).lower()


def test_what_makes_no_sense_is_refused() -> None:
    store = store_of(costs_of(3, 1, 2), np.full(3, 1))
    for metric in ("cost", "roas", "clicks"):
        with pytest.raises(OptionError, match="metric"):
            saturation(store, "google_ads", metric=metric)
    with pytest.raises(OptionError, match="coverage"):
        saturation(store, "google_ads", coverage=1.0)
    store.upsert(ads({"date": "2024-01-03", "currency": "EUR"}))
    with pytest.raises(AmbiguousData, match="currency="):
        saturation(store, "google_ads")


def test_a_channel_without_ads_has_no_curve() -> None:
    found = saturation(store_of(costs_of(3, 1, 2), np.full(3, 1)), "meta_ads")
    assert found.frame.empty
    assert "only 0 weeks" in found.reason
    assert len(found.plot().data) == 0
