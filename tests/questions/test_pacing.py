"""Budgets: spent, expected, projected, and which budget a cost counts in."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admira
from admira.errors import AmbiguousData, DataError, OptionError, SchemaMismatch
from admira.questions.pacing import NO_BUDGET, pacing
from tests.stores.rows import ads

DEMO = admira.demo()
MONTH_END = pd.Timestamp("2025-12-31")


def by_hand(rows: pd.DataFrame, budget: float, today: str) -> tuple[float, float, float]:
    """Give spent, expected and projected of a scope that spent in each of the last 8 weeks."""
    now = pd.Timestamp(today)
    daily = rows.groupby("date")["cost"].sum()
    daily = daily.reindex(pd.date_range("2025-08-01", now), fill_value=0.0)
    last = daily.iloc[-56:]
    shares = last.groupby(last.index.day_of_week).sum() / last.sum()
    month = pd.date_range(now.replace(day=1), MONTH_END)
    weights = pd.Series(shares.loc[month.day_of_week].to_numpy(), index=month)
    spent = daily[daily.index >= month[0]].sum()
    expected = budget * weights[weights.index <= now].sum() / weights.sum()
    to_come = daily.iloc[-28:].sum() / 4 * weights[weights.index > now].sum()
    return spent, expected, spent + to_come


def paced(budgets: Any, store: admira.Store = DEMO, **options: Any) -> pd.DataFrame:
    return pacing(store, budgets, **options)


def row_of(found: pd.DataFrame, channel: str) -> pd.Series:
    (row,) = [row for _, row in found.iterrows() if row["channel"] == channel]
    return row


@pytest.mark.parametrize("today", ["2025-12-01", "2025-12-15", "2025-12-30"])
def test_the_figures_are_those_worked_out_by_hand(today: str) -> None:
    row = row_of(paced([{"channel": "google_ads", "budget": 11000}], today=today), "google_ads")
    rows = DEMO.ads(channel="google_ads")
    spent, expected, projected = by_hand(rows, 11000, today)
    assert row["spent"] == pytest.approx(spent)
    assert row["expected"] == pytest.approx(expected)
    assert row["projected"] == pytest.approx(projected)
    assert row["pace"] == pytest.approx(spent / expected)
    assert row["difference"] == pytest.approx(projected - 11000)
    assert row["basis"] == "weekdays"


def test_at_the_months_end_nothing_is_left_to_project() -> None:
    found = paced([{"channel": "meta_ads", "budget": 5000, "month": "2025-11"}], month="2025-11")
    cost = DEMO.ads(channel="meta_ads", start="2025-11-01", end="2025-11-30")["cost"].sum()
    row = row_of(found, "meta_ads")
    assert row["spent"] == row["projected"] == pytest.approx(cost)
    assert row["expected"] == pytest.approx(5000)


def test_the_last_day_with_ads_that_is_over_is_today() -> None:
    found = paced([{"channel": "meta_ads", "budget": 1}])
    assert found.attrs["today"] == MONTH_END
    assert found["month"].tolist() == [pd.Timestamp("2025-12-01")] * 2


CAMPAIGNS = DEMO.ads(start="2025-12-01")[["channel", "campaign_id"]].drop_duplicates()


@given(
    st.lists(st.sampled_from(sorted(CAMPAIGNS["channel"].unique())), unique=True),
    st.lists(st.sampled_from(CAMPAIGNS["campaign_id"].tolist()), unique=True, max_size=5),
    st.integers(1, 31),
)
@settings(max_examples=10)
def test_the_rows_add_up_to_the_months_cost(channels: list[str], ids: list[str], day: int) -> None:
    budgets = [{"channel": each, "budget": 100.0} for each in channels]
    budgets += [{"campaign_id": each, "budget": 10.0} for each in ids]
    today = f"2025-12-{day:02}"
    found = paced(budgets, today=today)
    cost = DEMO.ads(start="2025-12-01", end=today)["cost"].sum()
    assert found["spent"].sum() == pytest.approx(cost)
    assert len(found) - len(budgets) <= 1


def test_a_campaign_with_a_budget_does_not_count_in_its_channels() -> None:
    rows = DEMO.ads(start="2025-12-01", end="2025-12-15", channel="google_ads")
    campaign = rows.groupby("campaign_id")["cost"].sum().idxmax()
    budgets = [
        {"channel": "google_ads", "budget": 9000},
        {"channel": "Google_Ads ", "campaign_id": campaign, "budget": 900},
    ]
    found = paced(budgets, today="2025-12-15")
    is_its = rows["campaign_id"] == campaign
    assert found["spent"][0] == pytest.approx(rows.loc[~is_its, "cost"].sum())
    assert found["spent"][1] == pytest.approx(rows.loc[is_its, "cost"].sum())
    assert found["note"][0] == "Without its campaigns that have budgets of their own: 1."


def spent_daily(start: str, end: str, **row: Any) -> list[dict[str, Any]]:
    return [{"date": f"{day:%Y-%m-%d}", **row} for day in pd.date_range(start, end)]


def filled(*rows: dict[str, Any]) -> admira.Store:
    store = admira.open_store("memory:")
    store.upsert(ads(*rows))
    return store


def test_without_eight_weeks_of_spend_all_days_count_the_same() -> None:
    store = filled(*spent_daily("2025-08-01", "2025-08-10", cost=20.0))
    row = pacing(store, [{"channel": "google_ads", "budget": 310}]).iloc[0]
    assert (row["basis"], row["spent"], row["expected"]) == (
        "equal days",
        200.0,
        pytest.approx(100.0),
    )
    assert row["projected"] == pytest.approx(200 + 21 * 20)
    assert row["status"] == "over"


def test_a_store_of_one_row_is_paced() -> None:
    row = pacing(filled({"cost": 31.0}), [{"campaign_id": "C-1", "budget": 961.0}]).iloc[0]
    assert (row["spent"], row["expected"], row["projected"]) == (
        31.0,
        pytest.approx(31.0),
        pytest.approx(961.0),
    )
    assert (row["status"], row["pace"]) == ("on track", pytest.approx(1.0))


@pytest.mark.parametrize(
    ("budget", "status"),
    [(590, "over"), (591, "on track"), (652, "on track"), (653, "under")],
)
def test_within_five_percent_a_budget_is_on_track(budget: float, status: str) -> None:
    store = filled(*spent_daily("2025-08-01", "2025-08-31", cost=20.0))
    assert pacing(store, [{"channel": "google_ads", "budget": budget}])["status"][0] == status


def test_a_budget_of_nothing_is_over_once_something_is_spent() -> None:
    budgets = [{"channel": "google_ads", "budget": 0}]
    row = pacing(filled({"cost": 1.0}), budgets).iloc[0]
    assert (row["status"], pd.isna(row["pace"])) == ("over", True)
    assert pacing(filled({"cost": 0.0}), budgets)["status"][0] == "on track"


def test_what_the_store_does_not_know_is_kept_with_a_note() -> None:
    budgets = [
        {"channel": "radio", "budget": 10},
        {"campaign_id": "C-1", "channel": "radio", "budget": 10},
    ]
    found = pacing(filled({"cost": 5.0}), budgets)
    assert found["spent"].tolist() == [0.0, 0.0, 5.0]
    assert found["status"].tolist()[:2] == ["under", "under"]
    assert found["note"].tolist() == [
        "The store has no ads of radio.",
        "The store has no ads of radio C-1.",
        "",
    ]


def test_a_known_scope_that_spends_nothing_has_no_note() -> None:
    store = filled({"cost": 5.0}, {"campaign_id": "C-2", "date": "2025-03-01", "cost": 1.0})
    assert pacing(store, [{"campaign_id": "C-2", "budget": 1}])["note"].tolist() == ["", ""]


def test_a_month_still_to_come_is_projected_at_the_present_level() -> None:
    store = filled(*spent_daily("2025-06-01", "2025-08-31", cost=20.0))
    row = pacing(store, [{"channel": "google_ads", "budget": 600}], month="2025-09").iloc[0]
    assert (row["spent"], row["expected"], pd.isna(row["pace"])) == (0.0, 0.0, True)
    assert row["projected"] == pytest.approx(600.0)


def test_only_budgets_of_the_month_count() -> None:
    budgets = pd.DataFrame(
        {
            "channel": ["google_ads", "google_ads"],
            "month": ["2025-07-15", pd.Timestamp("2025-08-09")],
            "budget": ["70", 80],
        }
    )
    assert pacing(filled({}), budgets)["budget"].tolist() == [80.0]
    assert pacing(filled({}), budgets, month="2025-07")["budget"].tolist() == [70.0]
    with pytest.raises(DataError, match=r"No budget is of 2025-09; there are some of 2025-07, 202"):
        pacing(filled({}), budgets, month="2025-09")


def test_without_budgets_all_is_spent_without_one() -> None:
    for nothing in ([], pd.DataFrame(columns=["channel", "month", "budget"])):
        found = pacing(filled({"cost": 5.0}), nothing)
        assert found[["channel", "spent"]].to_numpy().tolist() == [[NO_BUDGET, 5.0]]
        assert found[["budget", "expected", "pace", "difference", "status"]].isna().all(axis=None)


def test_a_csv_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "budgets.csv"
    path.write_text("channel;month;budget\nGoogle_Ads;2025-08;310\n", encoding="utf-16")
    found = pacing(filled({"cost": 5.0}), path)
    assert found[["channel", "spent"]].to_numpy().tolist() == [["google_ads", 5.0]]


def test_ids_that_came_as_numbers_are_ids() -> None:
    store = filled({"campaign_id": "123", "cost": 5.0})
    mixed = pd.DataFrame({"channel": ["radio", None], "campaign_id": [None, 123], "budget": [1, 2]})
    assert pacing(store, mixed)["spent"].tolist() == [0.0, 5.0]
    with pytest.raises(DataError, match=r"budgets row 1 .*campaign_id is 1e\+20; write it as text"):
        pacing(store, [{"campaign_id": 1e20, "budget": 1}])


# Currencies


EUR, USD = {"currency": "EUR", "cost": 4.0}, {"currency": "USD", "cost": 9.0, "campaign_id": "C-2"}


def test_currencies_are_paced_apart() -> None:
    found = pacing(filled(EUR, USD), [{"channel": "google_ads", "currency": "eur", "budget": 9}])
    assert found[["channel", "currency", "spent"]].to_numpy().tolist() == [
        ["google_ads", "EUR", 4.0],
        [NO_BUDGET, "USD", 9.0],
    ]
    assert found.attrs["currency"] is None
    assert pacing(filled(EUR), [])[["currency"]].to_numpy().tolist() == [["EUR"]]
    assert pacing(filled(EUR), []).attrs["currency"] == "EUR"


def test_a_budget_without_a_currency_is_not_spent_in_two() -> None:
    budgets = [{"campaign_id": "C-1", "budget": 9}, {"channel": "google_ads", "budget": 9}]
    assert pacing(filled(EUR, USD), budgets)["currency"].tolist() == ["EUR", "USD"]
    with pytest.raises(AmbiguousData, match=r"budgets row 1 .*\(EUR, USD\): give one row per"):
        pacing(filled(EUR, USD), budgets[1:])


def test_where_the_store_knows_no_currency_the_budgets_is_meant() -> None:
    budgets = [{"channel": "google_ads", "currency": "EUR", "budget": 9}]
    assert pacing(filled({"cost": 3.0}), budgets)["spent"].tolist() == [3.0]


# Bad budgets


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"budget": -1}, r"budgets row 2 cannot be used: budget is -1; give a number from 0 up"),
        ({"budget": "lots"}, r"row 2 .*budget is 'lots'"),
        ({"budget": "1.000,50"}, r"row 2 .*budget is '1.000,50'"),
        ({"budget": None}, r"row 2 .*budget is (None|nan)"),
        ({"budget": float("inf")}, r"row 2 .*budget is inf"),
        ({"budget": True}, r"row 2 .*budget is True"),
        ({"month": "December"}, r"row 2 .*month is 'December'; give a month such as 2025-12"),
        ({"month": None}, r"row 2 .*month is (None|nan)"),
        ({"channel": " "}, r"row 2 .*it names no channel and no campaign_id; give one of them"),
        ({"channel": "GOOGLE_ADS"}, r"row 2 .*google_ads has one in row 1 already; keep one row"),
    ],
)
def test_a_bad_budget_is_refused_by_its_row(bad: dict[str, Any], sentence: str) -> None:
    good = {"channel": "google_ads", "month": "2025-08", "budget": 5}
    with pytest.raises(DataError, match=sentence):
        pacing(filled({}), [good, {**good, "channel": "meta_ads", **bad}])


@pytest.mark.parametrize(
    "other",
    [{"campaign_id": "C-1"}, {"campaign_id": "C-1", "channel": "google_ads", "currency": "EUR"}],
)
def test_two_budgets_that_could_both_take_a_cost_are_refused(other: dict[str, Any]) -> None:
    budgets = [{"campaign_id": "C-1", "channel": "google_ads"}, other]
    with pytest.raises(DataError, match="C-1 has one in row 1 already"):
        pacing(filled({}), [{**each, "budget": 1} for each in budgets])


def test_tables_that_are_none_are_refused() -> None:
    with pytest.raises(OptionError, match=r"budgets column='channnel'.*Did you mean 'channel'"):
        pacing(filled({}), [{"channnel": "google_ads", "budget": 1}])
    with pytest.raises(SchemaMismatch, match="budgets rows lack 'budget'"):
        pacing(filled({}), [{"channel": "google_ads"}])
    for nothing in (7, [1], b"x", {"channel": "google_ads"}):
        with pytest.raises(OptionError, match="a list of dicts"):
            pacing(filled({}), nothing)
    with pytest.raises(OptionError, match="month="):
        pacing(filled({}), [], month="soon")


def test_a_store_without_ads_says_so() -> None:
    empty, budgets = admira.open_store("memory:"), [{"channel": "google_ads", "budget": 1}]
    with pytest.raises(DataError, match="no ads to pace against yet"):
        pacing(empty, budgets)
    assert pacing(empty, budgets, today="2025-08-05")["spent"].tolist() == [0.0]


def test_the_columns_have_their_types() -> None:
    found = pacing(filled({}), [{"channel": "google_ads", "budget": 1}])
    figures = ["budget", "spent", "expected", "pace", "projected", "difference"]
    texts = ["channel", "campaign_id", "currency", "status", "basis", "note"]
    assert {str(found[name].dtype) for name in figures} == {"Float64"}
    assert {str(found[name].dtype) for name in texts} == {"str"}
    assert str(found["month"].dtype) == "datetime64[us]"


@pytest.fixture(scope="module")
def grouped() -> admira.Store:
    store = admira.demo()
    store.add_group(
        "theme", {"offer": "prospecting|free trial", "brand": "brand|marca", "empty": "no such"}
    )
    return store


def of_theme(rows: pd.DataFrame, store: admira.Store, label: str) -> pd.DataFrame:
    members = store.grouping("theme").campaigns
    return rows[rows["campaign_id"].isin(members.loc[members["group"] == label, "campaign_id"])]


def test_budgets_of_groups_are_paced_as_by_hand(grouped: admira.Store) -> None:
    budgets = [{"theme": "offer", "budget": 5000}, {"theme": "brand", "budget": 4000}]
    found = pacing(grouped, budgets, by="theme", today="2025-12-15")
    for place, budget in enumerate(budgets):
        rows = of_theme(grouped.ads(), grouped, str(budget["theme"]))
        by_now = by_hand(rows, float(str(budget["budget"])), "2025-12-15")
        figures = found.loc[place, ["spent", "expected", "projected"]].tolist()
        assert figures == pytest.approx(by_now)
    cost = grouped.ads(start="2025-12-01", end="2025-12-15")["cost"].sum()
    assert found["spent"].sum() == pytest.approx(cost)
    assert found["theme"].tolist()[:2] == ["offer", "brand"]
    assert found["channel"].tolist()[2:] == [NO_BUDGET]
    assert found.attrs["by"] == "theme"


def test_a_group_with_a_budget_does_not_count_in_its_channels(grouped: admira.Store) -> None:
    budgets = [
        {"channel": "google_ads", "budget": 9000},
        {"channel": "google_ads", "theme": "brand", "budget": 900},
        {"theme": "empty", "budget": 1},
    ]
    found = pacing(grouped, budgets, by="theme", today="2025-12-15")
    rows = grouped.ads(start="2025-12-01", end="2025-12-15", channel="google_ads")
    own = of_theme(rows, grouped, "brand")["cost"].sum()
    assert found["spent"].tolist()[:3] == pytest.approx([rows["cost"].sum() - own, own, 0.0])
    assert found["note"].tolist()[0] == "Without its groups that have budgets of their own: 1."
    assert found["note"].tolist()[2] == "The store has no ads of empty."


def test_budgets_of_campaigns_by_name_are_those_by_id() -> None:
    names = DEMO.named(DEMO.metrics(["channel", "campaign_id"], start="2025-12-01", scope="paid"))
    named = names[names["campaign_name"].notna() & ~names["campaign_name"].duplicated(keep=False)]
    budgets = named.nlargest(3, "cost").assign(budget=500.0)
    by_id, by_name = (
        pacing(DEMO, budgets[["channel", each, "budget"]], by=each, today="2025-12-15")
        for each in ("campaign_id", "campaign_name")
    )
    figures = ["spent", "expected", "projected", "note"]
    pd.testing.assert_frame_equal(by_id[figures], by_name[figures])
    assert by_name["campaign_name"].tolist()[:3] == budgets["campaign_name"].tolist()
    assert (by_name["spent"] > 0).all()


def test_what_budgets_cannot_be_of_is_refused(grouped: admira.Store) -> None:
    for by in ("utm_campaign", "weather", "channel", "date"):
        with pytest.raises(OptionError, match="campaign_id, campaign_name, theme"):
            pacing(grouped, [{"channel": "meta_ads", "budget": 1}], by=by)
    with pytest.raises(OptionError, match="budgets column"):
        pacing(grouped, [{"campaign_id": "C-1", "budget": 1}], by="theme")
    with pytest.raises(DataError, match="no channel and no theme"):
        pacing(grouped, [{"budget": 1}], by="theme")
    with pytest.raises(OptionError, match="name='budget'"):
        grouped.add_group("budget", {"any": ".*"})
