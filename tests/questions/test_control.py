"""Control: the platform's own totals, and what changed since a run."""

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admira
from admira.core.join import join_utm
from admira.core.metrics import compute_metrics
from admira.errors import AmbiguousData, DataError, OptionError, SchemaMismatch
from admira.questions.control import check
from admira.questions.diff import diff
from tests.stores.rows import ads, crm

DEMO = admira.demo()
NOVEMBER = {"start": "2025-11-01", "end": "2025-11-30"}
AUGUST = {"start": "2025-08-01", "end": "2025-08-31"}


def filled(*rows: dict[str, Any]) -> admira.Store:
    store = admira.open_store("memory:")
    store.upsert(ads(*rows))
    return store


# check


def test_the_platforms_own_totals_are_equal_when_they_are() -> None:
    costs = DEMO.ads(**NOVEMBER).groupby("channel")["cost"].sum()
    found = check(DEMO, costs.to_dict(), **NOVEMBER)
    assert found["channel"].tolist() == sorted(costs.index)
    assert found["is_equal"].all()
    assert (found["difference"] == 0).all()
    assert found["stored"].tolist() == pytest.approx(costs.sort_index().tolist())
    assert found.attrs["currency"] == "EUR"


def test_a_channel_on_one_side_only_is_a_row() -> None:
    found = check(filled({"cost": 5.0}), {"radio": 7}, **AUGUST)
    assert found[["channel", "stored", "difference"]].to_numpy().tolist() == [
        ["google_ads", 5.0, 5.0],
        ["radio", 0.0, -7.0],
    ]
    assert pd.isna(found["stated"][0])
    assert not found["is_equal"].any()


def test_a_channel_that_neither_side_spends_on_is_no_row() -> None:
    assert check(filled({"cost": 0.0}), {}, **AUGUST).empty


@pytest.mark.parametrize(
    ("stated", "tolerance", "is_equal"),
    [(5.004, 0.005, True), (5.006, 0.005, False), (5.006, 0.01, True), (5.0, 0, True)],
)
def test_what_is_within_the_tolerance_is_equal(
    stated: float, tolerance: float, *, is_equal: bool
) -> None:
    found = check(filled({"cost": 5.0}), {"google_ads": stated}, tolerance=tolerance, **AUGUST)
    assert found["is_equal"].tolist() == [is_equal]
    assert found["difference"][0] == pytest.approx(5.0 - stated)


def test_a_billionth_of_a_large_total_is_equal() -> None:
    store = filled({"cost": 1e9})
    near = check(store, {"google_ads": 1e9 + 0.9}, **AUGUST)
    assert near[["difference", "is_equal"]].to_numpy().tolist() == [[pytest.approx(-0.9), True]]
    assert check(store, {"google_ads": 1e9 + 1.1}, **AUGUST)["is_equal"].tolist() == [False]


def test_the_days_that_differ_are_rows_behind_the_total() -> None:
    days = [{"date": f"2025-08-0{day}", "cost": float(day), "clicks": 5} for day in (1, 2, 3)]
    stated = [{"channel": "Google_Ads", **day} for day in days]
    stated[1] = {**stated[1], "cost": 2.5}
    found = check(filled(*days), stated, **AUGUST)
    told = found[["metric", "date", "stated", "stored", "difference", "is_equal"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        ["clicks", None, 15.0, 15.0, 0.0, True],
        ["cost", None, 6.5, 6.0, -0.5, False],
        ["cost", pd.Timestamp("2025-08-02"), 2.5, 2.0, -0.5, False],
    ]


def test_days_that_make_up_for_each_other_still_differ() -> None:
    days = [{"date": "2025-08-01", "cost": 1.0}, {"date": "2025-08-02", "cost": 2.0}]
    stated = pd.DataFrame({"channel": "google_ads", "date": ["2025-08-01"], "cost": [3.0]})
    found = check(filled(*days), stated, **AUGUST)
    assert found["is_equal"].tolist() == [True, False, False]
    assert found["date"].isna().tolist() == [True, False, False]


def test_days_outside_the_period_and_blank_cells_state_nothing() -> None:
    stated = [
        {"channel": "google_ads", "date": "2025-08-01", "cost": 5, "impressions": ""},
        {"channel": "google_ads", "date": "2025-09-01", "cost": 9, "impressions": None},
    ]
    found = check(filled({"cost": 5.0, "impressions": 0}), stated, **AUGUST)
    assert found[["metric", "stated", "is_equal"]].to_numpy().tolist() == [["cost", 5.0, True]]


def test_campaigns_are_checked_by_id_and_rows_of_a_group_are_added() -> None:
    store = filled({"campaign_id": "12", "cost": 5.0}, {"campaign_id": "13", "cost": 1.0})
    stated = pd.DataFrame({"campaign_id": [12, 12, 13], "cost": [2.0, 3.0, 1.0]})
    found = check(store, stated, by="campaign_id", **AUGUST)
    assert found[["campaign_id", "stated", "is_equal"]].to_numpy().tolist() == [
        ["12", 5.0, True],
        ["13", 1.0, True],
    ]


EUR = {"currency": "EUR", "cost": 4.0}
USD = {"currency": "USD", "cost": 9.0, "campaign_id": "C-2"}


def test_currencies_are_never_added() -> None:
    with pytest.raises(AmbiguousData, match=r"'google_ads' has cost in .*\(EUR, USD\): state each"):
        check(filled(EUR, USD), {"google_ads": 13}, **AUGUST)
    stated = [
        {"channel": "google_ads", "currency": "eur", "cost": 4},
        {"channel": "google_ads", "currency": "USD", "cost": 8},
    ]
    found = check(filled(EUR, USD), stated, **AUGUST)
    assert found[["currency", "difference"]].to_numpy().tolist() == [["EUR", 0.0], ["USD", 1.0]]
    assert found.attrs["currency"] is None
    found = check(filled(EUR, {**USD, "channel": "meta_ads"}), {"meta_ads": 9}, **AUGUST)
    assert found["currency"].tolist() == ["EUR", "USD"]


def test_where_the_store_knows_no_currency_it_is_not_compared() -> None:
    stated = [{"channel": "google_ads", "currency": "EUR", "cost": 5}]
    assert check(filled({"cost": 5.0}), stated, **AUGUST)["is_equal"].tolist() == [True]


def test_an_empty_store_is_compared_with_nothing() -> None:
    found = check(admira.open_store("memory:"), {"google_ads": 5}, **AUGUST)
    assert found[["stored", "difference"]].to_numpy().tolist() == [[0.0, -5.0]]


@pytest.mark.parametrize(
    ("stated", "error", "sentence"),
    [
        ({"google_ads": "much"}, DataError, "stated row 1 cannot be used: cost is 'much'"),
        ({"a": 1, "b": -2}, DataError, "stated row 2 .*cost is -2"),
        ([{"channel": "a", "cost": 1, "date": "May"}], DataError, "row 1 .*date is 'May'"),
        ([{"channel": "a", "spend": 1}], OptionError, "stated column='spend'"),
        ([{"channel": "a"}], SchemaMismatch, "stated rows lack 'clicks or impressions or cost'"),
        ([{"cost": 1}], SchemaMismatch, "stated rows lack 'channel'"),
        (7, OptionError, "a list of dicts"),
    ],
)
def test_what_is_no_total_is_refused(stated: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        check(filled({}), stated, **AUGUST)


def test_options_that_do_not_exist_are_refused() -> None:
    for wrong in ({"by": "weather"}, {"tolerance": -1}, {"tolerance": "much"}):
        with pytest.raises(OptionError):
            check(filled({}), {}, **AUGUST, **wrong)  # type: ignore[arg-type]


def test_a_period_by_its_name_is_checked() -> None:
    store = filled({"date": "2025-08-31", "cost": 5.0}, {"date": "2025-09-01", "cost": 7.0})
    for named in ({"period": "2025-08"}, {"period": "last month", "today": "2025-09-02"}):
        found = check(store, {"google_ads": 5.0}, **named)
        assert found[["stored", "is_equal"]].to_numpy().tolist() == [[5.0, True]]
    with pytest.raises(OptionError, match="start=None"):
        check(store, {"google_ads": 5.0})


# diff


FIRST = [
    {"date": f"2025-0{month}-0{day}", "campaign_id": campaign, "channel": "google_ads",
     "clicks": 10, "impressions": 100, "cost": 10.0, "utm_campaign": "sale", "currency": "EUR"}
    for month in (7, 8)
    for day in (1, 2, 3)
    for campaign in ("C-1", "C-2")
]  # fmt: skip
RECORDS = [
    {"opportunity_id": f"O-{number}", "stage": "lead", "amount": 100.0, "currency": "EUR",
     "created_at": f"2025-08-0{number}T09:00:00Z", "utm_campaign": "sale"}
    for number in (1, 2, 3, 4)
]  # fmt: skip


def ran(*batches: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> admira.Store:
    """Give a store into which batches were ingested, by runs r0, r1, …"""
    store = admira.open_store("memory:")
    for place, (of_ads, of_crm) in enumerate(batches):
        now = datetime(2025, 9, 1 + place, tzinfo=UTC)
        admira.ingest(store, ads=of_ads, crm=of_crm, run_id=f"r{place}", now=now)
    return store


def kpis_of(store: admira.Store, by: list[str]) -> pd.DataFrame:
    kpis = compute_metrics(join_utm(store.ads(), store.crm()), by=[*by, "currency"])
    names = ["clicks", "impressions", "cost", "leads", "opportunities", "closed_won", "revenue"]
    return kpis.melt([*by, "currency"], names, "metric").astype({"value": "float64"})


BATCH = st.tuples(
    st.lists(
        st.builds(
            lambda row, clicks, cost: {**row, "clicks": clicks, "cost": cost},
            st.sampled_from([*FIRST, {**FIRST[0], "campaign_id": "C-3", "date": "2025-06-01"}]),
            st.integers(0, 30),
            st.sampled_from([0.0, 12.5, 99.0]),
        ),
        max_size=3,
    ),
    st.lists(
        st.builds(
            lambda row, stage, tag: {**row, "stage": stage, "utm_campaign": tag},
            st.sampled_from([*RECORDS, {**RECORDS[0], "opportunity_id": "O-9"}]),
            st.sampled_from(["lead", "closed_won"]),
            st.sampled_from(["sale", "other", ""]),
        ),
        max_size=2,
    ),
)


@given(BATCH, BATCH, st.sampled_from([["date", "channel"], ["campaign_id"], []]))
@settings(max_examples=20)
def test_before_and_now_are_what_the_store_said_and_says(
    one: Any, other: Any, by: list[str]
) -> None:
    then, now = ran((FIRST, RECORDS)), ran((FIRST, RECORDS), one, other)
    sides = (
        kpis_of(then, by).rename(columns={"value": "before"}),
        kpis_of(now, by).rename(columns={"value": "now"}),
    )
    keys = [*by, "currency", "metric"]
    expected = sides[0].merge(sides[1], how="outer", on=keys).fillna({"before": 0.0, "now": 0.0})
    expected = expected[(expected["before"] - expected["now"]).abs() > 1e-6].set_index(keys)
    found = diff(now, "r0", by=by)
    found = found[found["metric"].isin(sides[0]["metric"])].set_index(keys)
    assert sorted(map(str, found.index)) == sorted(map(str, expected.index))
    for name in ("before", "now"):
        values = found[name].astype(float)
        assert values.to_dict() == pytest.approx(expected[name].to_dict())


def test_a_restatement_is_the_difference_and_nothing_else() -> None:
    restated = [{**FIRST[0], "cost": 11.0}, {**FIRST[1], "cost": 12.0}, FIRST[2]]
    found = diff(ran((FIRST, RECORDS), (restated, [])), "r0")
    names = ["date", "channel", "currency", "metric", "before", "now", "difference", "rows"]
    day = pd.Timestamp("2025-07-01")
    assert found[names].to_numpy().tolist() == [
        [day, "google_ads", "EUR", "cost", 20.0, 23.0, 3.0, 2]
    ]
    assert found.attrs == {"currency": "EUR", "as_of": "r0"}


def test_restated_clicks_move_leads_that_did_not_change() -> None:
    restated = [{**FIRST[0], "clicks": 70}]
    found = diff(ran((FIRST, RECORDS), (restated, [])), "r0", by="campaign_id")
    leads = found[found["metric"] == "leads"].set_index("campaign_id")
    assert leads["before"].tolist() == pytest.approx([2.0, 2.0])
    assert leads["now"].tolist() == pytest.approx([4 * 120 / 180, 4 * 60 / 180])
    assert leads["rows"].tolist() == [0, 0]


def test_leads_that_met_their_campaigns_by_an_alias_move_too() -> None:
    tags = {"utm_source": "facebook", "utm_medium": "cpc"}
    first = [{**row, **tags} for row in FIRST]
    records = [{**row, **tags, "utm_source": "fb"} for row in RECORDS]
    store = ran((first, records), ([{**first[0], "clicks": 70}], []))
    found = diff(store, "r0", by="campaign_id")
    leads = found.loc[found["metric"] == "leads", "now"].tolist()
    assert leads == pytest.approx([4 * 120 / 180, 4 * 60 / 180])


def test_an_opportunity_that_was_won_since_counts_once() -> None:
    won = [{**RECORDS[0], "stage": "closed_won"}]
    found = diff(ran((FIRST, RECORDS), ([], won)), "r0", by=[])
    differences = found.set_index("metric")["difference"].to_dict()
    assert differences == {
        "opportunities": 1.0,
        "opportunities_from_leads": 1.0,
        "closed_won": 1.0,
        "revenue": 100.0,
    }
    assert found["rows"].tolist() == [1] * 4


def test_since_the_last_run_nothing_changed() -> None:
    store = ran((FIRST, RECORDS), ([{**FIRST[0], "cost": 99.0}], []))
    found = diff(store, "r1")
    assert found.empty
    dtypes = found[["before", "now", "difference", "rows"]].dtypes.astype(str).tolist()
    assert dtypes == ["Float64", "Float64", "Float64", "int64"]


def test_a_run_that_changed_nothing_is_a_moment_too() -> None:
    again = [{**FIRST[0], "cost": 99.0}]
    store = ran((FIRST, RECORDS), (FIRST, RECORDS), (again, []))
    assert diff(store, "r1")["difference"].tolist() == [89.0]
    assert diff(store, "r0")["difference"].tolist() == [89.0]
    assert diff(store, "r2").empty


def test_the_first_state_since_the_run_counts() -> None:
    steps = [([{**FIRST[0], "cost": cost}], []) for cost in (50.0, 60.0, 10.0)]
    store = ran((FIRST, RECORDS), *steps)
    assert diff(store, "r1")[["before", "now"]].to_numpy().tolist() == [[60.0, 20.0]]
    assert diff(store, "r0").empty


def test_what_was_removed_was_there_before() -> None:
    store = ran((FIRST, RECORDS))
    admira.ingest(store, ads=[], crm=RECORDS[1:], crm_complete=True, run_id="r1")
    found = diff(store, "r0", by="channel").set_index("metric")
    assert found.loc["leads", ["before", "now", "rows"]].tolist() == [4.0, 3.0, 1]


def test_rows_that_were_dropped_for_good_are_on_neither_side() -> None:
    restated = [{**row, "cost": 70.0} for row in FIRST if row["date"].startswith("2025-07")]
    store = ran((FIRST, RECORDS), ([*restated, {**FIRST[-1], "cost": 11.0}], []))
    store.retain("2025-08-01", kind="ads", dry_run=False)
    assert diff(store, "r0", by=[])["difference"].tolist() == [1.0]


def test_the_sheet_of_tags_counts_on_both_sides() -> None:
    store = ran((FIRST, RECORDS))
    store.add_tags(pd.DataFrame({"campaign_id": ["C-1"], "utm_campaign": ["other"]}))
    restated = [{**FIRST[0], "clicks": 11}]
    admira.ingest(store, ads=restated, crm=[{**RECORDS[0], "utm_campaign": "other"}], run_id="r1")
    found = diff(store, "r0", by="campaign_id")
    leads = found[found["metric"] == "leads"].set_index("campaign_id")["now"]
    whole = store.metrics(by="campaign_id").set_index("campaign_id")["leads"]
    assert leads.to_dict() == pytest.approx(whole[leads.index].to_dict())


def test_a_run_that_never_was_is_named() -> None:
    with pytest.raises(
        OptionError, match=r"as_of='r7' is not understood; expected one of: r0, a day"
    ):
        diff(ran((FIRST, RECORDS)), "r7")
    with pytest.raises(OptionError, match="once ingest"):
        diff(admira.open_store("memory:"), "r0")
    with pytest.raises(OptionError, match="weather"):
        diff(ran((FIRST, RECORDS)), "r0", by="weather")


@pytest.mark.parametrize(
    ("as_of", "differences"),
    [
        ("2025-08-31", [140.0]),
        ("2025-09-01", [10.0]),
        (date(2025, 9, 1), [10.0]),
        (pd.Timestamp("2025-09-01"), [10.0]),
        ("2025-09-01T22:30", [20.0]),
        ("2025-09-01T23:30", [10.0]),
        ("2025-09-01T23:30Z", []),
        (datetime(2025, 9, 1, 21, tzinfo=UTC), [20.0]),
        ("2025-09-02", []),
    ],
)
def test_a_day_ends_at_midnight_of_the_stores_zone_and_an_instant_at_once(
    as_of: Any, differences: list[float]
) -> None:
    store = admira.open_store("memory:", tz="Europe/Madrid")
    for hour, rows in (
        (9, FIRST),
        (21, [{**FIRST[0], "cost": 20.0}]),
        (22, [{**FIRST[0], "cost": 30.0}]),
    ):
        now = datetime(2025, 9, 1, hour, 10, tzinfo=UTC)  # the last is of the day after in Madrid
        admira.ingest(store, ads=rows, crm=[], now=now)
    found = diff(store, as_of, by=[])
    assert found.loc[found["metric"] == "cost", "difference"].tolist() == differences


def test_a_run_named_like_a_day_is_the_run() -> None:
    store = ran((FIRST, RECORDS))
    ads = [{**FIRST[0], "cost": 11.0}]
    admira.ingest(store, ads=ads, crm=[], run_id="2025-08-31", now=datetime(2025, 9, 3, tzinfo=UTC))
    assert diff(store, "2025-08-31").empty
    assert not diff(store, "2025-08-30").empty


def test_the_dimensions_of_a_row_name_each_row_that_differs() -> None:
    batch = ([{**FIRST[0], "cost": 11.0}], [{**RECORDS[2], "stage": "closed_won"}])
    by = ["date", "channel", "campaign_id", "opportunity_id"]
    found = diff(ran((FIRST, RECORDS), batch), "r0", by=by)
    of_ads, of_crm = (found[found["metric"] == name] for name in ("cost", "revenue"))
    assert of_ads[["date", "campaign_id", "rows"]].to_numpy().tolist() == [
        [pd.Timestamp("2025-07-01"), "C-1", 1]
    ]
    assert set(of_crm["opportunity_id"]) == {"O-3"}
    assert of_crm["difference"].tolist() == [50.0, 50.0]


@pytest.mark.parametrize("as_of", ["today", "2025-02-30", "7", 7, None])
def test_a_moment_that_is_none_is_refused(as_of: Any) -> None:
    with pytest.raises(OptionError, match=r"expected one of: r0, a day or an instant"):
        diff(ran((FIRST, RECORDS)), as_of)


def test_a_store_of_files_answers_the_same(tmp_path: Any) -> None:
    batches = ((FIRST, RECORDS), ([{**FIRST[0], "clicks": 70, "cost": 3.0}], []))
    memory, files = ran(*batches), admira.open_store(tmp_path / "store")
    for place, (of_ads, of_crm) in enumerate(batches):
        admira.ingest(files, ads=of_ads, crm=of_crm, run_id=f"r{place}")
    pd.testing.assert_frame_equal(diff(memory, "r0"), diff(files, "r0"))


def test_money_of_several_currencies_stays_apart() -> None:
    both = [{**FIRST[0], "campaign_id": "C-9", "currency": "USD"}]
    store = ran((FIRST, RECORDS), (both, []))
    found = diff(store, "r0", by=[]).set_index(["currency", "metric"])
    assert found.loc[("USD", "cost"), "now"] == 10.0
    assert ("EUR", "cost") not in found.index


def test_a_new_crm_row_of_its_own_makes_a_row() -> None:
    store = admira.open_store("memory:")
    with store.backend.transaction(run_id="only") as commit:
        commit.upsert(crm({}))
    with store.backend.transaction(run_id="next") as commit:
        commit.upsert(crm({"opportunity_id": "O-2"}))
    found = diff(store, "only", by=[]).set_index("metric")
    assert found.loc["leads", ["before", "now", "rows"]].tolist() == [1.0, 2.0, 1]
