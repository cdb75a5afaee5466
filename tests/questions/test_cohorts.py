"""Cohorts at equal age, and how long sales take: against pandas by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admira
from admira.errors import AmbiguousData, DataError, OptionError
from admira.questions.cohorts import cohorts
from admira.questions.lags import lags
from tests.stores.rows import ads, crm

LATE = "2100-01-01"
ANY_AGE = 27_000
QUANTILES = {"p25_days": 0.25, "median_days": 0.5, "p75_days": 0.75, "p90_days": 0.9}


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    return admira.demo()


def sale(name: str, date: str, closed: str | None, **row: Any) -> dict[str, Any]:
    """Give a won opportunity; it is still open where nobody closed it."""
    return {
        "opportunity_id": name,
        "date": date,
        "stage": "opportunity" if closed is None else "closed_won",
        "amount": 100.0,
        "currency": "EUR",
        "closed_at": None if closed is None else f"{closed}T10:00:00Z",
        "closed_date": closed,
        **row,
    }


def store_of(*records: dict[str, Any]) -> admira.Store:
    """Give a store with these opportunities and an ad of 50 € on the first day of two months."""
    store = admira.open_store("memory:")
    spent = {"cost": 50.0, "currency": "EUR"}
    store.upsert(ads({"date": "2025-06-01", **spent}, {"date": "2025-07-01", **spent}))
    if records:
        store.upsert(crm(*records))
    return store


def closings(store: admira.Store, scope: str = "paid") -> pd.DataFrame:
    """Give the facts of opportunities with the days they took, by hand."""
    facts = store.facts()
    shares = facts[facts["opportunity_id"].notna()]
    if scope == "paid":
        shares = shares[~shares["channel"].str.startswith("(")]
    days = store.crm()[["opportunity_id", "closed_date"]]
    shares = shares.merge(days, on="opportunity_id")
    return shares.assign(days=(shares["closed_date"] - shares["date"]).dt.days)


def test_the_demos_cohorts_are_what_pandas_says_by_hand(demo: admira.Store) -> None:
    shares = closings(demo)
    facts = demo.facts()
    paid = facts[~facts["channel"].str.startswith("(")]
    by = ["month", "channel"]
    month = paid["date"].dt.to_period("M").dt.start_time
    cost = paid.assign(month=month).groupby(by)["cost"].sum()
    shares["month"] = shares["date"].dt.to_period("M").dt.start_time
    youngest = shares.groupby("month")["date"].max()
    last = max(facts["date"].max(), demo.crm()["closed_date"].max())
    found = cohorts(demo, by="channel", ages=[14, 60]).set_index(["cohort", "channel", "age_days"])
    assert len(found) == 2 * len(cost)
    for (begins, channel, age), row in found.iterrows():
        assert row["is_complete"] == (youngest[begins] + pd.Timedelta(days=age) <= last)
        if not row["is_complete"]:
            assert row[["roas", "open_share"]].isna().all()
            continue
        own = shares[(shares["month"] == begins) & (shares["channel"] == channel)]
        closed = own[own["days"] <= age]
        assert row["roas"] == pytest.approx(closed["revenue"].sum() / cost[begins, channel])
        decided = closed["closed_won"].sum() + closed["closed_lost"].sum()
        assert row["open_share"] == pytest.approx(1 - decided / own["opportunities"].sum())


@pytest.mark.parametrize("grain", ["day", "week", "month"])
@pytest.mark.parametrize("metric", ["roas", "revenue", "win_rate", "open_share", "cost", "clicks"])
def test_at_an_age_that_all_have_reached_it_is_the_metric_of_the_store(
    demo: admira.Store, grain: str, metric: str
) -> None:
    asked: dict[str, Any] = {
        "scope": "all",
        "start": "2025-10-05",
        "channel": ["meta_ads", "(untagged)"],
    }
    found = cohorts(
        demo, grain=grain, metric=metric, ages=[ANY_AGE], today=LATE, by="channel", **asked
    )
    whole = demo.metrics(["date", "channel"], grain=grain, **asked)
    assert found["is_complete"].all()
    pd.testing.assert_frame_equal(
        found[["cohort", "channel"]], whole[["date", "channel"]].rename(columns={"date": "cohort"})
    )
    for name in (metric, "open_share"):
        pd.testing.assert_series_equal(found[name], whole[name].astype("Float64"), rtol=1e-9)


DAYS = ["2025-06-01", "2025-06-20", "2025-07-01"]
RECORD = st.fixed_dictionaries(
    {
        "date": st.sampled_from(DAYS),
        "days": st.sampled_from([-1, 0, 1, 30, 31, 400]),
        "stage": st.sampled_from(["lead", "opportunity", "closed_won", "closed_lost"]),
        "amount": st.sampled_from([None, 0.0, 0.1, 99.99]),
        "utm_campaign": st.sampled_from(["sale", "other"]),
    }
)


@settings(max_examples=25)
@given(records=st.lists(RECORD, min_size=1, max_size=8))
def test_measures_never_fall_with_age_and_end_at_those_of_the_store(records: Any) -> None:
    rows = []
    for number, record in enumerate(records):
        closed = pd.Timestamp(record["date"]) + pd.Timedelta(days=record["days"])
        own = {name: record[name] for name in ("stage", "amount", "utm_campaign")}
        rows.append(sale(f"O-{number}", record["date"], f"{closed:%Y-%m-%d}", **own))
    store = store_of(*rows)
    whole = store.metrics(["date", "channel"], grain="month")
    for metric in ("closed_won", "closed_lost", "revenue", "leads", "cost"):
        found = cohorts(
            store, metric=metric, by="channel", ages=[400, 0, 1, 30, 31], today=LATE, scope="all"
        )
        figures = found[metric].to_numpy(float).reshape(len(whole), 5)
        assert (np.diff(figures, axis=1) >= 0).all()
        assert np.allclose(figures[:, -1], whole[metric].astype(float), rtol=1e-9)


def test_a_cohort_is_complete_on_the_day_its_youngest_opportunity_is_that_old() -> None:
    store = store_of(
        sale("O-1", "2025-06-01", "2025-06-11"),
        sale("O-2", "2025-06-20", None),
        sale("O-3", "2025-07-01", None),
    )
    known = [
        cohorts(store, ages=[30], today=day)["is_complete"].tolist()
        for day in ("2025-07-19", "2025-07-20")
    ]
    assert known == [[False, False], [True, False]]
    found = cohorts(store, ages=[9, 10])  # the last day known is 1 July
    assert found["roas"].tolist()[:2] == [0.0, 2.0]
    assert found["open_share"].tolist()[:2] == [1.0, 0.5]
    assert found["is_complete"].tolist() == [True, True, False, False]
    assert found.loc[2:, ["roas", "open_share"]].isna().all(axis=None)


def test_the_last_day_known_may_be_that_of_an_ad_an_opportunity_or_a_closing() -> None:
    first = sale("O-1", "2025-06-01", "2025-06-11")
    assert cohorts(store_of(first), ages=[30])["is_complete"].tolist() == [True, False]
    assert not cohorts(store_of(first), ages=[31])["is_complete"].any()
    of_crm = store_of(first, sale("O-2", "2025-07-02", None))
    assert cohorts(of_crm, ages=[31])["is_complete"].tolist() == [True, False]
    closed_late = store_of(first, sale("O-2", "2025-06-01", "2025-07-02"))
    assert cohorts(closed_late, ages=[31])["is_complete"].tolist() == [True, False]


def test_a_group_waits_for_the_youngest_of_the_whole_cohort() -> None:
    store = store_of(
        sale("O-1", "2025-06-01", "2025-06-02"),
        sale("O-2", "2025-06-20", None, utm_campaign="other"),
    )
    found = cohorts(store, by="channel", ages=[20], end="2025-06-30", scope="all")
    assert found["channel"].tolist() == ["(unattributed)", "google_ads"]
    assert found["is_complete"].tolist() == [False, False]
    assert cohorts(store, ages=[20], end="2025-06-30")["is_complete"].tolist() == [True]


def test_a_cohort_without_opportunities_has_only_its_first_day_to_wait_for() -> None:
    found = cohorts(store_of(), ages=[30, 31])
    assert found["is_complete"].tolist() == [True, False, False, False]
    assert found["roas"].iloc[0] == 0.0
    assert found["open_share"].isna().all()


def test_closing_days_that_nobody_knows_are_counted_and_refused() -> None:
    unknown = {"closed_at": None, "closed_date": None}
    store = store_of(
        sale("O-1", "2025-06-01", "2025-06-11"),
        sale("O-2", "2025-06-02", "2025-06-11", **unknown),
        sale("O-3", "2025-06-03", "2025-06-11", stage="closed_lost", **unknown),
        sale("O-4", "2025-07-02", None),
    )
    with pytest.raises(DataError, match="2 of 3 opportunities have no closed_at"):
        cohorts(store)
    with pytest.raises(DataError, match="1 of 2 opportunities have no closed_at"):
        lags(store)
    assert len(cohorts(store, start="2025-07-01")) == 4
    assert lags(store, end="2025-06-01")["median_days"].tolist() == [10.0]


def test_an_empty_store_has_no_cohorts_and_no_wins() -> None:
    empty = admira.open_store("memory:")
    found = cohorts(empty, by="channel")
    assert found.dtypes.astype(str).to_dict() == {
        "cohort": "datetime64[us]",
        "channel": "str",
        "age_days": "int64",
        "roas": "Float64",
        "open_share": "Float64",
        "is_complete": "bool",
    }
    assert found.empty
    assert lags(empty, by="channel").empty
    nothing = lags(empty).iloc[0]
    assert nothing["closed_won"] == 0
    assert nothing[["open_share", *QUANTILES]].isna().all()


def test_money_in_several_currencies_is_never_added() -> None:
    store = store_of(
        sale("O-1", "2025-06-01", "2025-06-02"),
        sale("O-2", "2025-06-01", "2025-06-03", currency="USD"),
    )
    asked: dict[str, Any] = {"ages": [1, 2], "end": "2025-06-30"}
    with pytest.raises(AmbiguousData, match="EUR, USD"):
        cohorts(store, **asked)
    euros = cohorts(store, currency="EUR", metric="revenue", **asked)
    assert euros["revenue"].tolist() == [100.0, 100.0]
    assert euros.attrs["currency"] == "EUR"
    dollars = cohorts(store, currency="USD", metric="revenue", **asked)
    assert dollars["revenue"].tolist() == [0.0, 100.0]
    both = cohorts(store, by="currency", metric="revenue", **asked)
    assert both["currency"].tolist() == ["EUR", "EUR", "USD", "USD"]
    assert both["revenue"].tolist() == [100.0, 100.0, 0.0, 100.0]
    assert cohorts(store, metric="closed_won", **asked)["closed_won"].tolist() == [1.0, 2.0]
    assert lags(store)["closed_won"].tolist() == [2.0]
    with pytest.raises(OptionError, match="EUR, USD"):
        cohorts(store, currency="GBP", **asked)


def test_ages_come_in_order_and_each_once(demo: admira.Store) -> None:
    found = cohorts(demo, ages=(60, 30, 30))
    assert found["age_days"].tolist() == [30, 60] * 4
    assert found.attrs == {"metric": "roas", "grain": "month", "scope": "paid", "currency": "EUR"}


@pytest.mark.parametrize("by", [None, "channel", ["channel", "campaign_id"]])
def test_lags_are_what_counting_by_hand_says(demo: admira.Store, by: Any) -> None:
    keys = [by] if isinstance(by, str) else [*(by or [])]
    won = closings(demo, scope="all").query("closed_won > 0")
    found = lags(demo, by=by)
    whole = demo.metrics(keys)
    pd.testing.assert_frame_equal(
        found[[*keys, "closed_won", "open_share"]], whole[[*keys, "closed_won", "open_share"]]
    )
    for _, row in found.iterrows():
        own = won
        for key in keys:
            own = own[own[key] == row[key]]
        if own.empty:
            assert row[[*QUANTILES]].isna().all()
        for name, level in QUANTILES.items() if len(own) else []:
            reached = [
                days
                for days in sorted(own["days"])
                if own.loc[own["days"] <= days, "closed_won"].sum()
                >= level * own["closed_won"].sum() - 1e-9
            ]
            assert row[name] == reached[0]


def test_a_share_of_an_opportunity_counts_with_its_weight() -> None:
    store = admira.open_store("memory:")
    day = {"date": "2025-06-01", "utm_campaign": "sale"}
    store.upsert(
        ads(
            {**day, "campaign_id": "C-1", "clicks": 90},
            {**day, "campaign_id": "C-2", "clicks": 10},
            {**day, "campaign_id": "C-3", "utm_campaign": "other", "clicks": 1},
        )
    )
    direct = {"ad_campaign_id": "C-2"}
    store.upsert(
        crm(
            sale("O-1", "2025-06-01", "2025-06-03", ad_campaign_id=None),
            sale("O-2", "2025-06-01", "2025-06-06", **direct),
        )
    )
    found = lags(store, by="campaign_id").set_index("campaign_id")
    assert found.loc["C-2", "closed_won"] == pytest.approx(1.1)
    assert found.loc["C-2", "median_days"] == 5.0  # 0.1 of a win after 2 days, 1 after 5
    assert found.loc["C-1", "median_days"] == 2.0
    assert found.loc["C-3", [*QUANTILES]].isna().all()
    assert lags(store)["median_days"].tolist() == [2.0]


def test_weights_that_add_up_to_half_but_for_rounding_are_half() -> None:
    store = admira.open_store("memory:")
    day = {"date": "2025-06-01", "utm_campaign": "sale"}
    store.upsert(
        ads(
            {**day, "campaign_id": "C-1", "clicks": 30}, {**day, "campaign_id": "C-2", "clicks": 70}
        )
    )
    store.upsert(crm(*(sale(f"O-{n}", "2025-06-01", f"2025-06-0{1 + n}") for n in range(1, 7))))
    assert sum([0.3] * 6) / 2 > 0.3 + 0.3 + 0.3
    assert lags(store, by="campaign_id")["median_days"].tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"metric": "raos"}, "roas"),
        ({"ages": []}, "ages"),
        ({"ages": [-1]}, "ages=-1"),
        ({"ages": [1.5]}, "ages=1.5"),
        ({"ages": [True]}, "ages=True"),
        ({"grain": "fortnight"}, "month"),
        ({"by": "date"}, "by='date'"),
        ({"by": "opportunity_id"}, "by='opportunity_id'"),
        ({"scope": "blended"}, "all, paid"),
        ({"lands_on": "closed"}, "lands_on"),
        ({"start": "soon"}, "start"),
        ({"today": "soon"}, "today"),
        ({"period": "last moon"}, "last month"),
        ({"period": "2025-11", "start": "2025-11-01"}, "period"),
    ],
)
def test_what_does_not_exist_is_refused(demo: admira.Store, asked: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        cohorts(demo, **asked)


def test_lags_refuse_what_would_move_opportunities_to_other_days(demo: admira.Store) -> None:
    with pytest.raises(OptionError, match="lands_on"):
        lags(demo, lands_on="closed")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("2025-Q4", "2025-10-01", "2025-12-31"),
        ("last quarter", "2025-07-01", "2025-09-30"),
        ("last month", "2025-11-01", "2025-11-30"),
        ("mtd", "2025-12-01", "2025-12-20"),
        (("2025-09-05", "2025-10-04"), "2025-09-05", "2025-10-04"),
    ],
)
def test_a_period_by_its_name_is_its_days(
    demo: admira.Store, period: Any, start: str, end: str
) -> None:
    today = "2025-12-20"
    for question in (cohorts, lags):
        named = question(demo, period=period, today=today, by="channel")
        days = {"today": today} if question is cohorts else {}
        dated = question(demo, start=start, end=end, by="channel", **days)
        pd.testing.assert_frame_equal(named, dated)
        assert len(named)


def test_every_metric_has_the_open_share_beside_it(demo: admira.Store) -> None:
    whole = demo.metrics("date", grain="month", scope="paid").set_index("date")["open_share"]
    for metric in admira.metrics:
        found = cohorts(demo, metric=metric, ages=[ANY_AGE], today=LATE)
        assert [*found.columns][2:-1] == [*dict.fromkeys([metric, "open_share"])]
        assert found.set_index("cohort")["open_share"].to_dict() == pytest.approx(whole.to_dict())
