"""Bytes become records exactly, or are refused with a reason."""

import datetime
import gc
import io
import json
import math
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from admira.sources.decode import (
    Format,
    Undecodable,
    decode,
    decode_json,
    format_of_answer,
    format_of_name,
)

BOM = b"\xef\xbb\xbf"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def parquet_of(table: pyarrow.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


@given(json_values)
def test_json_is_read_as_it_was_written(document: Any) -> None:
    assert decode_json(json.dumps(document).encode()) == document
    assert decode_json(json.dumps(document, ensure_ascii=False).encode()) == document


@given(st.integers(), st.integers(min_value=64, max_value=400))
def test_integers_of_any_size_are_exact(low: int, bits: int) -> None:
    number = low + (1 << bits)
    assert decode_json(b'[{"campaign_id": %d}]' % number) == [{"campaign_id": number}]


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (BOM + b"[1]", [1]),
        (b" \n[1]\r\n ", [1]),
        (b"[Infinity, -Infinity]", [math.inf, -math.inf]),
        (rb'["\ud800"]', ["\ud800"]),
        (b'["two\nlines\tand a tab"]', ["two\nlines\tand a tab"]),
        ("[1, “é”]".replace("“", '"').replace("”", '"').encode("utf-16"), [1, "é"]),
        (b'{"clicks": 1, "clicks": 2}', {"clicks": 2}),
        (b"[%b]" % (b"7" * 5000), ["7" * 5000]),
    ],
    ids=["bom", "blanks", "infinity", "surrogate", "control", "utf-16", "twice", "endless"],
)
def test_what_the_standard_library_reads_is_read(body: bytes, document: Any) -> None:
    assert decode_json(body) == document


def test_nan_is_read() -> None:
    (value,) = decode_json(b"[NaN]")
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("body", "form", "reason"),
    [
        (b"", "json", "it is empty"),
        (b" \r\n\t ", "json", "it is empty"),
        (BOM, "json", "it is empty"),
        (BOM, "csv", "it is empty"),
        (b"", "jsonl", "it is empty"),
        (b'[{"clicks": 1', "json", "it is not JSON: .*line 1 column 14"),
        (b"<html></html>", "json", "it is not JSON"),
        (b"[1] [2]", "json", "it is not JSON"),
        (b'["caf\xe9"]', "json", "it is not UTF-8 text"),
        (b"[" * 100_000, "json", "it is nested too deeply"),
        (b'{"a": 1}\n{"a": \n', "jsonl", "line 2: it is not JSON"),
        (b'{"a": 1}\n{"a": \n', "json", "line 2: it is not JSON"),
        (b"date,caf\xe9\n", "csv", "it is not UTF-8 text; save it as CSV UTF-8"),
        (b'date,clicks\n"2025-08-01,7\n', "csv", "it is not CSV: .*line 2"),
        (b"date,clicks,date\n1,2,3\n", "csv", "the column 'date' occurs twice"),
        (b"", "parquet", "it is not Parquet, or damaged"),
        (b"PAR1 and no more PAR1", "parquet", "it is not Parquet, or damaged"),
    ],
)
def test_what_nobody_can_read_is_refused_with_a_reason(
    body: bytes, form: Format, reason: str
) -> None:
    with pytest.raises(Undecodable, match=reason):
        decode(body, form)


def test_a_reason_quotes_nothing_of_the_body() -> None:
    with pytest.raises(Undecodable) as caught:
        decode(b'{"token": s3cr3t}', "json")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_lines_are_read_under_either_name(form: Format) -> None:
    assert decode(b'{"a": 1}\n\r\n{"a": 2}\r\n', form) == [{"a": 1}, {"a": 2}]


def test_a_single_line_is_a_document_of_its_own() -> None:
    assert decode(b'{"external": {}}\n', "jsonl") == {"external": {}}


def test_indented_json_is_not_taken_for_lines() -> None:
    assert decode(json.dumps({"a": [1, 2]}, indent=1).encode(), "json") == {"a": [1, 2]}


def test_cells_of_csv_stay_text() -> None:
    body = BOM + 'date,campaign_id , name\r\n2025-08-01,007,NA\r\n,,"a\nb, é"\r\n'.encode()
    assert decode(body, "csv") == [
        {"date": "2025-08-01", "campaign_id": "007", "name": "NA"},
        {"date": "", "campaign_id": "", "name": "a\nb, é"},
    ]


def test_a_short_line_lacks_its_last_cells_and_a_long_one_stays_a_list() -> None:
    assert decode(b"a,b\n\n1\n1,2\n1,2,3\n", "csv") == [
        {"a": "1"},
        {"a": "1", "b": "2"},
        ["1", "2", "3"],
    ]


def test_parquet_keeps_its_types_and_integers_with_gaps_stay_integers() -> None:
    huge = 2**62 + 1
    columns = {
        "campaign_id": pyarrow.array([huge, None]),
        "clicks": pyarrow.array([1, 2]),
        "cost": pyarrow.array([1.5, None]),
        "channel": pyarrow.array(["google_ads", None]).dictionary_encode(),
        "date": pyarrow.array([datetime.date(2025, 8, 1), None]),
        "day": pyarrow.array([2**30, None], pyarrow.date32()),
        "amount": pyarrow.array([Decimal("1.50"), None]),
    }
    frame = decode(parquet_of(pyarrow.table(columns)), "parquet")
    assert frame["campaign_id"].tolist() == [huge, None]
    assert frame["clicks"].dtype == "int64"
    assert frame["cost"].dtype == "float64"
    assert frame["channel"].dtype == "str"
    assert frame["date"].tolist() == [pd.Timestamp("2025-08-01"), pd.NaT]
    assert frame["day"].dtype.kind == "M"
    assert frame["amount"].tolist() == [Decimal("1.50"), None]


def test_parquet_of_pandas_keeps_the_columns_of_its_index() -> None:
    rows = pd.DataFrame({"campaign_id": ["C-1"], "clicks": [1]}).set_index("campaign_id")
    sink = io.BytesIO()
    rows.to_parquet(sink)
    assert set(decode(sink.getvalue(), "parquet")) == {"campaign_id", "clicks"}


@given(st.binary(max_size=60), st.sampled_from(["json", "jsonl", "csv", "parquet"]))
def test_any_bytes_are_read_or_refused(body: bytes, form: Format) -> None:
    with suppress(Undecodable):
        decode(body, form)


@pytest.mark.parametrize(
    ("path", "content_type", "form"),
    [
        ("/ads", "", "json"),
        ("/ads", "text/html", "json"),
        ("/ads.csv", "text/plain", "csv"),
        ("/ads.csv", "application/json; charset=utf-8", "json"),
        ("/ads", "Text/CSV; charset=utf-8", "csv"),
        ("/ads", "application/x-ndjson", "jsonl"),
        ("/ads.PARQUET", "application/octet-stream", "parquet"),
    ],
)
def test_an_answer_is_what_it_says_it_is(path: str, content_type: str, form: Format) -> None:
    assert format_of_answer(path, content_type) == form


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.json", "json"),
        ("a.b.NDJSON", "jsonl"),
        ("a.csv", "csv"),
        ("json", None),
        ("a.txt", None),
    ],
)
def test_a_file_is_what_its_suffix_says(name: str, form: Format | None) -> None:
    assert format_of_name(name) == form


def test_the_collector_runs_again_after_decoding_whatever_came() -> None:
    for body in (b"[1]", b"["):
        with suppress(Undecodable):
            decode_json(body)
        assert gc.isenabled()
