"""Extraction gives what was received, from every kind of source, and loses nothing silently."""

import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.errors import OptionError, SourceRejected, SourceUnavailable
from admira.schemas import ADS, CRM
from admira.sources.extract import extract_ads, extract_crm

from .loopback import QUICK, Reply, Serve, closed_port, reply_json

Write = Callable[[Path, list[dict[str, Any]]], object]


ROWS: list[dict[str, Any]] = [
    {"date": "2025-08-01", "campaign_id": "C-1", "clicks": "7", "cost": "1.5"},
    {"date": "2025-08-02", "campaign_id": "C-2", "clicks": "8", "cost": ""},
]


def envelope(rows: list[Any], kind: str = "ads") -> dict[str, Any]:
    name = {"ads": "performance", "crm": "opportunities"}[kind]
    return {"external": {kind: {name: rows}}}


def cells(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]


def write_json(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(rows))


WRITERS: dict[str, Write] = {
    "list.json": write_json,
    "envelope.json": lambda path, rows: path.write_text(json.dumps(envelope(rows))),
    "rows.jsonl": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows))),
    "rows.ndjson": lambda path, rows: path.write_text("\n".join(map(json.dumps, rows)) + "\n"),
    "rows.csv": lambda path, rows: pd.DataFrame(rows).to_csv(path, index=False),
    "rows.parquet": lambda path, rows: pd.DataFrame(rows).to_parquet(path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_gives_its_rows(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, ROWS)
    assert cells(extract_ads(tmp_path / name)) == ROWS
    assert cells(extract_ads(str(tmp_path / name))) == ROWS


@pytest.mark.parametrize("name", WRITERS)
def test_a_url_gives_its_rows(tmp_path: Path, serve: Serve, name: str) -> None:
    WRITERS[name](tmp_path / name, ROWS)
    server = serve(Reply(((tmp_path / name).read_bytes(),)))
    assert cells(extract_ads(f"{server.url}/{name}?key=1", client=QUICK)) == ROWS
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "source",
    [ROWS, tuple(ROWS), envelope(ROWS), pd.DataFrame(ROWS), pd.DataFrame(ROWS, index=[5, 5])],
    ids=["list", "tuple", "envelope", "frame", "frame with an index"],
)
def test_what_is_in_memory_gives_its_rows(source: Any) -> None:
    raw = extract_ads(source)
    assert cells(raw) == ROWS
    assert raw.index.equals(pd.RangeIndex(2))


def test_crm_has_an_envelope_of_its_own() -> None:
    rows = [{"opportunity_id": "O-1", "stage": "lead"}]
    assert cells(extract_crm(envelope(rows, "crm"))) == rows
    with pytest.raises(SourceRejected, match=r"found an object with the keys 'crm' under external"):
        extract_ads(envelope(rows, "crm"))


def test_one_lone_record_is_a_list_of_one(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(json.dumps(ROWS[0]))
    assert cells(extract_ads(tmp_path / "one.jsonl")) == ROWS[:1]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"data": [], "meta": {}}, "found an object with the keys 'data', 'meta'."),
        ({}, "found an empty object."),
        ({"external": {"ads": {"performance": None}}}, "found null under external.ads.performance"),
        ({"external": {"ads": {"performance": {}}}}, "found an empty object under external"),
        ({"external": {"ads": []}}, "found list under external.ads."),
        ("rows", "found text."),
        (7, "found a number."),
        (None, "found null."),
    ],
)
def test_a_document_without_rows_is_refused_with_what_was_found(
    serve: Serve, document: Any, found: str
) -> None:
    server = serve(reply_json(document))
    with pytest.raises(SourceRejected) as caught:
        extract_ads(f"{server.url}/ads?token=s3cr3t", client=QUICK)
    assert f"{server.url}/ads holds no ads rows: expected a list of records" in str(caught.value)
    assert found in str(caught.value)
    assert "s3cr3t" not in str(caught.value)
    assert len(server.requests) == 1


def test_no_rows_give_the_required_columns() -> None:
    assert list(extract_ads([])) == ADS.required
    assert list(extract_crm(envelope([], "crm"))) == CRM.required
    assert extract_ads([]).dtypes.eq(object).all()
    assert extract_ads([]).empty


json_cells = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
json_records = st.dictionaries(st.sampled_from(["date", "campaign_id", "cost", "new"]), json_cells)


def same(left: Any, right: Any) -> bool:
    """Compare values and their types, which ``1 == 1.0 == True`` does not."""
    return type(left) is type(right) and repr(left) == repr(right)


@settings(max_examples=50)
@given(st.lists(json_records, min_size=1, max_size=4))
def test_every_cell_is_as_received(records: list[dict[str, Any]]) -> None:
    raw = extract_ads(envelope(records))
    assert len(raw) == len(records)
    assert raw.dtypes.eq(object).all()
    for position, record in enumerate(records):
        for name in raw:
            assert same(raw[name].iloc[position], record.get(name))


@settings(max_examples=50)
@given(st.lists(json_records | json_cells, min_size=1, max_size=4))
def test_a_record_that_is_no_object_is_kept_in_the_id_column(records: list[Any]) -> None:
    raw = extract_ads({"external": {"ads": {"performance": records}}})
    assert len(raw) == len(records)
    for position, record in enumerate(records):
        if not isinstance(record, dict):
            assert same(raw["campaign_id"].iloc[position], record)
            assert raw.drop(columns="campaign_id").iloc[position].isna().all()


def test_dirt_spoils_its_cells_and_nothing_else() -> None:
    dirty = [
        {"date": "2025-08-01", "campaign_id": 120210000000000000001, "clicks": 7},
        {"date": None, "campaign_id": 12.5, "clicks": "seven"},
        {"date": ["2025-08-01"], "campaign_id": {"id": 1}, "clicks": True, "unknown": "x"},
        {"campaign_id": "C-1", "clicks": math.inf},
        None,
        "not a record",
        {},
    ]
    raw = extract_ads(json.loads(json.dumps(envelope(dirty))))
    assert raw["campaign_id"].tolist() == [
        120210000000000000001,
        12.5,
        {"id": 1},
        "C-1",
        None,
        "not a record",
        None,
    ]
    assert raw["clicks"].tolist() == [7, "seven", True, math.inf, None, None, None]
    assert raw["unknown"].tolist() == [None, None, "x", None, None, None, None]
    assert list(raw) == ["date", "campaign_id", "clicks", "unknown"]


def test_a_column_name_that_cannot_be_stored_is_spelt_out() -> None:
    assert list(extract_ads([{"campaign_id": "C-1", "\ud800": 1}])) == ["campaign_id", r"\ud800"]


def test_the_source_is_not_changed_by_what_becomes_of_the_frame() -> None:
    frame, rows = pd.DataFrame({"campaign_id": ["C-1"]}, index=[7]), [{"campaign_id": "C-1"}]
    for source in (frame, rows):
        raw = extract_ads(source)
        raw.loc[0, "campaign_id"] = "changed"
    assert frame.equals(pd.DataFrame({"campaign_id": ["C-1"]}, index=[7]))
    assert rows == [{"campaign_id": "C-1"}]


@pytest.mark.parametrize(
    "source",
    [7, b"[]", iter([]), {"a", "b"}, np.array([1])],
    ids=lambda source: type(source).__name__,
)
def test_a_source_of_no_known_kind_is_refused(source: Any) -> None:
    with pytest.raises(OptionError, match="a URL, a path, a glob, a list of dicts"):
        extract_ads(source)


def test_two_columns_of_one_name_are_refused() -> None:
    twice = pd.DataFrame([["C-1", "C-2"]], columns=["campaign_id", "campaign_id"])
    with pytest.raises(SourceRejected, match="'campaign_id' occurs twice"):
        extract_ads(twice)


@pytest.mark.parametrize("place", ["environment", ".env"])
def test_without_a_source_the_settings_name_it(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    ads, crm = serve(reply_json(ROWS)), serve(reply_json([{"opportunity_id": "O-1"}]))
    monkeypatch.chdir(tmp_path)
    named = {"ADS_API_URL": ads.url, "CRM_API_URL": crm.url}
    for name, url in named.items():
        monkeypatch.setenv(name, url if place == "environment" else "")
    if place == ".env":
        (tmp_path / ".env").write_text("".join(f"{name}={url}\n" for name, url in named.items()))
    assert cells(extract_ads()) == ROWS
    assert cells(extract_crm()) == [{"opportunity_id": "O-1"}]


def test_without_a_source_anywhere_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CRM_API_URL", raising=False)
    with pytest.raises(
        SourceRejected, match=r"No source for crm: pass source=, or set CRM_API_URL"
    ):
        extract_crm()


def test_an_api_that_is_down_is_named() -> None:
    url = f"http://127.0.0.1:{closed_port()}/ads?token=s3cr3t"
    with pytest.raises(SourceUnavailable, match=r"^ADS API unavailable") as caught:
        extract_ads(url, client=QUICK)
    assert "s3cr3t" not in str(caught.value)
    with pytest.raises(SourceUnavailable, match=r"^CRM API unavailable"):
        extract_crm(url, client=QUICK)


def test_what_was_extracted_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    server = serve(reply_json(ROWS))
    with caplog.at_level(logging.DEBUG):
        extract_ads(f"{server.url}/ads?token=s3cr3t", since="2025-08-02", client=QUICK)
    (record,) = [record for record in caplog.records if record.name == "admira.ads"]
    assert record.message == (
        f"ads.extracted rows=1 out_of_window=1 pulls=1 skipped=0 source={server.url}/ads"
    )
    assert "s3cr3t" not in caplog.text
