"""The demo data is the same every time, dirty in known ways, and true underneath."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.core.normalize import normalize
from admira.core.tags import normalize_tag
from admira.datasets import Demo, generate, large, worked_example, write
from admira.datasets.ads import run_campaigns
from admira.datasets.campaigns import plan_campaigns
from admira.datasets.crm import open_opportunities
from admira.datasets.draws import Draws
from admira.datasets.row_dirt import SPOILT_ADS, SPOILT_CRM
from admira.datasets.tag_dirt import soil_tags
from admira.errors import OptionError
from admira.schemas import ADS, CRM

BUNDLE = Path(__file__).parents[1] / "data"
UTM = ("utm_campaign", "utm_source", "utm_medium")
CLICK_IDS = ("gclid", "li_fat_id", "msclkid", "ttclid")
KEY = ("date", "campaign_id", "channel")

SMALL: dict[str, int] = {"rows": 30_100, "opportunities": 5_000, "days": 100}

Record = dict[str, Any]
Frames = tuple[pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module")
def demo() -> Demo:
    return generate()


@pytest.fixture(scope="module")
def ads(demo: Demo) -> pd.DataFrame:
    """Give the ad rows that count: usable, and the last of each key."""
    rows = normalize(pd.DataFrame(demo.ads, dtype=object), kind="ads")
    return rows[rows["problems"] == ""].drop_duplicates(list(KEY), keep="last")


@pytest.fixture(scope="module")
def crm(demo: Demo) -> pd.DataFrame:
    """Give the usable opportunities, with what truly brought each."""
    rows = normalize(pd.DataFrame(demo.crm, dtype=object), kind="crm")
    usable = rows[rows["problems"] == ""]
    origins = [demo.truth[each] for each in usable["opportunity_id"]]
    return usable.assign(
        true_campaign=[origin.campaign_id for origin in origins],
        true_channel=[origin.channel for origin in origins],
    )


def usable(records: list[Record], faults: tuple[Record, ...]) -> list[Record]:
    """Give the records without the spoilt copies."""
    return [record for record in records if not is_spoilt(record, faults)]


def is_spoilt(record: Record, faults: tuple[Record, ...]) -> bool:
    """Say whether a record shows one of the faults; True is not 1 here."""
    return any(
        type(record[name]) is type(value) and record[name] == value
        for fault in faults
        for name, value in fault.items()
    )


def sent_and_spoilt(demo: Demo, kind: str) -> tuple[list[Record], tuple[Record, ...]]:
    return (demo.ads, SPOILT_ADS) if kind == "ads" else (demo.crm, SPOILT_CRM)


def versions(demo: Demo) -> Iterator[list[Record]]:
    """Give all versions of each ad row, in the order of sending."""
    sent: dict[tuple[str, ...], list[Record]] = {}
    for record in usable(demo.ads, SPOILT_ADS):
        sent.setdefault(tuple(record[name] for name in KEY), []).append(record)
    return iter(sent.values())


# The same every time.


def test_the_same_seed_gives_the_same_data(demo: Demo) -> None:
    assert generate() == demo


def test_another_seed_gives_other_data(demo: Demo) -> None:
    assert generate(seed=1).ads != demo.ads


@pytest.mark.parametrize("name", ["ads.json", "crm.json"])
def test_the_bundled_files_are_the_generators_output(demo: Demo, tmp_path: Path, name: str) -> None:
    write(tmp_path, demo)
    assert (BUNDLE / name).read_bytes() == (tmp_path / name).read_bytes()


def test_the_files_hold_the_envelopes_with_one_record_per_line(demo: Demo, tmp_path: Path) -> None:
    ads_file, crm_file = write(tmp_path / "new" / "folder", demo)
    assert json.loads(ads_file.read_text("utf-8")) == demo.ads_envelope
    assert json.loads(crm_file.read_text("utf-8")) == demo.crm_envelope
    assert ads_file.read_text("utf-8").count("\n") == len(demo.ads) + 2
    assert demo.ads_envelope == {"external": {"ads": {"performance": demo.ads}}}
    assert demo.crm_envelope == {"external": {"crm": {"opportunities": demo.crm}}}


@settings(max_examples=25)
@given(
    seed=st.integers(0, 3),
    days=st.sampled_from([1, 7, 40]),
    campaigns=st.sampled_from([1, 7, 20]),
    opportunities=st.sampled_from([1, 2, 60]),
)
def test_a_demo_of_any_size_is_strict_json_and_knows_its_truth(
    seed: int, days: int, campaigns: int, opportunities: int
) -> None:
    demo = generate(seed=seed, days=days, campaigns=campaigns, opportunities=opportunities)
    for records in (demo.ads, demo.crm):
        assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert len(demo.truth) == opportunities
    received = [record["opportunity_id"] for record in usable(demo.crm, SPOILT_CRM)]
    assert received == list(demo.truth)


@pytest.mark.parametrize("option", ["days", "campaigns", "opportunities"])
def test_a_demo_of_nothing_is_refused(option: str) -> None:
    with pytest.raises(OptionError, match=f"{option}=0"):
        generate(**{option: 0})


# As large as announced.


def test_120_days_of_60_campaigns_on_six_channels_bring_4000_opportunities(
    ads: pd.DataFrame, crm: pd.DataFrame
) -> None:
    assert ads["date"].nunique() == 120
    assert ads["date"].max() == pd.Timestamp("2025-12-31")
    assert ads["campaign_id"].nunique() == 60
    assert ads["channel"].nunique() == 6
    assert crm["opportunity_id"].nunique() == len(crm) == 4000
    assert 5_000 < len(ads) < 7_200


def test_the_bundle_stays_small_enough_to_read() -> None:
    assert sum(path.stat().st_size for path in BUNDLE.glob("*.json")) < 4_000_000


def test_ids_and_money_look_like_those_of_the_platforms(demo: Demo, ads: pd.DataFrame) -> None:
    assert ads["campaign_id"].str.fullmatch(r"\d{9,18}").all()
    assert set(ads["currency"]) == {"EUR"} == {record["currency"] for record in demo.crm}
    money = [*ads["cost"], *(r["amount"] for r in demo.crm if isinstance(r["amount"], float))]
    assert money == [round(value, 2) for value in money]


# Dirty in known ways.


def damage(clean: Record, soiled: Record) -> str:
    """Name what happened to a record's tags: the first of these that is so."""
    campaign, source, medium = (soiled[name] or "" for name in UTM)
    is_bare = not (campaign or source or medium)
    kinds = {
        "none": all(clean[name] == soiled[name] for name in UTM),
        "only a click id": is_bare and any(name in soiled for name in CLICK_IDS),
        "lost": is_bare,
        "only the campaign": not (source or medium),
        "not set": campaign == "(not set)",
        "the campaign's id": campaign.isdigit(),
        "macro": normalize_tag(campaign) == "" != normalize_tag(clean["utm_campaign"]),
        "renamed": campaign.endswith("_2024"),
        "another case": all(clean[name].lower() == (soiled[name] or "").lower() for name in UTM),
        "synonym": campaign == clean["utm_campaign"],
        "spaces": True,
    }
    return next(kind for kind, is_so in kinds.items() if is_so)


@pytest.fixture(scope="module")
def damages() -> Counter[str]:
    """Count what happened to the tags of those who came through ads."""
    performance = run_campaigns(Draws(2), plan_campaigns(Draws(1), 60, 120), 120, leads=3200)
    opened = open_opportunities(Draws(3), performance, 4000)
    pairs = zip(opened, soil_tags(Draws(4), opened), strict=True)
    return Counter(damage(each.record, soiled) for each, soiled in pairs if each.visit.campaign)


@pytest.mark.parametrize(
    ("kind", "share"),
    [
        ("another case", 0.08),
        ("synonym", 0.10),
        ("spaces", 0.03),
        ("macro", 0.015),
        ("not set", 0.04),
        ("renamed", 0.04),
        ("only the campaign", 0.03),
        ("the campaign's id", 0.02),
    ],
)
def test_tags_are_damaged_at_the_announced_rate(
    damages: Counter[str], kind: str, share: float
) -> None:
    tagged = damages.total() - damages["lost"] - damages["only a click id"]
    assert share / 2 < damages[kind] / tagged < share * 1.5


def test_tags_that_are_not_damaged_stay_as_they_are(damages: Counter[str]) -> None:
    assert 0.45 < damages["none"] / damages.total() < 0.6


def test_a_third_of_the_opportunities_is_untagged(crm: pd.DataFrame) -> None:
    has_tag = (crm[list(UTM)] != "").any(axis=1)
    has_click_id = crm[list(CLICK_IDS)].notna().any(axis=1)
    assert 0.30 < (~has_tag & ~has_click_id).mean() < 0.40


def test_a_fifth_of_googles_leads_that_left_a_trace_left_only_a_click_id(
    crm: pd.DataFrame,
) -> None:
    google = crm[crm["true_channel"] == "google_ads"]
    has_tag = (google[list(UTM)] != "").any(axis=1)
    only_click_id = ~has_tag & google["gclid"].notna()
    assert 0.15 < only_click_id[has_tag | only_click_id].mean() < 0.25


def test_two_in_a_hundred_ad_rows_are_replayed_word_for_word(demo: Demo) -> None:
    repeats = [sent[-1] == sent[-2] for sent in versions(demo) if len(sent) > 1]
    assert 0.01 < sum(repeats) / len(demo.ads) < 0.03


def test_an_early_version_is_a_little_lower_and_comes_before_the_one_that_counts(
    demo: Demo,
) -> None:
    restated = [sent for sent in versions(demo) if sent[0] != sent[-1]]
    assert 30 < len(restated) < 120
    for early, *_, final in restated:
        assert early["date"] >= "2025-12-04"
        assert final["cost"] * 0.96 - 0.01 <= early["cost"] <= final["cost"]
        assert early["clicks"] <= final["clicks"]


@pytest.mark.parametrize("kind", ["ads", "crm"])
def test_a_spoilt_row_has_a_good_copy_so_that_nothing_is_lost(demo: Demo, kind: str) -> None:
    records, faults = sent_and_spoilt(demo, kind)
    good = usable(records, faults)
    spoilt = [record for record in records if is_spoilt(record, faults)]
    assert len(spoilt) == len(faults)
    for record, fault in zip(spoilt, faults, strict=True):
        assert any(record == other | fault for other in good)


@pytest.mark.parametrize("kind", ["ads", "crm"])
def test_normalize_finds_a_problem_with_the_spoilt_rows_and_no_others(
    demo: Demo, kind: Literal["ads", "crm"]
) -> None:
    records, faults = sent_and_spoilt(demo, kind)
    rows = normalize(pd.DataFrame(records, dtype=object), kind=kind)
    expected = [is_spoilt(record, faults) for record in records]
    assert (rows["problems"] != "").tolist() == expected


def test_numbers_come_missing_negative_and_as_text_now_and_then(demo: Demo) -> None:
    costs = [record["cost"] for record in demo.ads]
    amounts = [record["amount"] for record in demo.crm if record["stage"] != "lead"]
    for values in (costs, amounts):
        assert any(value is None for value in values)
        assert any(isinstance(value, str) for value in values)
        assert any(isinstance(value, float) and value < 0 for value in values)


def test_stages_and_times_come_in_more_than_one_form(demo: Demo) -> None:
    stages = Counter(record["stage"] for record in demo.crm)
    assert {"lead", "Lead", "closed_won", "Closed Won", "Nurturing"} <= set(stages)
    endings = Counter(record["created_at"][19:] for record in usable(demo.crm, SPOILT_CRM))
    assert set(endings) == {"Z", "", "+02:00"}
    assert endings["Z"] > 0.95 * len(demo.crm)


# True underneath.


def test_tags_that_an_ad_carries_lead_back_to_the_campaign_that_brought_the_opportunity(
    ads: pd.DataFrame, crm: pd.DataFrame
) -> None:
    carriers = ads[ads["utm_campaign"] != ""].groupby(list(UTM))["campaign_id"].agg(set)
    brought = crm.join(carriers.rename("carriers"), on=list(UTM), how="inner")
    assert len(brought) > 1_500
    assert all(
        campaign in candidates
        for campaign, candidates in zip(brought["true_campaign"], brought["carriers"], strict=True)
    )


def test_some_tags_are_shared_by_several_campaigns(ads: pd.DataFrame) -> None:
    campaigns = ads[ads["utm_campaign"] != ""].groupby(list(UTM))["campaign_id"].nunique()
    assert 4 <= (campaigns > 1).sum() <= 10


def test_a_name_is_shared_across_channels(ads: pd.DataFrame) -> None:
    channels = ads.groupby("utm_campaign")["channel"].nunique()
    assert channels[["brand", "back_to_school"]].min() >= 4


def test_the_id_that_a_form_told_is_the_true_campaigns(crm: pd.DataFrame) -> None:
    told = crm[crm["ad_campaign_id"].notna()]
    assert 100 < len(told) < 400
    assert (told["ad_campaign_id"] == told["true_campaign"]).all()


def test_no_lead_comes_before_its_campaign_ran(ads: pd.DataFrame, crm: pd.DataFrame) -> None:
    first_days = ads.groupby("campaign_id")["date"].min()
    paid = crm[crm["true_campaign"].notna()]
    assert len(paid) == 3200
    assert (paid["date"] >= paid["true_campaign"].map(first_days)).all()


def test_a_deal_is_closed_exactly_when_its_stage_says_so(crm: pd.DataFrame) -> None:
    is_closed = crm["stage"].isin(["closed_won", "closed_lost"])
    assert (crm["closed_at"].notna() == is_closed).all()
    assert (crm["updated_at"] >= crm["created_at"]).all()
    assert (crm["closed_at"][is_closed] == crm["updated_at"][is_closed]).all()
    assert crm["updated_at"].max() < pd.Timestamp("2026-01-01", tz="UTC")


def test_recent_deals_are_open_more_often_than_old_ones(crm: pd.DataFrame) -> None:
    worked = crm[crm["stage"].isin(["opportunity", "closed_won", "closed_lost"])]
    is_open = (worked["stage"] == "opportunity").groupby(worked["date"].dt.month).mean()
    assert is_open[12] > 0.5
    assert is_open[9] < 0.1


def test_the_numbers_of_each_channel_are_plausible(ads: pd.DataFrame, crm: pd.DataFrame) -> None:
    spent = ads.groupby("channel")[["cost", "clicks", "impressions"]].sum()
    is_won = crm["stage"] == "closed_won"
    brought = crm.assign(revenue=crm["amount"].where(is_won, 0.0)).groupby("true_channel")
    revenue, leads = brought["revenue"].sum(), brought.size()
    assert (spent["cost"] / spent["clicks"]).between(0.5, 6).all()
    assert (spent["cost"] / leads[spent.index]).between(20, 250).all()
    assert (revenue[spent.index] / spent["cost"]).between(0.5, 16).all()
    assert (spent["clicks"] / spent["impressions"]).between(0.002, 0.1).all()


def test_a_fifth_of_the_leads_is_worked_and_a_third_of_closed_deals_is_won(
    crm: pd.DataFrame,
) -> None:
    stages = crm["stage"].value_counts()
    closed = stages["closed_won"] + stages["closed_lost"]
    assert 0.15 < (closed + stages["opportunity"]) / len(crm) < 0.25
    assert 0.2 < stages["closed_won"] / closed < 0.4


def test_companies_rest_at_weekends_and_consumers_buy_in_november(ads: pd.DataFrame) -> None:
    daily = ads.groupby(["channel", "date"])["cost"].sum().reset_index()
    is_weekend = daily["date"].dt.day_of_week >= 5
    linkedin = daily[daily["channel"] == "linkedin_ads"].groupby(is_weekend)["cost"].mean()
    meta = daily[daily["channel"] == "meta_ads"].groupby(daily["date"].dt.month)["cost"].mean()
    assert linkedin[True] < 0.55 * linkedin[False]
    assert meta[11] > 1.3 * meta[10]


def test_a_fifth_of_the_campaigns_takes_most_of_the_spend(ads: pd.DataFrame) -> None:
    spend = ads.groupby("campaign_id")["cost"].sum().sort_values(ascending=False)
    assert 0.55 < spend.head(12).sum() / spend.sum() < 0.85


# Draws.


def test_counts_have_the_mean_and_the_variance_that_are_asked_for() -> None:
    mean, dispersion = np.full(40_000, 12.0), np.full(40_000, 4.0)
    counts = Draws(1).negative_binomial(mean, dispersion)
    assert counts.mean() == pytest.approx(12, rel=0.02)
    assert counts.var() == pytest.approx(12 + 12**2 / 4, rel=0.05)


def test_normals_and_exponentials_have_their_moments() -> None:
    normal = Draws(1).normal(40_000)
    assert normal.mean() == pytest.approx(0, abs=0.02)
    assert normal.std() == pytest.approx(1, rel=0.02)
    waits = Draws(2).exponential(9.0, np.inf, 40_000)
    assert waits.mean() == pytest.approx(9, rel=0.02)
    assert Draws(2).exponential(9.0, 3.0, 40_000).max() < 3


def test_positions_come_in_proportion_to_their_weights() -> None:
    counts = np.bincount(Draws(1).indices(np.array([1.0, 0.0, 3.0]), 40_000))
    assert counts[1] == 0
    assert counts[2] / counts[0] == pytest.approx(3, rel=0.05)


# The worked example and the large tables.


def test_the_worked_example_has_the_rows_of_the_contract() -> None:
    demo = worked_example()
    ad_columns = (*KEY, "clicks", "impressions", "cost", "currency", *UTM)
    assert [" ".join(str(row[name]) for name in ad_columns) for row in demo.ads] == [
        "2025-08-01 C-1001 google_ads 1200 45000 350.75 EUR back_to_school google cpc",
        "2025-08-01 C-2001 meta_ads 800 60000 200.0 EUR back_to_school facebook paid_social",
        "2025-08-02 C-1001 google_ads 1000 40000 300.0 EUR back_to_school google cpc",
        "2025-08-02 C-1002 google_ads 0 500 0.0 EUR brand google cpc",
    ]
    crm_columns = ("opportunity_id", "stage", "amount", "currency", "created_at", *UTM)
    assert [" ".join(str(row[name]) for name in crm_columns) for row in demo.crm] == [
        "O-1 lead None EUR 2025-08-01T09:00:00Z back_to_school google cpc",
        "O-2 closed_won 5000.0 EUR 2025-08-02T09:00:00Z back_to_school google cpc",
        "O-3 opportunity 1200.0 EUR 2025-08-02T09:00:00Z back_to_school None None",
        "O-4 closed_lost 700.0 EUR 2025-08-01T09:00:00Z back_to_school newsletter email",
        "O-5 closed_won 900.0 EUR 2025-08-03T09:00:00Z None None None",
        "O-6 lead None EUR 2025-08-03T09:00:00Z brand google cpc",
    ]


@pytest.fixture(scope="module")
def small_benchmark() -> Frames:
    return large(**SMALL)


def test_large_tables_satisfy_the_contract(
    small_benchmark: Frames,
) -> None:
    for table, rows in zip((ADS, CRM), small_benchmark, strict=True):
        table.pandera().validate(rows)
        assert list(rows) == table.names
        assert not rows.duplicated(list(table.key)).any()


def test_large_tables_have_a_row_for_every_day_and_campaign(
    small_benchmark: Frames,
) -> None:
    ads, crm = small_benchmark
    assert (len(ads), len(crm)) == (30_000, 5_000)
    assert ads.groupby("channel")["campaign_id"].nunique().tolist() == [50] * 6
    assert ads["date"].nunique() == 100
    assert crm["date"].between(ads["date"].min(), ads["date"].max()).all()


def test_large_tables_are_the_same_for_the_same_seed(
    small_benchmark: Frames,
) -> None:
    for rows, again in zip(small_benchmark, large(**SMALL), strict=True):
        pd.testing.assert_frame_equal(rows, again)


@pytest.mark.parametrize("kind", ["ads", "crm"])
def test_large_tables_as_received_normalize_to_the_typed_ones(
    small_benchmark: Frames, kind: Literal["ads", "crm"]
) -> None:
    place = ["ads", "crm"].index(kind)
    raw = large(**SMALL, as_received=True)[place]
    assert set(raw.dtypes) == {np.dtype(object)}
    assert json.dumps(raw.to_dict("list"), allow_nan=False)
    rows = normalize(raw, kind=kind)
    assert (rows["problems"] == "").all()
    typed = small_benchmark[place]
    shared = [name for name in typed if name in rows]
    pd.testing.assert_frame_equal(rows[shared], typed[shared])
