"""How every store keeps rejected rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from admira.stores.base import Backend
from admira.stores.quarantine import QUARANTINE
from tests.stores.rows import NOW, reject


def test_an_empty_quarantine_is_typed(store: Backend) -> None:
    assert_frame_equal(store.read_quarantine(), QUARANTINE.empty())
    assert (
        store.quarantine(
            pd.DataFrame({"reasons": []}), kind="ads", source="api", run_id="r1", now=NOW
        )
        == 0
    )
    assert_frame_equal(store.read_quarantine(), QUARANTINE.empty())


def test_quarantine_keeps_the_row_as_received(store: Backend) -> None:
    assert reject(store, {"date": "soon", "clicks": "12"}) == 1
    (kept,) = store.read_quarantine().to_dict("records")
    assert pd.isna(kept.pop("replayed_run"))
    assert kept == {
        "kind": "ads",
        "source": "api",
        "reasons": "date: not a date",
        "row": '{"clicks": "12", "date": "soon"}',
        "first_run": "r1",
        "first_seen": pd.Timestamp(NOW),
    }


def test_a_row_seen_before_adds_nothing(store: Backend) -> None:
    reject(store, {"date": "soon"}, {"date": "soon"})
    before = store.read_quarantine()
    later = datetime(2025, 8, 21, tzinfo=UTC)
    assert reject(store, {"date": "soon"}, run_id="r2", now=later) == 0
    assert_frame_equal(store.read_quarantine(), before)
    assert reject(store, {"date": "soon"}, {"date": "late"}, run_id="r2", now=later) == 1
    assert store.read_quarantine()["first_run"].tolist() == ["r1", "r2"]


def test_the_rows_beside_it_do_not_make_a_row_new(store: Backend) -> None:
    reject(store, {"date": "soon", "clicks": 1})
    assert reject(store, {"note": "x", "date": "late"}, {"clicks": 1, "date": "soon"}) == 1


def test_other_reasons_make_a_row_new(store: Backend) -> None:
    reject(store, {"date": "soon"})
    assert reject(store, {"date": "soon", "reasons": "clicks: no number"}) == 1


def test_quarantine_can_be_read_by_table(store: Backend) -> None:
    reject(store, {"date": "soon"})
    rejected = pd.DataFrame({"opportunity_id": [""], "reasons": ["opportunity_id: blank"]})
    store.quarantine(rejected, kind="crm", source="api", run_id="r1", now=NOW)
    assert store.read_quarantine()["kind"].tolist() == ["ads", "crm"]
    assert store.read_quarantine(kind="crm")["kind"].tolist() == ["crm"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (float("inf"), "inf"),
        (Decimal("1.10"), "1.10"),
        (pd.Timestamp("2025-08-01", tz="UTC"), "2025-08-01T00:00:00+00:00"),
        (date(2025, 8, 1), "2025-08-01"),
        (b"caf\xe9", "caf\\xe9"),
        ("\udc80", "\udc80"),
        ("ñ\\udc80", "ñ\\udc80"),
        (10**30, 10**30),
        (True, True),
        ({"b": [1, None, float("nan")]}, {"b": [1, None, None]}),
        ({1}, [1]),
        (pd.Interval(0, 1), "(0, 1]"),
    ],
)
def test_quarantine_copes_with_any_value(store: Backend, value: Any, kept: Any) -> None:
    rejected = pd.DataFrame({"cost": pd.Series([value], dtype=object), "reasons": ["cost"]})
    store.quarantine(rejected, kind="ads", source="api", run_id="r1", now=NOW)
    (text,) = store.read_quarantine()["row"]
    assert json.loads(text) == {"cost": kept}


@pytest.mark.parametrize("value", [None, float("nan"), pd.NaT, pd.NA])
def test_missing_values_are_left_out_of_a_quarantined_row(store: Backend, value: Any) -> None:
    rejected = pd.DataFrame({"cost": pd.Series([value], dtype=object), "reasons": ["cost"]})
    store.quarantine(rejected, kind="ads", source="api", run_id="r1", now=NOW)
    assert store.read_quarantine()["row"].tolist() == ["{}"]


def test_rejected_rows_are_unchanged(store: Backend) -> None:
    rejected = pd.DataFrame({"date": ["soon"], "reasons": ["date: not a date"]}, index=[7])
    before = rejected.copy()
    store.quarantine(rejected, kind="ads", source="api", run_id="r1", now=NOW)
    assert_frame_equal(rejected, before)
