"""Groups of campaigns: kept in a store, and dimensions of every question."""

from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admira
from admira.core.totals import MEASURES
from admira.errors import DataError, OptionError, SchemaMismatch
from tests.stores.rows import ads, crm

BRAND = {"brand": "brand|marca", "non-brand": ".*"}


def small(place: Any = "memory:") -> admira.Store:
    """Give a store of three campaigns, one of them renamed, and one opportunity without tags."""
    store = admira.open_store(place)
    store.upsert(
        ads(
            {"campaign_id": "C-1", "campaign_name": "Generic", "cost": 1.0, "utm_campaign": "a"},
            {
                "campaign_id": "C-1",
                "campaign_name": "Brand",
                "cost": 2.0,
                "utm_campaign": "a",
                "date": "2025-09-02",
            },
            {"campaign_id": "C-2", "campaign_name": "Marca ES", "cost": 4.0, "utm_campaign": "b"},
            {"campaign_id": "brand-3", "campaign_name": None, "cost": 8.0, "utm_campaign": "c"},
        )
    )
    store.upsert(crm({"utm_campaign": "a"}, {"opportunity_id": "O-2", "utm_campaign": ""}))
    return store


def costs(kpis: pd.DataFrame, by: str) -> dict[Any, float]:
    return dict(zip(kpis[by], kpis["cost"], strict=True))


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    store = admira.demo()
    store.add_group("brand", BRAND)
    store.add_group("aim", {"new": ["prospecting", "lookalike"], "known": "retargeting|brand"})
    return store


def test_a_renamed_campaign_is_in_one_group_by_its_latest_name() -> None:
    store = small()
    store.add_group("brand", {"brand": "brand", "other": ".*"})
    found = store.metrics(["date", "brand"])
    assert found.loc[found["cost"] > 0, "brand"].tolist() == ["brand", "other", "brand"]
    assert costs(store.metrics("brand"), "brand") == {"(untagged)": 0, "brand": 11, "other": 4}


def test_the_first_rule_that_matches_wins_whatever_the_case() -> None:
    store = small()
    store.add_group("first", {"everything": ".*", "brand": "brand"})
    assert costs(store.metrics("first", scope="paid"), "first") == {"everything": 15}
    store.add_group("first", {"brand": "BRAND", "everything": ".*"})  # rules are replaced
    assert costs(store.metrics("first", scope="paid"), "first") == {"brand": 11, "everything": 4}


def test_a_rule_may_name_a_campaign_by_id_and_be_of_one_channel() -> None:
    store = small()
    rules = [
        {"group": "x", "campaign_id": "C-2"},
        {"group": "y", "pattern": ".*", "channel": "Meta_Ads"},
        {"group": "z", "pattern": "^brand$", "channel": "google_ads"},
    ]
    store.add_group("mixed", rules)
    assert costs(store.metrics("mixed", scope="paid"), "mixed") == {
        "(ungrouped)": 8,
        "x": 4,
        "z": 3,
    }


def test_rules_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "rules.csv").write_text("campaign_id,group\nC-1,one\nC-2,two\n")
    store = small()
    found = store.add_group("file", tmp_path / "rules.csv")
    assert found.campaigns.set_index("campaign_id")["group"].to_dict() == {
        "C-1": "one",
        "C-2": "two",
        "brand-3": "(ungrouped)",
    }


def test_what_the_rules_leave_out_is_reported() -> None:
    store = small()
    rules = {"brand": "brand", "spanish": "es$", "generic": ["marca|brand", "nothing"]}
    found = store.add_group("report", rules)
    assert found.overlapping[["campaign_id", "group", "also"]].to_numpy().tolist() == [
        ["C-1", "brand", "generic"],
        ["C-2", "spanish", "generic"],
        ["brand-3", "brand", "generic"],
    ]
    assert found.idle["pattern"].tolist() == ["marca|brand", "nothing"]
    assert found.rules["matches"].tolist() == [2, 1, 3, 0]
    assert found.unmatched.empty
    assert not found.is_clear
    assert "in several: 3, rules that took none: 2" in repr(found)
    html = found._repr_html_()
    assert "Campaigns that fit several groups" in html
    assert "Campaigns in no group" not in html
    clear = store.add_group("report", BRAND)
    assert clear.is_clear  # what takes the rest overlaps with nothing
    left = store.add_group("report", {"brand": "^brand$"})
    assert left.unmatched["campaign_id"].tolist() == ["C-2", "brand-3"]


def test_groups_are_kept_with_the_store_listed_and_removed(tmp_path: Path) -> None:
    small(tmp_path / "store").add_group("brand", BRAND)
    store = admira.open_store(tmp_path / "store")
    store.add_group("other", {"all": ".*"})
    assert store.groups()["name"].tolist() == ["brand", "brand", "other"]
    assert store.groups()["pattern"].tolist() == ["brand|marca", ".*", ".*"]
    assert store.metrics("brand", scope="paid")["brand"].tolist() == ["brand"]
    store.add_group("brand", {"anything": ".*"})  # answers that were held are not given again
    assert store.metrics("brand", scope="paid")["brand"].tolist() == ["anything"]
    store.remove_group("brand")
    assert store.groups()["name"].tolist() == ["other"]
    with pytest.raises(OptionError, match="by='brand'"):
        store.metrics("brand")
    with pytest.raises(OptionError, match=r"group='brand'.*other"):
        store.remove_group("brand")
    store.remove_group("other")
    assert store.groups().empty


def test_the_same_rules_again_write_nothing(tmp_path: Path) -> None:
    store = small(tmp_path / "store")
    store.add_group("brand", BRAND)
    sleep(0.15)  # what was written some time ago may be kept beside it
    store.grouping("brand")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.parquet")}
    store.add_group("brand", BRAND)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.parquet")} == before


def test_buckets_keep_their_names(demo: admira.Store) -> None:
    plain = demo.metrics("campaign_id")
    is_bucket = plain["campaign_id"].str.startswith("(")
    found = demo.metrics("brand").set_index("brand")["leads"]
    by_hand = plain[is_bucket].set_index("campaign_id")["leads"]
    assert {*by_hand.index} == {"(unattributed)", "(untagged)", "(unknown)"}
    assert found[by_hand.index].to_numpy() == pytest.approx(by_hand.to_numpy())


@pytest.mark.parametrize("by", [["brand"], ["aim", "channel"], ["date", "aim", "brand"]])
@pytest.mark.parametrize("options", [{}, {"start": "2025-11-03", "lands_on": "closed"}])
def test_groups_part_the_rows(demo: admira.Store, by: list[str], options: dict[str, Any]) -> None:
    found = demo.metrics(by, **options)[[*MEASURES]].sum()
    whole = demo.metrics([], **options)[[*MEASURES]].sum()
    assert found.to_numpy() == pytest.approx(whole.to_numpy())


@settings(max_examples=12)
@given(st.lists(st.sampled_from(["brand", "^a", "uk", "v2$", "[0-9]", ".*", "zzz"]), min_size=1))
def test_groups_part_the_rows_whatever_the_rules(demo: admira.Store, patterns: list[str]) -> None:
    demo.add_group("some", [{"group": f"g{n % 3}", "pattern": p} for n, p in enumerate(patterns)])
    kpis = demo.metrics(["some", "channel"])
    whole = demo.metrics("channel")
    sums = kpis.groupby("channel")[[*MEASURES]].sum()
    assert sums.to_numpy() == pytest.approx(whole[[*MEASURES]].to_numpy())


def test_a_group_is_a_filter(demo: admira.Store) -> None:
    whole = demo.metrics(["brand", "channel"])
    wanted = whole[whole["brand"].isin(["brand", "(unknown)"])].groupby("channel")["leads"].sum()
    kept = demo.metrics("channel", brand=["brand", "(unknown)"]).set_index("channel")["leads"]
    assert kept.to_dict() == pytest.approx(wanted.to_dict())
    facts = demo.facts(brand="brand")
    assert facts["leads"].sum() == pytest.approx(whole[whole["brand"] == "brand"]["leads"].sum())
    ads_of = demo.ads(brand="brand")
    assert ads_of["cost"].sum() == pytest.approx(whole[whole["brand"] == "brand"]["cost"].sum())
    with pytest.raises(OptionError, match="filter='brand'"):
        demo.crm(brand="brand")


def test_every_question_knows_groups(demo: admira.Store) -> None:
    by_hand = demo.metrics("brand", period="2025-11").set_index("brand")["cost"]
    compared = demo.compare("brand", period="2025-11").set_index("brand")["cost"]
    assert compared[by_hand.index].to_numpy() == pytest.approx(by_hand.to_numpy())
    moved = demo.movers("cost", by="brand", period="2025-11", scope="all", brand="brand")
    assert moved["now"].tolist() == pytest.approx([by_hand["brand"]])
    aged = demo.cohorts(metric="cost", by="brand", ages=[0], start="2025-11-01", end="2025-11-30")
    aged_by_group = aged.set_index("brand")["cost"]
    assert aged_by_group["brand"] == pytest.approx(by_hand["brand"])
    won = demo.lags(by="brand").set_index("brand")["closed_won"]
    assert won.sum() == pytest.approx(demo.metrics([])["closed_won"].iloc[0])
    stated = demo.check(
        {"brand": by_hand["brand"]}, start="2025-11-01", end="2025-11-30", by="brand"
    )
    assert stated.set_index("brand").loc["brand", "is_equal"]
    why = admira.explain(demo, "cpa", brand="brand", start="2025-11-01", end="2025-11-30")
    cpa = demo.metrics("brand", period="2025-11").set_index("brand").loc["brand", "cpa"]
    assert why.value == pytest.approx(cpa)
    assert 'brand=["brand"]' in why.code


def test_what_changed_is_told_by_group() -> None:
    example = admira.datasets.worked_example()
    store = admira.open_store("memory:")
    admira.ingest(store, ads=example.ads, crm=example.crm, run_id="monday")
    restated = [{**example.ads[0], "cost": 360.75}]
    admira.ingest(store, ads=restated, crm=[], run_id="tuesday")
    store.add_group("half", {"one": "^C-1", "two": "^C-2"})
    found = store.diff("monday", by="half")
    assert found[["half", "metric", "difference", "rows"]].to_numpy().tolist() == [
        ["one", "cost", 10.0, 1]
    ]
    assert store.diff("monday", by="campaign_name")["difference"].tolist() == [10.0]


@pytest.mark.parametrize(
    "name", ["cost", "channel", "roas", "scope", "lands_on", "a b", "x_change"]
)
def test_a_name_that_means_something_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match="name="):
        small().add_group(name, BRAND)


@pytest.mark.parametrize(
    ("rules", "error", "message"),
    [
        ({"(other)": "a"}, DataError, "Rule 1 .* begin with a bracket"),
        ({"a": "a", "b": "("}, DataError, "Rule 2 .* no regular expression"),
        ([{"group": "a", "pattern": "", "campaign_id": ""}], DataError, "either a pattern or"),
        ([{"group": "a", "name": "b"}], OptionError, "rules column='name'"),
        ([{"group": "a"}], SchemaMismatch, "pattern or campaign_id"),
        ({}, OptionError, "at least one group"),
        (7, OptionError, "rules='int'"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(rules: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        small().add_group("brand", rules)


def test_campaigns_go_by_their_latest_name() -> None:
    store = small()
    assert costs(store.metrics("campaign_name", campaign_id=["C-1", "C-2"]), "campaign_name") == {
        "Brand": 3,
        "Marca ES": 4,
    }
    nameless = store.metrics("campaign_name", scope="paid")
    assert nameless["campaign_name"].isna().sum() == 1
    kept = store.metrics([], campaign_name=[" Brand", np.nan], scope="paid")
    assert kept["cost"].tolist() == [11]
    assert len(store.ads(campaign_name="Brand")) == len(store.ads(campaign_id="C-1")) == 2
    assert store.facts(campaign_name="Brand")["leads"].sum() == 1
    both = store.metrics(["campaign_id", "campaign_name"], scope="paid")
    assert both["campaign_name"].tolist()[:2] == ["Brand", "Marca ES"]


def test_campaigns_of_one_name_share_a_row() -> None:
    store = small()
    store.upsert(ads({"campaign_id": "C-9", "campaign_name": "Brand", "cost": 16.0}))
    assert costs(store.metrics("campaign_name"), "campaign_name")["Brand"] == 19


def test_campaigns_without_any_name_are_one_row_of_none() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({}, {"campaign_id": "C-2"}))
    found = store.metrics(["channel", "campaign_name"])
    assert found["campaign_name"].isna().tolist() == [True]
    assert found["cost"].tolist() == [3]
    assert store.metrics("campaign_name", start="2025-09-01").empty
