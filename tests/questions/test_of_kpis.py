"""What a KPI frame answers by itself is what the store answers, of the rows that the frame has."""

from typing import Any

import pandas as pd
import pytest

import admira
from admira.errors import AdmiraError, AmbiguousData, OptionError
from tests.stores.rows import ads

NOVEMBER = {"start": "2025-11-01", "end": "2025-11-30"}
EFFECTS = ["now", "previous", "rate_effect", "mix_effect", "contribution", "change_share"]


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    return admira.demo()


@pytest.fixture(scope="module")
def daily(demo: admira.Store) -> pd.DataFrame:
    return demo.metrics(["date", "channel"], scope="paid")


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        pd.DataFrame(found), pd.DataFrame(expected), check_like=True, rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("metric", ["cost", "cpa", "roas", "cvr_opp_to_won"])
def test_movers_of_two_periods_compared_are_those_of_the_store(
    demo: admira.Store, metric: str
) -> None:
    kpis = demo.metrics("channel", **NOVEMBER, compare="previous", scope="paid")
    found = kpis.admira.movers(metric, top=4)
    expected = demo.movers(metric, by="channel", **NOVEMBER, top=4)
    same(found, expected)
    for name in ("metric", "total_now", "total_previous", "currency", "scope"):
        assert found.attrs[name] == pytest.approx(expected.attrs[name]), name
    assert found["contribution"].sum() == pytest.approx(
        found.attrs["total_now"] - found.attrs["total_previous"]
    )


def test_movers_of_days_are_those_of_the_store(demo: admira.Store, daily: pd.DataFrame) -> None:
    found = daily.admira.movers("cpa", **NOVEMBER)
    same(found, demo.movers("cpa", by="channel", **NOVEMBER))
    assert found.attrs["period"] == ["2025-11-01", "2025-11-30"]
    named = daily.admira.movers("cost", period="2025-11", against=("2025-09-10", "2025-09-30"))
    same(
        named,
        demo.movers("cost", by="channel", period="2025-11", against=("2025-09-10", "2025-09-30")),
    )


def test_movers_of_campaigns_are_those_of_the_store_by_the_names_in_the_frame(
    demo: admira.Store,
) -> None:
    keys = ["campaign_id", "campaign_name"]
    kpis = demo.metrics(keys, **NOVEMBER, compare="previous", scope="paid")
    same(kpis.admira.movers("roas"), demo.movers("roas", by=keys, **NOVEMBER))
    by_id = kpis.admira.movers("roas", by="campaign_id")
    same(by_id[EFFECTS], demo.movers("roas", by="campaign_id", **NOVEMBER)[EFFECTS])


@pytest.mark.parametrize(
    ("metric", "by", "threshold"), [("cost", None, 3.5), ("cpa", None, 2.0), ("leads", [], 1.0)]
)
def test_odd_days_are_those_of_the_store(
    demo: admira.Store, daily: pd.DataFrame, metric: str, by: Any, threshold: float
) -> None:
    asked = {"start": "2025-11-01", "threshold": threshold}
    found = daily.admira.anomalies(metric, by=by, **asked)
    expected = demo.anomalies(metric, by=["channel"] if by is None else by, **asked)
    same(found, expected)
    assert found.attrs["judged"] == expected.attrs["judged"]
    assert len(found)


def test_pacing_is_that_of_the_store(demo: admira.Store, daily: pd.DataFrame) -> None:
    budgets = [
        {"channel": "google_ads", "budget": 11000},
        {"channel": "reddit_ads", "budget": 900},
        {"channel": "myspace", "budget": 5},
    ]
    found = daily.admira.pacing(budgets, month="2025-12", today="2025-12-15")
    same(found, demo.pacing(budgets, month="2025-12", today="2025-12-15"))
    assert found.attrs["today"] == pd.Timestamp("2025-12-15")
    same(daily.admira.pacing(budgets), demo.pacing(budgets))


def test_pacing_of_campaigns_is_that_of_the_store(demo: admira.Store) -> None:
    kpis = demo.metrics(["date", "channel", "campaign_id"])
    paid = kpis[kpis["cost"] > 0].iloc[-1]
    budgets = [
        {"campaign_id": paid["campaign_id"], "budget": 100},
        {"channel": paid["channel"], "budget": 1000},
    ]
    found = kpis.admira.pacing(budgets, today="2025-12-15")
    same(found, demo.pacing(budgets, today="2025-12-15"))
    assert (found["spent"].head(2) > 0).all()


def test_answers_are_shown_as_those_of_the_store(daily: pd.DataFrame) -> None:
    html = daily.admira.movers("cpa", **NOVEMBER)._repr_html_()
    assert "What moved Cost per lead" in html


def test_a_frame_is_not_changed(daily: pd.DataFrame) -> None:
    before = daily.copy()
    daily.admira.movers("cpa", **NOVEMBER)
    daily.admira.pacing([{"channel": "google_ads", "budget": 1}])
    pd.testing.assert_frame_equal(daily, before)


def test_money_in_several_currencies_is_not_added() -> None:
    store = admira.open_store("memory:")
    day = {"date": "2025-08-02", "cost": 9.0, "clicks": 5}
    store.upsert(
        ads(
            {**day, "currency": "EUR"},
            {**day, "campaign_id": "C-2", "currency": "USD"},
            {**day, "date": "2025-08-01", "currency": "EUR", "cost": 4.0},
        )
    )
    kpis = store.metrics(["date", "channel", "currency"])
    day_two = {"start": "2025-08-02", "end": "2025-08-02"}
    with pytest.raises(AmbiguousData, match="several currencies"):
        kpis.admira.movers("cost", **day_two)
    found = kpis.admira.movers("cost", currency="EUR", **day_two)
    assert found["contribution"].tolist() == [5.0]


def test_what_a_frame_cannot_answer_is_refused_in_a_sentence(
    demo: admira.Store, daily: pd.DataFrame
) -> None:
    weekly = demo.metrics(["date", "channel"], grain="week")
    flat = demo.metrics("channel")
    refused = [
        (lambda: flat.admira.movers("cpa"), "compare= of two periods"),
        (lambda: flat.admira.anomalies("cpa"), "daily KPIs"),
        (lambda: flat.admira.pacing([{"channel": "x", "budget": 1}]), "daily KPIs"),
        (lambda: weekly.admira.movers("cpa", **NOVEMBER), "daily KPIs"),
        (lambda: weekly.admira.anomalies("cpa"), "daily KPIs"),
        (lambda: daily.admira.movers("cpa", by="utm_source", **NOVEMBER), "by"),
        (lambda: daily.admira.movers("cpa", start="2025-09-01", end="2025-09-30"), "first day"),
        (lambda: daily.admira.movers("cpa", top=0, **NOVEMBER), "top"),
        (lambda: daily.admira.movers("cpaa", **NOVEMBER), "Did you mean"),
    ]
    for ask, why in refused:
        with pytest.raises(AdmiraError, match=why):
            ask()
    compared = demo.compare("channel", **NOVEMBER)
    with pytest.raises(OptionError, match="compares two periods"):
        compared.admira.movers("cpa", period="2025-11")
