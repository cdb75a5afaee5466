"""What the store adds to the verbs: facts and KPIs that do not depend on the report's window."""

from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pandas as pd
import pytest

import admira
from admira.datasets import generate, worked_example


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    return admira.demo()


def test_a_days_number_does_not_depend_on_the_reports_window(demo: admira.Store) -> None:
    whole = demo.metrics(by=["date", "channel"])
    start, end = "2025-10-10", "2025-10-20"
    part = demo.metrics(by=["date", "channel"], start=start, end=end)
    same_days = whole[whole["date"].between(start, end)].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, same_days)


@pytest.mark.parametrize("lands_on", ["created", "ad_day", "closed"])
def test_the_days_of_a_window_add_up_to_all_days(demo: admira.Store, lands_on: str) -> None:
    whole = demo.metrics(by=[], lands_on=lands_on).iloc[0]
    # Deals close after the last ad day: no end.
    parts = [
        demo.metrics(by=[], lands_on=lands_on, start=start, end=end).iloc[0]
        for start, end in ((None, "2025-10-15"), ("2025-10-16", None))
    ]
    for measure in ("cost", "leads", "closed_won", "revenue"):
        assert np.isclose(parts[0][measure] + parts[1][measure], whole[measure], rtol=1e-9)


def test_the_whole_store_reconciles(demo: admira.Store) -> None:
    totals = demo.reconcile()
    assert totals["reconciles"].all()
    assert totals.set_index("quantity")["total_in"]["records"] == len(demo.crm())


@pytest.mark.parametrize("lands_on", ["ad_day", "closed"])
@pytest.mark.parametrize("ambiguous", ["equal", "winner", "none"])
def test_the_store_reconciles_with_other_options(
    demo: admira.Store, ambiguous: str, lands_on: str
) -> None:
    assert demo.reconcile(ambiguous=ambiguous, lands_on=lands_on)["reconciles"].all()


JOINED: list[dict[str, object]] = [
    {},
    {"lands_on": "closed", "ambiguous": "winner"},
    {"funnel": "snapshot", "window_days": 30, "aliases": None},
]
SHAPED: list[dict[str, object]] = [
    {"by": []},
    {"by": "channel"},
    {"by": "channel", "scope": "paid"},
    {"by": "channel", "end": "2025-11-20"},
    {"by": "channel", "utm_source": "google"},
    {"by": ["date", "channel"], "scope": "paid"},
    {"by": ["date", "channel", "campaign_id"]},
    {"by": ["date", "channel"], "grain": "month", "scope": "paid"},
    {"by": ["date"], "grain": "week", "channel": ["meta_ads", "google_ads"]},
    {"by": ["campaign_name", "match"], "zero_division": 0.0},
    {"by": ["match_reason", "currency"], "utm_source": "google"},
    {"by": "campaign_id", "start": "2025-10-10", "end": "2025-11-20", "limit": 7, "offset": 3},
]


@pytest.mark.parametrize("shape", SHAPED, ids=str)
@pytest.mark.parametrize("options", JOINED, ids=str)
def test_the_kpis_of_a_store_are_those_of_the_verbs(
    demo: admira.Store, kept: admira.Store, options: dict[str, Any], shape: dict[str, Any]
) -> None:
    facts = admira.join_utm(demo.ads(), demo.crm(), **options)
    facts = demo.named(facts)  # a store calls a campaign by its latest name on all of its days
    expected = admira.compute_metrics(facts, **shape)
    assert len(expected)
    for store in (demo, kept, kept):  # of the last, the second time is out of the cache
        found = store.metrics(**shape, **options)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


@pytest.fixture(scope="module")
def kept(demo: admira.Store, tmp_path_factory: pytest.TempPathFactory) -> admira.Store:
    """Give the same rows in a folder, some of them written twice."""
    store = admira.open_store(tmp_path_factory.mktemp("kept") / "store")
    store.upsert(demo.ads().assign(clicks=1))
    store.upsert(demo.ads())
    store.upsert(demo.crm())
    sleep(0.15)  # only what was written some time ago is kept
    return store


def test_filters_are_normalised_like_the_rows(demo: admira.Store) -> None:
    messy = demo.metrics(by="channel", channel=[" Google_Ads "])
    assert messy["channel"].tolist() == ["google_ads"]
    once = demo.metrics(by="channel", channel=(name for name in ["google_ads"]))
    pd.testing.assert_frame_equal(once, messy)
    assert set(demo.ads(channel="META_ADS")["channel"]) == {"meta_ads"}


def test_reading_nothing_gives_typed_empty_frames(tmp_path: Path) -> None:
    store = admira.open_store(tmp_path / "nothing")
    assert store.ads().dtypes["date"] == "datetime64[us]"
    assert len(store.facts()) == 0
    assert store.metrics(by=[])["cost"].tolist() == [0.0]
    assert store.metrics(by="channel").empty
    assert not (tmp_path / "nothing").exists()


def test_upsert_refuses_rows_that_are_not_accepted_and_writes_none() -> None:
    store = admira.open_store("memory:")
    raw = admira.extract_ads([{**worked_example().ads[0], "cost": "much"}, *worked_example().ads])
    with pytest.raises(admira.DataError, match=r"1 of 5 rows .* cost: not a number"):
        store.upsert(admira.normalize(raw))
    assert store.ads().empty


@pytest.mark.parametrize("url", ["gs://bucket/store", "postgresql://host/db"])
def test_a_store_that_is_not_supported_is_refused_by_its_scheme(url: str) -> None:
    with pytest.raises(admira.StoreError, match=url.split(":", maxsplit=1)[0]):
        admira.open_store(url)


def test_the_reprs_inform(demo: admira.Store, tmp_path: Path) -> None:
    assert "ads 5,658 rows from 2025-09-03 to 2025-12-31" in repr(demo)
    assert "4,000" in demo._repr_html_()
    assert "ads 0 rows" in repr(admira.open_store(tmp_path / "new"))


def test_the_reporting_time_zone_cuts_the_day(tmp_path: Path) -> None:
    example = worked_example()
    late = [{**example.crm[0], "created_at": "2025-08-01T23:30:00Z"}]
    store = admira.open_store(tmp_path / "store", tz="Europe/Madrid")
    admira.ingest(store, ads=example.ads, crm=late)
    assert store.crm()["date"].dt.day.tolist() == [2]
    assert admira.open_store(tmp_path / "store").tz == "Europe/Madrid"
    with pytest.raises(admira.StoreError, match="Europe/Madrid"):
        admira.open_store(tmp_path / "store", tz="UTC").crm()


def test_the_demo_is_the_same_every_time() -> None:
    assert generate().ads == generate().ads
    pd.testing.assert_frame_equal(admira.demo().ads(), admira.demo().ads())
