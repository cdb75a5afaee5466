"""Canonical JSON: what is the same on every engine has the same bytes and the same key."""

import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow
import pytest

import admira
from admira import DataError, SchemaMismatch
from admira.datasets import worked_example
from admira.export.canonical import canonical_json, columns_of, content_key, plain


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (pd.NA, "null"),
        (pd.NaT, "null"),
        (float("nan"), "null"),
        (Decimal("NaN"), "null"),
        (np.float64("nan"), "null"),
        (650.0, "650"),
        (-0.0, "0"),
        (Decimal("650.00"), "650"),
        (Decimal("0.1"), "0.1"),
        (np.int64(12), "12"),
        (2**60 + 1, "1152921504606846977"),
        (1e300, "1e+300"),
        (0.1 + 0.2, "0.30000000000000004"),
        (np.bool_(1), "true"),
        (date(2025, 8, 31), '"2025-08-31"'),
        (pd.Timestamp("2025-08-31"), '"2025-08-31"'),
        (np.datetime64("2025-08-31", "D"), '"2025-08-31"'),
        (pd.Timestamp("2025-08-31 10:00", tz="Europe/Madrid"), '"2025-08-31T08:00:00Z"'),
        (datetime(2025, 8, 31, tzinfo=timezone(timedelta(hours=2))), '"2025-08-30T22:00:00Z"'),
        ("ñ “a”", '"ñ “a”"'),
    ],
)
def test_each_value_has_one_form(value: Any, written: str) -> None:
    assert canonical_json({"v": plain(value, "v")}) == f'{{"v":{written}}}'.encode()


def test_keys_are_sorted_at_every_depth() -> None:
    body = canonical_json({"b": [{"z": 1, "a": 2}], "a": None})
    assert body == b'{"a":null,"b":[{"a":2,"z":1}]}'


@pytest.mark.parametrize("value", [float("inf"), Decimal("-Infinity"), 1j, [1], b"bytes"])
def test_what_json_does_not_have_is_refused_by_its_column(value: Any) -> None:
    frame = pd.DataFrame({"cost": pd.Series([value], dtype="object")})
    with pytest.raises(DataError, match="'cost'"):
        columns_of(frame)


def test_a_column_that_occurs_twice_is_refused() -> None:
    with pytest.raises(DataError, match="'cost' twice"):
        columns_of(pd.DataFrame([[1, 2]], columns=["cost", "cost"]))


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(SchemaMismatch, match="Give a frame"):
        columns_of([1, 2])


def test_engines_agree_on_bytes_and_key() -> None:
    example = worked_example()
    facts = admira.join_utm(example.ads_frame, example.crm_frame)
    arrow = pyarrow.Table.from_pandas(facts, preserve_index=False)
    by = ["date", "channel"]
    found = [
        columns_of(admira.compute_metrics(frame, by=by))
        for frame in (
            facts,
            arrow,
            pl.from_arrow(arrow),
            pl.from_arrow(arrow).lazy(),
            duckdb.sql("SELECT * FROM arrow"),
        )
    ]
    first = found[0]
    assert first["date"][0] == "2025-08-01"
    assert first["roas"].count(None) == 4
    assert json.loads(canonical_json(first)) == first
    assert {content_key(columns) for columns in found} == {content_key(first)}


def test_a_key_looks_at_twelve_digits_and_at_everything_else() -> None:
    key = content_key({"rows": [{"cost": 0.1 + 0.2}]})
    assert key == content_key({"rows": [{"cost": 0.3}]})
    assert key != content_key({"rows": [{"cost": 0.30001}]})
    assert key != content_key({"rows": [{"cost": 0.3}], "date": "2025-08-31"})
    assert content_key({"cost": 649.9999999999999}) == content_key({"cost": 650})
