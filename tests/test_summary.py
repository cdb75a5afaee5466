"""A period at a glance: figures, comparisons, and when they are held back."""

import pandas as pd
import pytest

import admira
from admira.errors import DataError, OptionError
from tests.stores.rows import ads, crm

FIRST, LAST = pd.Timestamp("2025-01-01"), pd.Timestamp("2025-06-30")
DAYS = pd.date_range(FIRST, LAST)
CYCLE_DAYS = 84


def flat_business(*, has_closing_days: bool = True) -> admira.Store:
    """Give a business in which nothing changes: each day the same, each sale 1 to 84 days later."""
    store = admira.open_store("memory:")
    spent = {"cost": 100.0, "clicks": 50, "impressions": 900, "currency": "EUR"}
    store.upsert(ads(*({"date": f"{day:%Y-%m-%d}", **spent} for day in DAYS)))
    records = [_opportunity(day, age) for day in DAYS for age in range(1, CYCLE_DAYS, 12)]
    rows = crm(*records)
    store.upsert(rows if has_closing_days else rows.drop(columns=["closed_at", "closed_date"]))
    return store


def _opportunity(day: pd.Timestamp, age: int) -> dict[str, object]:
    closed = day + pd.Timedelta(days=age)
    is_won = closed <= LAST
    return {
        "opportunity_id": f"{day:%Y%m%d}-{age}",
        "date": f"{day:%Y-%m-%d}",
        "stage": "closed_won" if is_won else "opportunity",
        "amount": 1000.0,
        "currency": "EUR",
        "closed_at": f"{closed:%Y-%m-%d}T10:00:00Z" if is_won else None,
        "closed_date": f"{closed:%Y-%m-%d}" if is_won else None,
    }


def by_metric(summary: object) -> pd.DataFrame:
    return summary.frame.set_index("metric")  # type: ignore[attr-defined, no-any-return]


def test_a_flat_business_is_flat_at_equal_age() -> None:
    store = flat_business()
    naive = store.compare([], start="2025-06-03", end="2025-06-30")
    assert naive["roas_change"].iloc[0] < -0.5  # what a plain comparison would say
    found = by_metric(store.summary(days=28))
    assert found.loc["roas", "basis"] == "equal age"
    assert found.loc["roas", "change"] == pytest.approx(0)
    assert found.loc["cpc", "change"] == pytest.approx(0)


def test_where_closing_days_are_unknown_an_unripe_period_is_not_compared() -> None:
    summary = flat_business(has_closing_days=False).summary(days=28)
    found = by_metric(summary)
    assert summary.open_share - summary.open_share_before > 0.05
    for name in ("roas", "cvr_lead_to_opp", "cvr_opp_to_won"):
        assert found.loc[name, "basis"] == "unripe"
        assert pd.isna(found.loc[name, "change"])
    assert found.loc["cpa", "change"] == pytest.approx(0)
    assert "too early to compare" in summary._repr_html_()


def test_ripe_periods_are_compared_as_they_stand() -> None:
    store = flat_business(has_closing_days=False)
    found = by_metric(store.summary(start="2025-03-01", end="2025-03-20"))
    assert (found["basis"] == "as is").all()
    assert found["change"].astype(float).tolist() == pytest.approx([0.0] * 5)


def test_the_figures_are_those_of_the_store() -> None:
    store = admira.demo()
    summary = store.summary(start="2025-11-01", end="2025-11-30")
    asked = {"start": "2025-11-01", "end": "2025-11-30"}
    paid = store.metrics(by=[], scope="paid", **asked).iloc[0]
    blended = store.metrics(by=[], **asked).iloc[0]
    for name, row in by_metric(summary).iterrows():
        assert row["paid"] == pytest.approx(paid[name])
        assert row["blended"] == pytest.approx(blended[name])
    assert summary.kpis["cost"].iloc[0] == pytest.approx(paid["cost"])
    assert len(summary.trends) == 30
    before = store.metrics(by=[], scope="paid", start="2025-10-01", end="2025-10-31").iloc[0]
    assert by_metric(summary).loc["cpc", "before"] == pytest.approx(before["cpc"])


def test_the_last_days_with_ads_are_shown_by_default() -> None:
    store = flat_business()
    store.upsert(crm({"opportunity_id": "late", "date": "2025-07-20"}))
    assert store.summary(days=7).period == (pd.Timestamp("2025-06-24"), LAST)


def test_one_currency_at_a_time_and_the_others_are_named() -> None:
    store = admira.open_store("memory:")
    day = {"date": "2025-08-01", "clicks": 10}
    store.upsert(
        ads(
            {**day, "cost": 9.0, "currency": "EUR"},
            {**day, "campaign_id": "C-2", "cost": 4.0, "currency": "USD"},
        )
    )
    summary = store.summary()
    assert (summary.currency, summary.kpis["cost"].iloc[0]) == ("EUR", 9.0)
    assert "USD" in summary.notes[-1]
    assert store.summary(currency="USD").kpis["cost"].iloc[0] == 4.0
    with pytest.raises(OptionError, match="EUR, USD"):
        store.summary(currency="GBP")


def test_what_has_no_value_is_a_dash_with_its_reason() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({"clicks": 0, "cost": 5.0}))
    card = store.summary().cards[0]
    assert (card.text, card.why) == ("–", "n/a: Clicks is 0")
    assert card.change == "nothing to compare with"


def test_a_store_without_ads_says_so() -> None:
    with pytest.raises(DataError, match="no ads to sum up yet"):
        admira.open_store("memory:").summary()
    with pytest.raises(OptionError, match="days"):
        admira.open_store("memory:").summary(days=0)


def test_names_are_escaped() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({"currency": "<script>alert(1)</script>"}))
    assert "<script" not in store.summary()._repr_html_()
