"""What every public object says of itself: one line in a log, a drawing in a notebook."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import admira
from admira.datasets import worked_example

HOSTILE = "<img src=x onerror=alert(1)>"
EXAMPLE = worked_example()
BAD = {**EXAMPLE.ads[0], "campaign_id": "X-1", "clicks": HOSTILE}


def validated(*rows: dict[str, Any]) -> admira.Validated:
    raw = pd.DataFrame(rows, dtype=object)
    return admira.validate(admira.normalize(raw), raw=raw)


def ingested(store: admira.Store, *more: dict[str, Any]) -> admira.IngestReport:
    return admira.ingest(store, ads=[*EXAMPLE.ads, *more], crm=EXAMPLE.crm, run_id="monday")


@pytest.fixture
def store() -> admira.Store:
    return admira.open_store("memory:")


def shown(store: admira.Store) -> dict[str, Any]:
    """Give one of each object, with rows of a hostile source in it."""
    report = ingested(store, BAD, {**BAD, "channel": HOSTILE})
    return {
        "store": store,
        "report": report,
        "validated": validated(EXAMPLE.ads[0], BAD, {**BAD, HOSTILE: 1}),
        "verification": store.verify(),
        "quarantine": store.quarantine(),
        "reconciliation": store.reconcile(),
        "upserted": store.upsert(EXAMPLE.ads_frame),
        "metrics": admira.metrics,
        "demo": EXAMPLE,
    }


class Tags(HTMLParser):
    """Collects the elements of a page and their attributes, and sees that they close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_object_has_one_line_for_a_log(store: admira.Store) -> None:
    for name, thing in shown(store).items():
        assert 0 < len(repr(thing).splitlines()) < 2, name
        assert " at 0x" not in repr(thing)


def test_every_object_is_drawn_without_anything_a_sanitizer_strips(store: admira.Store) -> None:
    allowed = {"div", "b", "span", "table", "thead", "tbody", "tr", "th", "td"}
    allowed |= {"details", "summary", "pre", "code"}
    for name, thing in shown(store).items():
        html = thing._repr_html_()
        tags = Tags(html)
        assert not tags.open, name
        assert {tag for tag, _ in tags.found} <= allowed, name
        assert not any(key.startswith("on") for _, keys in tags.found for key in keys), name
        assert not re.search(r"<script|<style|<svg|https?://", html), name


def test_names_from_outside_are_escaped(tmp_path: Path) -> None:
    source = tmp_path / f"{HOSTILE.replace('/', '')}.csv"
    pd.DataFrame([*EXAMPLE.ads, BAD]).to_csv(source, index=False)
    store = admira.open_store("memory:")
    report = admira.ingest(store, ads=str(source), crm=EXAMPLE.crm, run_id=HOSTILE)
    for thing in (report, store, validated(BAD, {**BAD, HOSTILE: 1})):
        assert "<img" not in thing._repr_html_()
        assert "&lt;img src=x" in thing._repr_html_()


# The ingest report


def test_a_report_says_how_many_rows_went_where_and_why(store: admira.Store) -> None:
    report = ingested(store, BAD)
    assert repr(report) == (
        "<IngestReport monday: ads 5 fetched, 4 accepted, 1 rejected; "
        "crm 6 fetched, 6 accepted, 0 rejected>"
    )
    assert "rejected: 1 (clicks: not a number: 1)" in str(report)
    html = report._repr_html_()
    assert "11 rows read" in html
    assert "1 in quarantine" in html
    assert "clicks: not a number (1)" in html


def test_a_report_with_rejected_rows_is_amber_and_one_without_green(store: admira.Store) -> None:
    assert "solid #16a34a" in ingested(store)._repr_html_()
    assert "solid #d97706" in ingested(store, BAD)._repr_html_()


def test_a_report_names_the_call_that_shows_the_rejected_rows(store: admira.Store) -> None:
    first, again = ingested(store, BAD), ingested(store, BAD)
    assert "store.quarantine(run=&#34;monday&#34;)" in first._repr_html_()
    assert len(store.quarantine(run="monday")) == 1
    assert "store.quarantine()" in again._repr_html_()
    assert "store.quarantine" not in ingested(store)._repr_html_()


def test_the_same_run_is_drawn_the_same_way_each_time() -> None:
    first, second = (ingested(admira.open_store("memory:"), BAD) for _ in range(2))
    assert first._repr_html_() == second._repr_html_()


def test_a_skipped_source_and_a_removed_row_ask_for_a_look(store: admira.Store) -> None:
    options: dict[str, Any] = {"ads": EXAMPLE.ads, "crm_complete": True}
    admira.ingest(store, crm=EXAMPLE.crm, **options)
    gone = admira.ingest(store, crm=EXAMPLE.crm[1:], **options)
    assert "no longer at the source: 1" in gone._repr_html_()
    skipped = admira.ingest(store, ads="none.json", crm=EXAMPLE.crm, on_source_error="skip")
    assert "ads: none.json was skipped" in skipped._repr_html_()
    assert "solid #d97706" in skipped._repr_html_()


# Reconciliation and quarantine


def test_a_reconciliation_says_on_one_line_and_in_a_cell_that_totals_meet(
    store: admira.Store,
) -> None:
    ingested(store)
    totals = store.reconcile()
    assert repr(totals) == "<Reconciliation: 11 of 11 totals reconcile>"
    assert "records_weighing_1" in str(totals)
    html = totals._repr_html_()
    assert "5,900.00" in html
    assert "11 of 11 totals reconcile" in html
    assert type(totals[totals["reconciles"]]) is pd.DataFrame


def test_a_quarantine_says_how_many_rows_of_which_reason_and_what_was_refused(
    store: admira.Store,
) -> None:
    assert "No row is in quarantine" in store.quarantine()._repr_html_()
    assert repr(store.quarantine()) == "<Quarantine: 0 rows>"
    ingested(store, BAD)
    kept = store.quarantine()
    assert repr(kept) == "<Quarantine: 1 row; clicks: not a number 1>"
    assert kept["received"].tolist() == [json.dumps(BAD["clicks"])]
    html = kept._repr_html_()
    assert "clicks: not a number" in html
    assert "store.replay(" in html
    assert kept["row"][0] in str(kept.to_dict())


# The store


def test_a_store_says_what_it_holds_and_what_to_call_next(store: admira.Store) -> None:
    assert repr(store) == "<Store MemoryStore(tz='UTC'): ads 0 rows; crm 0 rows>"
    assert "admira.ingest(store" in store._repr_html_()
    ingested(store, BAD)
    assert "ads 4 rows from 2025-08-01 to 2025-08-02" in repr(store)
    html = store._repr_html_()
    assert re.search(r"Aug 1\s–\s2, 2025", html)
    assert "Last run monday" in html
    assert "10 rows accepted, 1 rejected" in html
    assert html.count("<code>") == 3


def test_the_calls_that_a_store_suggests_exist(store: admira.Store) -> None:
    ingested(store)
    calls = re.findall(r"<code>(\w+)\.(\w+)\(", store._repr_html_())
    assert calls == [("store", "summary"), ("store", "metrics"), ("admira", "explore")]
    assert hasattr(store, "summary")


def test_a_store_that_cannot_be_read_still_has_a_repr(tmp_path: Path) -> None:
    store = admira.open_store(tmp_path / "store")
    ingested(store)
    next((tmp_path / "store" / "ads").rglob("*.parquet")).write_bytes(b"torn")
    assert "cannot be read: " in repr(store)
    assert "cannot be read" in store._repr_html_()
    assert "solid #d97706" in store._repr_html_()


def test_a_broken_store_is_described_problem_by_problem(tmp_path: Path) -> None:
    store = admira.open_store(tmp_path / "store")
    ingested(store)
    next((tmp_path / "store" / "ads").rglob("*.parquet")).write_bytes(b"torn")
    found = store.verify()
    assert repr(found).startswith("<Verification 1 problem: ")
    assert repr(found).endswith(f"{found.problems[0]}>")
    assert str(found).splitlines()[1].strip() == found.problems[0]
    assert "problems found: 1" in found._repr_html_()
    assert "sound" not in found._repr_html_()


# Rows that were checked, and the glossary


def test_checked_rows_show_counts_reasons_and_the_first_rejected_ones() -> None:
    html = validated(EXAMPLE.ads[0], *[BAD] * 7)._repr_html_()
    assert "1 accepted" in html
    assert "7 rejected" in html
    assert html.count("&lt;img src=x") == 5
    assert "… 2 more rows." in html
    assert "rejected" not in validated(EXAMPLE.ads[0])._repr_html_()


@pytest.fixture
def spanish() -> Iterator[None]:
    admira.set_language("es")
    yield
    admira.set_language(None)


def test_the_glossary_says_of_each_metric_what_it_is_and_which_way_is_good() -> None:
    html = admira.metrics._repr_html_()
    for text in ("Lead → opportunity", "cvr_lead_to_opp", "revenue / cost", "▲ more", "▼ less"):
        assert text in html
    assert html.count("<tr") == 1 + len(admira.metrics)


@pytest.mark.usefixtures("spanish")
def test_the_glossary_speaks_the_language_chosen() -> None:
    assert "Oportunidades" in admira.metrics._repr_html_()
    assert repr(admira.metrics).startswith("<MetricRegistry: clicks, impressions")


def test_a_ratio_of_ones_own_without_meaning_is_in_the_glossary() -> None:
    admira.metrics.add_ratio("revenue_per_click", "revenue", "clicks")
    try:
        assert "revenue_per_click" in admira.metrics._repr_html_()
    finally:
        admira.metrics.remove_ratio("revenue_per_click")
