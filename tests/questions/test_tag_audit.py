"""Which tags lead nowhere, and what would mend them."""

import pandas as pd
import pytest

import admira
from admira.core.campaigns import CAMPAIGN, TRIPLE
from admira.datasets import generate
from admira.errors import OptionError
from admira.questions.near_tags import NEAR, known_triples, nearest
from admira.questions.tag_audit import tag_audit
from tests.stores.rows import ads, crm

PAID = {"utm_campaign": "spring_sale", "utm_source": "google", "utm_medium": "cpc"}


def store_of(*leads: dict[str, object], **campaign: object) -> admira.Store:
    """Give a store of one campaign, tagged spring_sale / google / cpc, and some leads."""
    store = admira.open_store("memory:")
    store.upsert(ads({**PAID, "currency": "EUR", "campaign_name": "Spring", **campaign}))
    rows = [{**PAID, "currency": "EUR", "opportunity_id": f"O-{n}"} for n in range(len(leads))]
    if leads:
        store.upsert(crm(*({**row, **lead} for row, lead in zip(rows, leads, strict=True))))
    return store


def bracketed(store: admira.Store, **days: str) -> pd.DataFrame:
    """Give leads and revenue of the bracketed channels by currency, from the store's KPIs."""
    kpis = store.metrics(["channel", "currency"], **days)
    return kpis[kpis["channel"].str.startswith("(")]


@pytest.mark.parametrize("days", [{}, {"start": "2025-10-05", "end": "2025-11-12"}])
@pytest.mark.parametrize("top", [1, 20, None])
def test_nothing_is_lost_between_the_tables(days: dict[str, str], top: int | None) -> None:
    store = admira.demo()
    audit, kpis = tag_audit(store, top=top, **days), bracketed(store, **days)
    bare = audit.untagged[audit.untagged["channel"] == "(untagged)"]
    for name in ("leads", "revenue"):
        parts = [audit.unmatched[name].sum(), audit.rest[name].sum(), bare[name].sum()]
        assert sum(parts) == pytest.approx(kpis[name].sum())
    assert len(audit.unmatched) <= (top or 1000)
    assert audit.rest.empty == (top is None)


def test_unmatched_triples_are_those_of_the_opportunities_by_hand() -> None:
    store = admira.demo()
    facts = store.facts()
    none = facts[facts["channel"] == "(unattributed)"]
    crm_rows = store.crm().set_index("opportunity_id")
    own = crm_rows.loc[none["opportunity_id"], TRIPLE].reset_index(drop=True)
    own["leads"], own["revenue"] = none["leads"].to_numpy(), none["revenue"].to_numpy()
    by_hand = own.groupby(TRIPLE)[["leads", "revenue"]].sum()
    found = tag_audit(store, top=None).unmatched.set_index(TRIPLE)
    assert len(found) == len(by_hand)
    assert found["leads"].is_monotonic_decreasing
    pd.testing.assert_frame_equal(found[["leads", "revenue"]].sort_index(), by_hand)
    share = by_hand / [facts["leads"].sum(), facts["revenue"].sum()]
    assert found["leads_share"].sort_index().tolist() == pytest.approx(share["leads"].tolist())
    assert found["revenue_share"].sort_index().tolist() == pytest.approx(share["revenue"].tolist())


def test_suggestions_take_the_misspelt_tags_of_the_demo_to_the_campaigns_that_brought_them() -> (
    None
):
    demo = generate()
    store = admira.load(ads=demo.ads, crm=demo.crm, progress=False)
    audit = tag_audit(store, top=None)
    before = store.facts()
    lost = before[before["match_reason"] == "utm_unknown"]["opportunity_id"]
    assert len(lost) == 118
    assert store.add_tags(audit.mends) == len(audit.mends)
    after = store.facts().set_index("opportunity_id").loc[lost]
    credited = after.groupby(level=0)["campaign_id"].agg(set)
    is_right = [demo.truth[name].campaign_id in found for name, found in credited.items()]
    assert sum(is_right) == len(is_right) == 118
    assert (credited.map(len) == 1).mean() > 0.75  # the others share their tags to this day
    newsletter = tag_audit(store, top=None).unmatched
    assert newsletter["utm_source"].tolist() == ["newsletter"]  # no ad brought it, none takes it


def test_what_no_ad_brought_is_not_suggested() -> None:
    row = tag_audit(admira.demo()).unmatched.iloc[0]
    assert (row["utm_source"], row["reason"]) == ("newsletter", "utm_conflict")
    assert row[["near_campaign_id", "near_campaigns", "similarity", "mend"]].isna().all()
    assert row["differs"].startswith("the campaign is known")


@pytest.mark.parametrize(
    ("tags", "differs", "similarity"),
    [
        ({"utm_campaign": "sprin_sale"}, "one letter differs: 'sprin_sale'", 20 / 21),
        ({"utm_campaign": "spring_sale_2024"}, "'spring_sale' with '_2024' behind it", 22 / 27),
        ({"utm_campaign": "spring%20sale"}, "in another spelling", 1.0),
        ({"utm_campaign": "spring-sale"}, "in another spelling", 1.0),
        ({"utm_campaign": "spring_slae"}, "where the campaign has 'spring_sale'", None),
        ({"utm_source": "goggle"}, "source 'goggle' where the campaign has 'google'", 11 / 12),
        ({"utm_medium": "cpcs"}, "medium 'cpcs' where the campaign has 'cpc'", 13 / 14),
    ],
)
def test_what_differs_is_said(tags: dict[str, str], differs: str, similarity: float | None) -> None:
    row = tag_audit(store_of(tags)).unmatched.iloc[0]
    assert differs in row["differs"]
    if similarity is not None:
        assert row["similarity"] == pytest.approx(similarity)
    assert row["similarity"] >= NEAR
    store = store_of(tags)
    store.add_tags(pd.DataFrame(row["mend"]))
    assert store.facts().query("match != 'ad'")["campaign_id"].tolist() == ["C-1"]


def test_a_source_that_an_alias_or_a_gap_explains_is_no_difference() -> None:
    known = known_triples(store_of().campaigns())
    found = nearest(["spring_sales", "adwords", ""], known)
    assert found is not None
    assert found.similarity == pytest.approx(22 / 23)
    assert found.differs == "one letter differs: 'spring_sales' for 'spring_sale'"
    assert nearest(["autumn", "google", "cpc"], known) is None
    assert nearest(["spring_sale", "google", "cpc"], known.iloc[:0]) is None


def test_an_id_counts_only_where_it_stands_whole() -> None:
    store = store_of(
        {"utm_campaign": "10920268185_2024"},
        {"utm_campaign": "10920268186_2024"},
        campaign_id="10920268185",
        utm_campaign="",
    )
    rows = tag_audit(store).unmatched.set_index("utm_campaign")
    assert rows.loc["10920268185_2024", "near_campaign_id"] == "10920268185"
    assert pd.isna(rows.loc["10920268186_2024", "near_campaign_id"])


def test_all_campaigns_that_share_the_nearest_tags_are_mended() -> None:
    store = store_of({"utm_campaign": "spring_sales", "utm_source": "", "utm_medium": ""})
    store.upsert(ads({**PAID, "campaign_id": "C-2", "clicks": 30, "currency": "EUR"}))
    row = tag_audit(store).unmatched.iloc[0]
    assert (row["near_campaign_id"], row["near_campaigns"]) == ("C-2", 2)
    assert row["mend"] == {
        "channel": ["google_ads"] * 2,
        "campaign_id": ["C-2", "C-1"],
        "utm_campaign": ["spring_sales"] * 2,
        "utm_source": ["google"] * 2,  # its own, so that no other source is meant
        "utm_medium": ["cpc"] * 2,
    }


def test_money_in_several_currencies_is_never_added() -> None:
    won = {"stage": "closed_won", "utm_campaign": "lost"}
    store = store_of(
        {**won, "amount": 100.0},
        {**won, "amount": 40.0, "currency": "USD"},
        {"utm_campaign": "lost", "currency": None},
    )
    audit = tag_audit(store)
    rows = audit.unmatched.set_index("currency")
    assert rows["revenue"].to_dict() == {"EUR": 100.0, "USD": 40.0}
    assert rows["leads"].to_dict() == {"EUR": 2.0, "USD": 1.0}  # one without money is in EUR
    assert rows["revenue_share"].tolist() == [1.0, 1.0]
    assert audit.currency == "EUR"


def test_what_has_no_tag_is_told_by_month_and_click_id() -> None:
    none = dict.fromkeys(TRIPLE, "")
    store = store_of(
        {**none, "gclid": ""},
        {**none, "gclid": "x"},
        {**none, "gclid": "", "date": "2025-09-09", "utm_source": "google"},
    )
    found = tag_audit(store).untagged
    assert found["month"].dt.month.tolist() == [8, 8, 9]
    assert found["channel"].tolist() == ["(untagged)", "google_ads", "(untagged)"]
    assert found["utm_source"].tolist() == ["", "", "google"]
    assert found["leads"].tolist() == [1.0, 1.0, 1.0]
    assert found["leads_share"].tolist() == pytest.approx([1 / 3] * 3)


def test_campaigns_with_cost_but_no_tag_are_those_of_the_ads_by_hand() -> None:
    store = admira.demo()
    rows = store.ads()
    by_hand = rows[rows["utm_campaign"] == ""].groupby("campaign_id")[["clicks", "cost"]].sum()
    found = tag_audit(store).silent
    assert found["cost"].is_monotonic_decreasing
    told = found.set_index("campaign_id")[["clicks", "cost"]].sort_index()
    pd.testing.assert_frame_equal(told, by_hand)


def test_a_campaign_that_was_tagged_later_is_silent_for_its_first_days() -> None:
    store = store_of(cost=30.0, utm_campaign="")
    store.upsert(ads({**PAID, "date": "2025-09-01", "cost": 90.0, "currency": "EUR"}))
    row = tag_audit(store).silent.iloc[0]
    assert (row["cost"], row["cost_share"], row["is_in_sheet"]) == (30.0, 0.25, False)
    assert row["campaign_name"] == "Spring"
    store.add_tags(pd.DataFrame([{"campaign_id": "C-1", "utm_campaign": "spring_sale"}]))
    assert tag_audit(store).silent["is_in_sheet"].tolist() == [True]


def test_shared_triples_are_weighed_as_the_facts_are_by_hand() -> None:
    store = admira.demo()
    found = tag_audit(store).ambiguous
    facts = store.facts()
    shared = facts[(facts["match_candidates"] > 1) & (facts["match"] != "none")]
    assert found["leads"].sum() == pytest.approx(shared["leads"].sum())
    assert found["revenue"].sum() == pytest.approx(shared["revenue"].sum())
    weights = found.groupby(TRIPLE)["weight"].sum()
    assert weights.astype(float).tolist() == pytest.approx([1.0] * len(weights))
    brand = ["brand", "bing", "cpc"]
    of_brand = shared[(shared[TRIPLE] == brand).all(axis=1) & (shared["match"] != "campaign")]
    by_hand = of_brand.groupby("campaign_id")["match_weight"].sum()
    rows = found[(found[TRIPLE] == brand).all(axis=1)].set_index("campaign_id")
    assert rows["leads"].sort_index().tolist() == pytest.approx(by_hand.tolist())
    assert set(rows["campaigns"]) == {2}


def test_an_audit_shows_itself() -> None:
    store = store_of({"utm_campaign": "<script>alert(1)</script>"}, {"utm_campaign": "spring_sal"})
    audit = tag_audit(store, top=1)
    assert repr(audit).startswith("<TagAudit leads whose tags met no campaign: 2 · ")
    assert "\n" not in repr(audit)
    shown = audit._repr_html_()
    assert "<script" not in shown
    assert "Tags that met no campaign" in shown
    assert "… and 1 more, with leads: 1, revenue: €0.00" in shown
    shown = tag_audit(admira.demo())._repr_html_()
    assert "store.add_tags(audit.mends)" in shown
    assert "Campaigns with cost but no tag" in shown


def test_a_store_in_which_all_is_well_says_so() -> None:
    audit = tag_audit(store_of({}))
    assert audit.unmatched.empty
    assert audit.ambiguous.empty
    assert audit.mends.columns.tolist() == [*CAMPAIGN, *TRIPLE]
    assert "<table" not in audit._repr_html_()


def test_an_empty_store_gives_typed_empty_tables() -> None:
    audit, full = tag_audit(admira.open_store("memory:")), tag_audit(admira.demo())
    for name in ("unmatched", "rest", "untagged", "silent", "ambiguous"):
        empty = getattr(audit, name)
        assert empty.empty
        assert (
            empty.dtypes.astype(str).to_dict() == getattr(full, name).dtypes.astype(str).to_dict()
        )
    assert "0" in repr(audit)


@pytest.mark.parametrize("top", [0, -1, 1.5, True])
def test_top_is_a_whole_number(top: object) -> None:
    with pytest.raises(OptionError, match="top"):
        tag_audit(admira.demo(), top=top)  # type: ignore[arg-type]


def test_days_are_checked() -> None:
    with pytest.raises(OptionError, match="start"):
        tag_audit(admira.demo(), start="soon")
    with pytest.raises(OptionError, match="start"):
        tag_audit(admira.demo(), start="2025-11-02", end="2025-11-01")
