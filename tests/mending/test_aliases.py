"""Tags that are read as others: by the join, in every question, and only while they are kept."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import admira
from admira.errors import OptionError
from tests.stores.rows import ads, crm

PAID = {"utm_campaign": "spring", "utm_source": "google", "utm_medium": "cpc"}
WRONG = {"utm_campaign": "sprng", "utm_source": "google", "utm_medium": "cpc"}


def small(place: Any = "memory:") -> admira.Store:
    """Give a store of one campaign and three leads, of which one finds it."""
    store = admira.open_store(place)
    store.upsert(ads(PAID))
    leads = [PAID, WRONG, {**WRONG, "utm_source": "newsletter"}]
    store.upsert(crm(*({**tags, "opportunity_id": f"O-{n}"} for n, tags in enumerate(leads))))
    return store


def matches(store: admira.Store, **options: Any) -> list[tuple[str, str]]:
    facts = store.facts(**options)
    shares = facts[facts["match"] != "ad"].sort_values("opportunity_id")
    return list(zip(shares["match"], shares["match_reason"], strict=True))


NONE = ("none", "utm_unknown")
FOUND = ("exact", "")
MENDED = ("alias", "")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Sprng ", "SPRING", [FOUND, MENDED, ("none", "utm_conflict")]),
        (("sprng", "google", "cpc"), "spring", [FOUND, MENDED, NONE]),
        (("sprng", "newsletter", "cpc"), ("spring", "google", "cpc"), [FOUND, NONE, MENDED]),
        ("sprng", ("spring", "google", "cpc"), [FOUND, MENDED, MENDED]),
        ("sprng", "c-1", [FOUND, ("id", ""), ("none", "utm_conflict")]),
        ("spring", "sprng", [NONE, NONE, NONE]),
    ],
    ids=str,
)
def test_an_old_tag_is_read_as_a_new_one(old: Any, new: Any, expected: Any) -> None:
    store = small()
    assert matches(store) == [FOUND, NONE, NONE]
    assert store.alias(old, new) == 1
    assert matches(store) == expected
    assert store.reconcile()["reconciles"].all()
    assert store.crm()["utm_campaign"].tolist() == ["spring", "sprng", "sprng"]  # untouched


def test_the_verb_reads_them_likewise_on_every_day() -> None:
    store = small()
    facts = admira.join_utm(store.ads(), store.crm(), tag_aliases={"sprng": "spring"})
    store.alias("sprng", "spring")
    pd.testing.assert_frame_equal(facts, store.facts())
    for options in ({"window_days": 3}, {"lands_on": "ad_day"}):
        mended = matches(store, **options)
        assert mended[:2] == [FOUND, MENDED]


def test_a_triple_comes_before_a_campaign_and_tags_are_read_once() -> None:
    store = small()
    aliases = {"sprng": "spring", ("sprng", "google", "cpc"): "autumn", "autumn": "spring"}
    assert store.alias(aliases) == 3
    assert matches(store)[1] == NONE  # autumn, and not on to spring
    assert store.facts()["utm_campaign"].tolist().count("autumn") == 1


def test_aliases_are_kept_with_the_store_and_taken_back(tmp_path: Path) -> None:
    small(tmp_path / "store").alias(("sprng", "google", "cpc"), "spring")
    store = admira.open_store(tmp_path / "store")
    assert store.metrics("channel", scope="paid")["leads"].tolist() == [2]
    assert store.aliases() == {("sprng", "google", "cpc"): "spring"}
    assert store.alias(store.aliases()) == 0
    assert store.alias(["sprng", "google", "cpc"], "spring_2") == 1
    assert store.metrics("channel", scope="paid")["leads"].tolist() == [1]
    store.remove_alias(["Sprng", "google", "cpc"])
    assert store.aliases() == {}
    assert matches(store) == [FOUND, NONE, NONE]
    with pytest.raises(OptionError, match="old='sprng'"):
        store.remove_alias("sprng")


def test_no_alias_counts_where_none_is_asked_for() -> None:
    store = small()
    store.alias("sprng", "spring")
    store.metrics("channel")  # held
    assert matches(store, tag_aliases=None) == [FOUND, NONE, NONE]
    assert store.metrics("channel", tag_aliases={}, scope="paid")["leads"].tolist() == [1]
    assert store.reconcile(tag_aliases=None)["reconciles"].all()


def test_an_explanation_and_what_changed_know_aliases() -> None:
    example = admira.datasets.worked_example()
    store = admira.open_store("memory:")
    admira.ingest(store, ads=example.ads, crm=example.crm, run_id="monday")
    store.alias(("back_to_school", "newsletter", "email"), ("brand", "google", "cpc"))
    won = [{**example.crm[3], "stage": "closed_won"}]
    admira.ingest(store, ads=[], crm=won, run_id="tuesday")
    found = store.diff("monday", by="campaign_id")
    assert found[["campaign_id", "metric", "difference"]].to_numpy().tolist() == [
        ["C-1002", "closed_won", 1.0],
        ["C-1002", "closed_lost", -1.0],
        ["C-1002", "revenue", 700.0],
    ]
    why = admira.explain(store, "leads", campaign_id="C-1002")
    assert why.value == 2
    assert sorted(why.opportunities["match"]) == ["alias", "exact"]


def test_what_a_tag_audit_suggests_is_taken_with_one_line() -> None:
    store = admira.demo()
    audit = store.tag_audit(top=None)
    lost = audit.unmatched["alias"].notna()
    assert store.alias(audit.aliases) == len(audit.aliases)
    after = store.tag_audit(top=None).unmatched
    assert len(after) == (~lost).sum()
    assert store.reconcile()["reconciles"].all()
    assert "store.alias(&#39;brand_2024&#39;, &#39;brand&#39;)" in audit._repr_html_()


def test_a_suggestion_takes_no_more_than_it_must() -> None:
    store = admira.open_store("memory:")
    other = {"utm_campaign": "sprng_b", "utm_source": "bing", "utm_medium": "cpc"}
    store.upsert(ads(PAID, {**other, "campaign_id": "C-2"}))
    leads = [{**PAID, "utm_source": "gogle"}, {**other, "utm_source": "bong"}, WRONG]
    store.upsert(crm(*({**tags, "opportunity_id": f"O-{n}"} for n, tags in enumerate(leads))))
    assert store.tag_audit().aliases == {
        ("spring", "gogle", "cpc"): ("spring", "google", "cpc"),
        ("sprng_b", "bong", "cpc"): ("sprng_b", "bing", "cpc"),
        "sprng": "spring",
    }


def test_a_campaign_tag_that_others_carry_rightly_is_not_read_as_another() -> None:
    store = admira.open_store("memory:")
    bing = {**PAID, "utm_source": "bing"}
    store.upsert(ads(bing, {**PAID, "utm_campaign": "spring_b", "campaign_id": "C-2"}))
    store.upsert(crm(bing, {**PAID, "opportunity_id": "O-2"}))
    assert store.tag_audit().aliases == {("spring", "google", "cpc"): ("spring_b", "google", "cpc")}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("a", "A ", "new tag='A '"),
        ("(not set)", "a", "old tag="),
        ("a", ("b", "c"), "new tag="),
        ("a", ("", "google", "cpc"), "new tag="),
        (7, "b", "old"),
        ("a", None, "new="),
        ({"a": "b"}, "c", "new="),
    ],
    ids=str,
)
def test_what_is_no_alias_is_refused(old: Any, new: Any, message: str) -> None:
    store = small()
    with pytest.raises(OptionError, match=message):
        store.alias(old, new)
    assert store.aliases() == {}


def test_the_verb_refuses_what_is_no_alias() -> None:
    store = small()
    with pytest.raises(OptionError, match="tag_aliases"):
        admira.join_utm(store.ads(), store.crm(), tag_aliases=["a"])
