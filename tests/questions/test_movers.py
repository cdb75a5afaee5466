"""What moved a metric: parts that add up to the change of the whole, whatever the groups."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admira
from admira.errors import AmbiguousData, OptionError
from admira.questions.movers import movers
from tests.stores.rows import ads, crm

NOVEMBER = {"start": "2025-11-01", "end": "2025-11-30"}
OCTOBER = {"start": "2025-10-01", "end": "2025-10-31"}
DAYS = {"start": "2025-08-02", "end": "2025-08-02"}  # the day before is the period before
RATIOS = [ratio.name for ratio in admira.metrics.ratios]
MEASURES = [measure.name for measure in admira.metrics.measures]


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    return admira.demo()


@pytest.fixture
def odd_ratio() -> Iterator[str]:
    admira.metrics.add_ratio("odd", {"cost": 2.0, "revenue": -0.5}, {"clicks": 1.0, "leads": -3.0})
    yield "odd"
    admira.metrics.remove_ratio("odd")


def store_of(*days: list[dict[str, Any]]) -> admira.Store:
    """Give a store of ad rows on 1 and 2 August, each a campaign of its own name."""
    store = admira.open_store("memory:")
    rows = [
        {"date": f"2025-08-0{day}", "utm_campaign": row["campaign_id"], "currency": "EUR", **row}
        for day, rows in enumerate(days, 1)
        for row in rows
    ]
    store.upsert(ads(*rows))
    return store


def total_change(store: admira.Store, metric: str, now: Any, before: Any) -> Any:
    values = [store.metrics([], scope="paid", **days)[metric].iloc[0] for days in (now, before)]
    return values[0] - values[1] if not any(pd.isna(value) for value in values) else None


@pytest.mark.parametrize("metric", [*RATIOS, *MEASURES])
def test_the_parts_of_the_demo_add_up_to_the_change(demo: admira.Store, metric: str) -> None:
    for by, top in (("campaign_id", 3), (["channel", "campaign_id"], None), ("channel", 2)):
        found = movers(demo, metric, by=by, top=top, **NOVEMBER)
        change = total_change(demo, metric, NOVEMBER, OCTOBER)
        assert found["contribution"].sum() == pytest.approx(change, rel=1e-9, abs=1e-9)
        assert found.attrs["total_now"] - found.attrs["total_previous"] == pytest.approx(change)
        if change:
            assert found["change_share"].sum() == pytest.approx(1)
        if metric in RATIOS:
            parts = found["rate_effect"] + found["mix_effect"]
            assert np.allclose(parts.astype(float), found["contribution"].astype(float))
        else:
            assert found[["rate_effect", "mix_effect"]].isna().all(axis=None)


def test_rate_and_mix_are_what_pandas_says_by_hand(demo: admira.Store) -> None:
    now, before = (
        demo.metrics("channel", scope="paid", **days).set_index("channel")
        for days in (NOVEMBER, OCTOBER)
    )
    share, share_before = (rows["cost"] / rows["cost"].sum() for rows in (now, before))
    total, total_before = (rows["revenue"].sum() / rows["cost"].sum() for rows in (now, before))
    rate, rate_before = now["roas"], before["roas"]
    by_rate = (share + share_before) / 2 * (rate - rate_before)
    middle = (rate + rate_before) / 2 - (total + total_before) / 2
    by_mix = middle * (share - share_before)
    found = movers(demo, "roas", by="channel", **NOVEMBER).set_index("channel")
    for column, by_hand in (("rate_effect", by_rate), ("mix_effect", by_mix), ("now", rate)):
        assert np.allclose(found[column].astype(float), by_hand[found.index].astype(float))
    assert np.allclose(found["previous"].astype(float), rate_before[found.index].astype(float))
    assert found["contribution"].abs().is_monotonic_decreasing


def test_a_change_of_rates_alone_is_no_mix_and_the_other_way_round() -> None:
    def day(*rows: tuple[int, float]) -> list[dict[str, Any]]:
        return [
            {"campaign_id": f"C-{number}", "clicks": clicks, "cost": cost}
            for number, (clicks, cost) in enumerate(rows)
        ]

    dearer = movers(
        store_of(day((10, 10.0), (30, 60.0)), day((10, 20.0), (30, 60.0))), "cpc", **DAYS
    )
    assert dearer["mix_effect"].astype(float).tolist() == pytest.approx([0.0, 0.0])
    assert dearer["rate_effect"].astype(float).tolist() == pytest.approx([0.25, 0.0])
    shifted = movers(
        store_of(day((10, 10.0), (30, 60.0)), day((30, 30.0), (10, 20.0))), "cpc", **DAYS
    )
    assert shifted["rate_effect"].astype(float).tolist() == pytest.approx([0.0, 0.0])
    assert shifted["mix_effect"].astype(float).tolist() == pytest.approx([-0.25, -0.25])


def test_a_group_without_a_rate_contributes_by_mix_alone() -> None:
    store = store_of(
        [
            {"campaign_id": "C-1", "clicks": 10, "cost": 10.0},
            {"campaign_id": "C-2", "clicks": 0, "cost": 5.0},
        ],
        [
            {"campaign_id": "C-1", "clicks": 10, "cost": 10.0},
            {"campaign_id": "C-2", "clicks": 0, "cost": 9.0},
        ],
    )
    found = movers(store, "cpc", **DAYS)
    assert found["campaign_id"].tolist() == ["C-2", "C-1"]
    assert found.loc[0, ["now", "previous"]].isna().all()
    assert found[["rate_effect", "mix_effect"]].to_numpy(float).tolist() == [[0.0, 0.4], [0.0, 0.0]]


def test_groups_of_one_period_only_still_show() -> None:
    store = store_of([{"campaign_id": "C-1", "cost": 4.0}], [{"campaign_id": "C-2", "cost": 9.0}])
    found = movers(store, "cost", **DAYS)
    assert found[["campaign_id", "now", "previous", "contribution"]].to_numpy().tolist() == [
        ["C-2", 9.0, 0.0, 9.0],
        ["C-1", 0.0, 4.0, -4.0],
    ]
    rates = movers(store, "cpc", **DAYS)
    assert rates["contribution"].sum() == pytest.approx(0.5)


def test_what_is_beyond_the_top_is_one_row_of_quotients_of_sums(demo: admira.Store) -> None:
    whole = movers(demo, "cpc", by=["channel", "campaign_id"], top=None, **NOVEMBER)
    found = movers(demo, "cpc", by=["channel", "campaign_id"], top=5, **NOVEMBER)
    pd.testing.assert_frame_equal(found.head(5), whole.head(5))
    others = found.iloc[5]
    assert len(found) == 6
    assert others["channel"] == "(others)"
    assert pd.isna(others["campaign_id"])
    rest = whole.iloc[5:]
    for column in ("rate_effect", "mix_effect", "contribution", "change_share"):
        assert others[column] == pytest.approx(rest[column].sum())
    for column, days in (("now", NOVEMBER), ("previous", OCTOBER)):
        kpis = demo.metrics(["channel", "campaign_id"], scope="paid", **days)
        left = rest[["channel", "campaign_id"]].merge(kpis)
        assert others[column] == pytest.approx(left["cost"].sum() / left["clicks"].sum())
    assert len(movers(demo, "cpc", by="channel", top=6, **NOVEMBER)) == 6


ROW = st.fixed_dictionaries(
    {
        "campaign_id": st.sampled_from(["C-1", "C-2", "C-3"]),
        "clicks": st.sampled_from([0, 0, 1, 7]),
        "impressions": st.sampled_from([0, 100, 2500]),
        "cost": st.sampled_from([0.0, 0.1, 5.25, 1e6]),
    }
)
RECORD = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(["lead", "opportunity", "closed_won", "closed_lost"]),
        "entry_stage": st.sampled_from(["lead", "opportunity"]),
        "amount": st.sampled_from([None, 0.0, 99.99, 1e6]),
        "date": st.sampled_from(["2025-08-01", "2025-08-02"]),
        "utm_campaign": st.sampled_from(["C-1", "C-2", "C-3"]),
    }
)


def by_campaign(row: dict[str, Any]) -> str:
    return str(row["campaign_id"])


@settings(max_examples=15)
@given(
    first=st.lists(ROW, min_size=1, max_size=3, unique_by=by_campaign),
    second=st.lists(ROW, min_size=1, max_size=3, unique_by=by_campaign),
    records=st.lists(RECORD, min_size=1, max_size=6),
    top=st.sampled_from([1, 2, None]),
)
def test_contributions_add_up_for_every_ratio_whose_total_exists(
    first: Any, second: Any, records: Any, top: int | None
) -> None:
    store = store_of(first, second)
    rows = [
        {**record, "opportunity_id": f"O-{n}", "currency": "EUR"}
        for n, record in enumerate(records)
    ]
    store.upsert(crm(*rows))
    days = store.metrics(["date"], scope="paid").set_index("date")
    for metric in RATIOS:
        found = movers(store, metric, top=top, **DAYS)
        values = [days[metric].get(pd.Timestamp(day)) for day in ("2025-08-02", "2025-08-01")]
        change = None if any(pd.isna(value) for value in values) else values[0] - values[1]
        if change is None:
            assert found["contribution"].isna().all()
            assert found["rate_effect"].isna().all()
        else:
            size = max(1.0, *(abs(found.attrs[name]) for name in ("total_now", "total_previous")))
            assert abs(found["contribution"].sum() - change) <= 1e-9 * size
            parts = found["rate_effect"] + found["mix_effect"] - found["contribution"]
            assert parts.abs().max() <= 1e-9 * max(1.0, found["rate_effect"].abs().max())


@pytest.mark.parametrize("metric", [*RATIOS, "cost", "leads"])
def test_a_period_compared_with_itself_gives_zeros(demo: admira.Store, metric: str) -> None:
    found = movers(demo, metric, against=("2025-11-01", "2025-11-30"), **NOVEMBER)
    assert found["contribution"].eq(0).all()
    assert found["change_share"].isna().all()
    if metric in RATIOS:
        assert found["rate_effect"].eq(0).all()
        assert found["mix_effect"].eq(0).all()


def test_a_ratio_of_your_own_with_minus_signs_adds_up(demo: admira.Store, odd_ratio: str) -> None:
    found = movers(demo, odd_ratio, **NOVEMBER)
    change = total_change(demo, odd_ratio, NOVEMBER, OCTOBER)
    assert found["contribution"].sum() == pytest.approx(change, rel=1e-9)


def test_campaigns_have_their_names(demo: admira.Store) -> None:
    found = movers(demo, "cost", top=3, **NOVEMBER)
    assert list(found)[:2] == ["campaign_id", "campaign_name"]
    known = demo.campaigns().sort_values("last_day").drop_duplicates("campaign_id", keep="last")
    names = known.set_index("campaign_id")["campaign_name"]
    assert found["campaign_name"].head(3).tolist() == names[found["campaign_id"].head(3)].tolist()
    assert pd.isna(found["campaign_name"].iloc[3])


def test_the_columns_are_typed_and_the_attributes_say_what_was_compared(demo: admira.Store) -> None:
    found = movers(demo, "roas", period="2025-11", against="year", today="2025-12-10")
    assert found.attrs["period"] == ["2025-11-01", "2025-11-30"]
    assert found.attrs["previous"] == ["2024-11-01", "2024-11-30"]
    assert (found.attrs["currency"], found.attrs["scope"]) == ("EUR", "paid")
    assert found.attrs["total_previous"] is None
    assert len(found) > 1
    assert (
        found[["rate_effect", "mix_effect", "contribution", "change_share"]].isna().all(axis=None)
    )
    figures = found.drop(columns=["campaign_id", "campaign_name"])
    assert (figures.dtypes == "Float64").all()
    to_date = movers(demo, "cost", period="mtd", today="2025-12-10", by=[])
    assert to_date.attrs["previous"] == ["2025-11-01", "2025-11-10"]


def test_an_empty_store_answers_with_nothing() -> None:
    empty = admira.open_store("memory:")
    found = movers(empty, "roas", **NOVEMBER)
    assert found.empty
    assert found.attrs["total_now"] is None
    assert (found.drop(columns=["campaign_id", "campaign_name"]).dtypes == "Float64").all()
    assert movers(empty, "cost", by=[], **NOVEMBER)["contribution"].tolist() == [0.0]


def test_money_in_several_currencies_is_never_added() -> None:
    rows = [
        {"campaign_id": "C-1", "cost": 4.0, "clicks": 4},
        {"campaign_id": "C-2", "cost": 9.0, "clicks": 3, "currency": "USD"},
    ]
    store = store_of(rows, [{**rows[0], "cost": 6.0}, {**rows[1], "cost": 5.0}])
    with pytest.raises(AmbiguousData, match=r"EUR, USD.*currency='EUR'"):
        movers(store, "cpc", **DAYS)
    found = movers(store, "cost", currency="USD", **DAYS)
    assert found[["campaign_id", "contribution"]].to_numpy().tolist() == [["C-2", -4.0]]
    assert found.attrs["currency"] == "USD"
    clicks = movers(store, "clicks", **DAYS)
    assert (clicks.attrs["total_now"], clicks.attrs["currency"]) == (7.0, None)
    with pytest.raises(OptionError, match="EUR, USD"):
        movers(store, "cost", currency="GBP", **DAYS)
    unknown = store_of([{**rows[0], "currency": None}, rows[1]])
    with pytest.raises(AmbiguousData, match=r"USD, \(missing\)"):
        movers(unknown, "cost", start="2025-08-01", end="2025-08-01")


def test_rows_without_a_currency_stay_beside_the_one_asked_for() -> None:
    rows = [
        {"campaign_id": "C-1", "cost": 4.0, "clicks": 4},
        {"campaign_id": "C-2", "cost": 0.0, "clicks": 4, "currency": None},
    ]
    found = movers(store_of(rows, rows), "cpc", currency="EUR", **DAYS)
    assert found.attrs["total_now"] == 0.5


def test_rounding_is_no_change_to_have_a_share_of() -> None:
    before = [{"campaign_id": "C-1", "cost": 0.1}, {"campaign_id": "C-2", "cost": 0.2}]
    found = movers(store_of(before, [{"campaign_id": "C-1", "cost": 0.3}]), "cost", **DAYS)
    assert found.attrs["total_now"] != found.attrs["total_previous"]  # 0.3 and 0.1 + 0.2
    assert sorted(found["contribution"].astype(float)) == pytest.approx([-0.2, 0.2])
    assert found["change_share"].isna().all()


def test_filters_and_options_of_the_join_are_those_of_the_store(demo: admira.Store) -> None:
    asked = {"channel": ["google_ads", "meta_ads"], "ambiguous": "winner"}
    found = movers(demo, "revenue", scope="all", **asked, **NOVEMBER)
    assert found.attrs["total_now"] == pytest.approx(
        demo.metrics([], **asked, **NOVEMBER)["revenue"].iloc[0]
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"metric": "raos"}, "roas"),
        ({"by": "date"}, "by='date'"),
        ({"by": ["channel", "channel"]}, "each column once"),
        ({"by": "cost"}, "by='cost'"),
        ({"top": 0}, "top=0"),
        ({"top": True}, "top=True"),
        ({"against": "week"}, "previous, year"),
        ({"scope": "blended"}, "all, paid"),
        ({"limit": 3}, "option='limit'"),
        ({"start": None}, "start"),
        ({"period": "2025-11"}, "period"),
    ],
)
def test_what_does_not_exist_is_refused(demo: admira.Store, asked: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        movers(demo, **{"metric": "roas", **NOVEMBER, **asked})
