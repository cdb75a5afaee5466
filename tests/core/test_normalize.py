"""normalize: the frame it gives, and the laws it keeps."""

import datetime as dt
import logging
from typing import Any

import pandas as pd
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira import AmbiguousData, SchemaMismatch, normalize
from admira.core.normalize import normalize_counted
from admira.schemas import ADS, CRM
from tests.core.raw import AD, OPPORTUNITY, ads, objects, problem


def test_columns_come_typed_and_in_the_contracts_order_then_problems() -> None:
    raw = pd.DataFrame([dict(reversed(AD.items()))])
    rows = normalize(raw)
    assert list(rows.columns) == [*AD, "problems"]
    assert rows["problems"].to_list() == [""]


@pytest.mark.parametrize(("row", "table"), [(AD, ADS), (OPPORTUNITY, CRM)])
def test_no_rows_give_a_typed_empty_frame(row: dict[str, Any], table: Any) -> None:
    rows = normalize(pd.DataFrame(columns=list(row)))
    assert len(rows) == 0
    expected = table.empty().dtypes.astype(str).to_dict() | {"problems": "str"}
    assert rows.dtypes.astype(str).to_dict() == {name: expected[name] for name in rows}


@pytest.mark.parametrize("name", ["campaign_id", "channel", "date", "clicks", "utm_campaign"])
def test_a_column_that_must_exist_is_named_when_it_is_missing(name: str) -> None:
    raw = pd.DataFrame([AD]).drop(columns=name)
    with pytest.raises(SchemaMismatch, match=f"lack '{name}'"):
        normalize(raw, kind="ads")


def test_a_column_that_is_absent_stays_absent() -> None:
    assert "utm_source" not in normalize(pd.DataFrame([AD]))


def test_a_column_of_the_contract_that_occurs_twice_is_refused() -> None:
    raw = pd.DataFrame([AD])
    with pytest.raises(AmbiguousData, match="column 'cost' more than once"):
        normalize(pd.concat([raw, raw[["cost"]]], axis=1))


def test_unknown_columns_are_left_out_and_their_values_counted() -> None:
    rows, fixed = normalize_counted(ads("device", "phone", None, ["tablet"]))
    assert "device" not in rows
    assert fixed == {"unknown_column_device": 2}


def test_the_index_of_the_raw_rows_plays_no_part() -> None:
    raw = ads("clicks", 1, "x", 3)
    pd.testing.assert_frame_equal(normalize(raw.set_axis([4, 4, 4])), normalize(raw))


def test_arguments_are_not_changed() -> None:
    raw = ads("clicks", "1", None, -3)
    copy = raw.copy()
    normalize(raw)
    pd.testing.assert_frame_equal(raw, copy)


def test_all_problems_of_a_row_are_told_in_the_contracts_order() -> None:
    raw = pd.DataFrame([AD | {"clicks": "many", "date": "soon", "channel": " "}])
    assert problem(raw) == "date: not a date; channel: blank; clicks: not a number"


def test_rows_and_repairs_are_logged_as_one_event(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="admira"):
        normalize(ads("clicks", 1, None, "x"))
    assert caplog.messages == ["ads.normalized rows=3 with_problems=1 null_clicks=1"]


TYPED = pd.DataFrame([AD, AD | {"date": "2025-08-02", "campaign_id": "2", "clicks": 3}])


@pytest.mark.parametrize(
    "raw",
    [
        TYPED,
        TYPED.astype(object),
        TYPED.astype("category"),
        TYPED.convert_dtypes(),
        TYPED.convert_dtypes(dtype_backend="pyarrow"),
        TYPED.astype({"date": "datetime64[ns]", "clicks": "uint64", "cost": "float32"}),
        TYPED.astype({"date": "datetime64[s]", "clicks": "float64", "impressions": "Int8"}),
        pyarrow.Table.from_pandas(TYPED.astype({"date": "datetime64[s]"}))
        .cast(
            pyarrow.schema(
                [
                    ("date", pyarrow.date32()),
                    ("campaign_id", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
                    ("channel", pyarrow.string()),
                    ("clicks", pyarrow.decimal128(19, 0)),
                    ("impressions", pyarrow.int32()),
                    ("cost", pyarrow.float64()),
                    ("utm_campaign", pyarrow.large_string()),
                ]
            )
        )
        .to_pandas(types_mapper=pd.ArrowDtype),
    ],
    ids=["str", "object", "category", "nullable", "pyarrow", "ns", "float", "arrow types"],
)
def test_columns_of_any_type_are_read_alike(raw: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(normalize(raw), normalize(TYPED))


def test_typed_instants_are_read_like_written_ones() -> None:
    naive = pd.DataFrame([OPPORTUNITY]).assign(created_at=pd.Timestamp("2025-08-01 12:00"))
    local = naive.assign(created_at=pd.Timestamp("2025-08-01 14:00", tz="Europe/Madrid"))
    expected = normalize(pd.DataFrame([OPPORTUNITY]))
    pd.testing.assert_frame_equal(normalize(naive), expected)
    pd.testing.assert_frame_equal(normalize(local), expected)
    assert normalize_counted(naive).fixed == {"naive_created_at": 1}
    assert normalize_counted(local).fixed == {}


law = settings(max_examples=30)


names = st.sampled_from(
    ["google_ads", " Meta  Ads", "(not set)", "℡", "İx", "{{x}}", "won", "a_b", ""]
)
numbers = st.sampled_from(
    [0, 1, -1, "2", " 3.0", 4.0, 2**53 + 1, None, "x", True, float("nan"), 1.5]
)
days = st.sampled_from(
    ["2025-08-01", 20250802, "2025-08-03T23:00:00-05:00", dt.date(2025, 8, 4), None, "x", True]
)
instants = st.sampled_from(
    [
        "2025-08-01",
        "2025-08-01T23:00:00-05:00",
        "2000-01-01T00:00:00+05:00",
        "20250801T1000Z",
        None,
        "x",
    ]
)
ids = st.sampled_from(["a", " B ", 1, 1.0, 2**60, 2.0**60, None, "(x)", True, "\ud800", "1"])

raw_ads = st.lists(
    st.fixed_dictionaries(
        {
            "date": days,
            "campaign_id": ids,
            "channel": names,
            "clicks": numbers,
            "impressions": numbers,
            "cost": numbers,
            "utm_campaign": names | st.text(max_size=3),
            "account_id": ids,
            "currency": st.sampled_from(["eur", "ßß", None, "x"]),
        }
    ),
    min_size=1,
    max_size=4,
)
raw_crm = st.lists(
    st.fixed_dictionaries(
        {
            "opportunity_id": ids,
            "stage": names,
            "amount": numbers,
            "created_at": instants,
            "closed_at": instants,
            "utm_campaign": names,
            "entry_stage": names,
            "gclid": ids,
        }
    ),
    min_size=1,
    max_size=4,
)
records = raw_ads | raw_crm


def as_received(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame({name: objects([row[name] for row in rows]) for name in rows[0]})


@law
@given(records, st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]))
def test_good_rows_normalised_again_are_the_same(rows: list[dict[str, Any]], tz: str) -> None:
    once = normalize(as_received(rows), tz=tz)
    good = once[once["problems"] == ""].reset_index(drop=True)
    pd.testing.assert_frame_equal(normalize(good, tz=tz), good)


@law
@given(records)
def test_a_row_is_read_the_same_alone_and_among_others(rows: list[dict[str, Any]]) -> None:
    together = normalize(as_received(rows))
    alone = pd.concat([normalize(as_received([row])) for row in rows], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone)


@law
@given(records)
def test_columns_are_well_typed_whatever_they_held(rows: list[dict[str, Any]]) -> None:
    result = normalize(as_received(rows))
    table = CRM if "stage" in rows[0] else ADS
    types = {column.name: column.dtype for column in table.columns} | {"problems": "str"}
    assert result.dtypes.astype(str).to_dict() == {name: types[name] for name in result}
    assert len(result) == len(rows)


@law
@given(st.lists(numbers, min_size=1, max_size=4))
def test_repairs_are_counted_cell_by_cell(cells: list[Any]) -> None:
    alone = [normalize_counted(ads("clicks", cell)).fixed for cell in cells]
    together = normalize_counted(ads("clicks", *cells)).fixed
    assert together == {
        repair: total
        for repair in ("null_clicks", "negative_clicks")
        if (total := sum(fixed.get(repair, 0) for fixed in alone))
    }
