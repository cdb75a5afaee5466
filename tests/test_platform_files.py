"""The demo as real platforms hand it out gives the same KPIs as the canonical API."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira import AmbiguousData, DataError, compute_metrics, join_utm, normalize, upsert, validate
from admira.core.settle import settle, settle_segments
from admira.datasets import (
    PLATFORM_PARAMS,
    Demo,
    generate,
    worked_example,
    write_platform_files,
)
from admira.datasets.landing import PAGE, TAGS, landing_url, tag_query
from admira.schemas import ADS, CRM, STAGES, TABLES, Kind
from admira.sources.extract import extract
from admira.sources.source import Source
from admira.sources.utm import parse_utm

law = settings(max_examples=50)

ADS_PRESETS = [
    "google_ads_csv",
    "meta_ads_csv",
    "linkedin_ads_csv",
    "microsoft_ads_csv",
    "tiktok_ads_api",
    "reddit_ads",
]
CRM_PRESETS = ["salesforce_leads", "salesforce_opportunities"]
CLICK_IDS = ["gclid", "msclkid", "ttclid", "li_fat_id"]

Tables = dict[Kind, pd.DataFrame]


@pytest.fixture(scope="module")
def demo() -> Demo:
    return generate()


@pytest.fixture(scope="module")
def files(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_platform_files(tmp_path_factory.mktemp("platforms"), demo)


@pytest.fixture(scope="module")
def canonical(demo: Demo) -> Tables:
    return {"ads": demo.ads_frame, "crm": demo.crm_frame}


@pytest.fixture(scope="module")
def from_platforms(files: dict[str, Path]) -> Tables:
    return read(files)


def read(files: dict[str, Path]) -> Tables:
    """Take the files the real way in: extract, normalise, validate, settle, upsert."""
    kinds: dict[Kind, list[str]] = {"ads": ADS_PRESETS, "crm": CRM_PRESETS}
    return {
        kind: accepted(
            kind,
            [
                Source(files[preset], preset=preset, params=PLATFORM_PARAMS.get(preset, {}))
                for preset in names
                if preset in files
            ],
        )
        for kind, names in kinds.items()
    }


def accepted(kind: Kind, sources: list[Source]) -> pd.DataFrame:
    rows = TABLES[kind].empty()
    for pull in extract(kind, sources).pulls:
        good, bad = validate(normalize(pull.frame, kind=kind), kind=kind, raw=pull.frame)
        assert bad.empty, bad["reasons"].to_list()
        settled = settle_segments(good) if pull.rows == "segments" else settle(good, TABLES[kind])
        rows = upsert(rows, settled.rows, kind=kind)
    return rows


def kpis(tables: Tables, by: list[str]) -> pd.DataFrame:
    table: pd.DataFrame = compute_metrics(join_utm(tables["ads"], tables["crm"]), by=by)
    return table


def lines(path: Path, encoding: str, delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def column(rows: list[list[str]], header: list[str], name: str) -> Iterator[str]:
    place = header.index(name)
    return (row[place] for row in rows)


@pytest.mark.parametrize(
    "by",
    [
        ["channel"],
        ["channel", "campaign_id"],
        ["date", "channel", "campaign_id"],
        ["utm_campaign", "utm_source", "utm_medium"],
        ["currency", "channel"],
    ],
    ids=" × ".join,
)
def test_the_files_give_the_kpis_of_the_canonical_api(
    canonical: Tables, from_platforms: Tables, by: list[str]
) -> None:
    expected = kpis(canonical, by)
    assert len(expected) > 5
    pd.testing.assert_frame_equal(kpis(from_platforms, by), expected, rtol=0, atol=1e-6)


def test_ad_rows_come_back_whole(canonical: Tables, from_platforms: Tables) -> None:
    expected = ADS.complete(canonical["ads"])
    found = from_platforms["ads"].assign(cost=lambda rows: rows["cost"].round(2))
    pd.testing.assert_frame_equal(found, expected)


def test_opportunities_come_back_as_far_as_salesforce_knows_them(
    canonical: Tables, from_platforms: Tables
) -> None:
    """Ids are new but in the same order, and a stage of the company's own is a lead."""
    told, found = CRM.complete(canonical["crm"]), from_platforms["crm"]
    is_own_stage = ~told["stage"].isin(STAGES)
    assert is_own_stage.any()
    expected = told.assign(stage=told["stage"].mask(is_own_stage, "lead"))
    changed = ["opportunity_id", "closed_at", "closed_date"]
    pd.testing.assert_frame_equal(found.drop(columns=changed), expected.drop(columns=changed))
    is_closed = expected["closed_date"].notna()
    assert is_closed.any()
    pd.testing.assert_series_equal(
        found["closed_date"][is_closed], expected["closed_date"][is_closed]
    )


def test_the_worked_example_keeps_its_six_decimals(tmp_path: Path) -> None:
    tables = read(write_platform_files(tmp_path, worked_example()))
    columns = ["channel", "cost", "leads", "revenue", "cpc", "cpa", "roas", "cvr_lead_to_opp"]
    google = kpis(tables, ["channel"]).query("channel == 'google_ads'")[columns].round(6)
    assert google.to_dict("split")["data"] == [
        ["google_ads", 650.75, 3.733333, 5000, 0.295795, 174.308036, 7.683442, 0.464286]
    ]


def test_google_writes_excels_csv_with_two_titles_thousands_marks_and_totals(
    files: dict[str, Path], canonical: Tables
) -> None:
    path = files["google_ads_csv"]
    assert path.read_bytes().startswith(b"\xff\xfe")
    titles, header, rows, total = _split(lines(path, "utf-16", "\t"), above=2)
    assert [len(title) for title in titles] == [1, 1]
    assert any("," in shown for shown in column(rows, header, "Impr."))
    assert total[0] == "Total: Account"
    assert total[1] == " --"
    ads = canonical["ads"]
    assert total[header.index("Cost")] == f"{_cost_of(ads, 'google_ads'):,.2f}"


def test_meta_writes_its_currency_into_the_header_and_totals_into_the_first_row(
    files: dict[str, Path], canonical: Tables
) -> None:
    path = files["meta_ads_csv"]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    header, total, *rows = lines(path, "utf-8-sig")
    cost = header.index("Amount spent (EUR)")
    assert total[header.index("Campaign name")] == ""
    assert total[cost] == f"{_cost_of(canonical['ads'], 'meta_ads'):.2f}"
    assert "" in column(rows, header, "Link clicks")
    assert "0" not in column(rows, header, "Link clicks")


def test_linkedin_writes_four_lines_above_and_months_first(files: dict[str, Path]) -> None:
    path = files["linkedin_ads_csv"]
    assert path.read_bytes().startswith(b"\xff\xfe")
    table = lines(path, "utf-16", "\t")
    header, rows = table[4], table[5:]
    days = [*column(rows, header, "Start Date (in UTC)")]
    assert (days[0], days[-1]) == ("9/3/2025", "12/31/2025")


def test_microsoft_writes_ten_lines_above_a_copyright_below_and_three_devices(
    files: dict[str, Path], canonical: Tables
) -> None:
    titles, header, rows, footer = _split(lines(files["microsoft_ads_csv"], "utf-8-sig"), above=10)
    assert titles[8] == [f"Rows: {len(rows)}"]
    assert footer == ["©2025 Microsoft Corporation. All rights reserved. "]
    microsoft = canonical["ads"].query("channel == 'microsoft_ads'")
    assert len(rows) == 3 * len(microsoft)
    clicks = sum(map(int, column(rows, header, "Clicks")))
    assert clicks == microsoft["clicks"].sum()
    assert all(name.startswith("[") for name in column(rows, header, "CampaignId"))


def test_tiktok_writes_numbers_as_text_and_reddit_money_in_millionths(
    files: dict[str, Path], canonical: Tables
) -> None:
    tiktok = json.loads(files["tiktok_ads_api"].read_bytes())
    assert {type(value) for value in tiktok["data"]["list"][0]["metrics"].values()} == {str}
    reddit = json.loads(files["reddit_ads"].read_bytes())
    spent = sum(row["spend"] for row in reddit["data"]["metrics"])
    assert spent == round(_cost_of(canonical["ads"], "reddit_ads") * 1_000_000)


def test_every_deal_is_named_by_the_one_lead_that_became_it(files: dict[str, Path]) -> None:
    leads, deals = (json.loads(files[name].read_bytes())["records"] for name in CRM_PRESETS)
    named = [lead["ConvertedOpportunityId"] for lead in leads if lead["IsConverted"]]
    assert named == [deal["Id"] for deal in deals]
    assert len(leads) == 4000
    assert {len(record["Id"]) for record in [*leads, *deals]} == {18}
    assert len({record["Id"] for record in [*leads, *deals]}) == len(leads) + len(deals)


def test_writing_the_same_demo_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    small = generate(days=5, campaigns=8, opportunities=40)
    one, other = (write_platform_files(tmp_path / name, small) for name in ("one", "other"))
    assert [path.read_bytes() for path in one.values()] == [
        path.read_bytes() for path in other.values()
    ]


def test_a_channel_without_rows_has_no_file(tmp_path: Path) -> None:
    found = write_platform_files(tmp_path, worked_example())
    assert [*found] == ["google_ads_csv", "meta_ads_csv", *CRM_PRESETS]
    assert sorted(tmp_path.iterdir()) == sorted(found.values())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"channel": "snapchat_ads"}, DataError, "'snapchat_ads', whose files have no shape"),
        ({"currency": "USD"}, AmbiguousData, "EUR, USD"),
        ({"currency": None}, AmbiguousData, r"\(missing\), EUR"),
    ],
)
def test_what_no_platform_could_write_is_refused(
    tmp_path: Path, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    example = worked_example()
    odd = Demo([example.ads[0] | change, *example.ads[1:]], example.crm, example.truth)
    with pytest.raises(error, match=message):
        write_platform_files(tmp_path, odd)


# Letters that mean something in a link, or to those who read tags out of one.
tags = st.text("a%&+=#?;{} \\é", max_size=4).filter(lambda text: text == text.strip())


@law
@given(tags, tags, tags)
def test_any_tag_survives_its_way_through_a_link(campaign: str, source: str, medium: str) -> None:
    row = {"utm_campaign": campaign, "utm_source": source, "utm_medium": medium}
    stated = {name: tag for name, tag in row.items() if tag}
    assert parse_utm(landing_url(row)) == stated
    assert parse_utm(tag_query(row)) == stated
    assert landing_url(dict.fromkeys(TAGS, "")) == PAGE


def _split(
    table: list[list[str]], above: int
) -> tuple[list[list[str]], list[str], list[list[str]], list[str]]:
    """Part a table into what stands above the header, the header, the rows, and the last line."""
    return table[:above], table[above], table[above + 1 : -1], table[-1]


def _cost_of(ads: pd.DataFrame, channel: str) -> float:
    return float(ads.loc[ads["channel"] == channel, "cost"].sum())
