"""validate: every row on one side, with its reason, matched by position."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira import DataError, SchemaMismatch, Validated, normalize, validate
from admira.schemas import ADS, CRM, Table

law = settings(max_examples=25)


def raw_ads(**columns: object) -> pd.DataFrame:
    good = {
        "date": "2025-08-01",
        "campaign_id": ["C-1", "C-2", "C-3"],
        "channel": "google_ads",
        "clicks": 1,
        "impressions": 10,
        "cost": 2.5,
        "utm_campaign": "sale",
    }
    return pd.DataFrame(good | columns, dtype=object)


cells = st.sampled_from(["12", 3, -1, None, True, "many", float("inf")])
indexes = st.sampled_from([[0, 1, 2], [5, 5, 5], ["b", "a", "b"], [2, 1, 0]])


@law
@given(st.tuples(cells, cells, cells), st.tuples(cells, cells, cells), indexes)
def test_every_row_comes_out_once_and_in_order_whatever_the_index(
    clicks: tuple[Any, ...], costs: Any, index: list[Any]
) -> None:
    raw = raw_ads(clicks=list(clicks), cost=list(costs)).set_axis(index)
    rows = normalize(raw)
    accepted, rejected = validate(rows.set_axis(index), raw=raw)
    is_good = (rows["problems"] == "").to_list()
    ids = raw["campaign_id"].to_list()
    assert accepted["campaign_id"].to_list() == [
        i for i, good in zip(ids, is_good, strict=True) if good
    ]
    assert rejected["campaign_id"].to_list() == [
        i for i, good in zip(ids, is_good, strict=True) if not good
    ]
    assert rejected["reasons"].to_list() == [text for text in rows["problems"] if text]


@law
@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0, float("inf")]), min_size=3, max_size=3), indexes)
def test_the_schemas_checks_are_matched_by_position(costs: Any, index: list[Any]) -> None:
    rows = normalize(raw_ads()).assign(cost=costs).set_axis(index)
    accepted, rejected = validate(rows)
    assert accepted["cost"].to_list() == [cost for cost in costs if cost in (0, 1)]
    reasons = {-1.0: "cost: below 0", float("inf"): "cost: infinite"}
    assert rejected["reasons"].to_list() == [reasons[cost] for cost in costs if cost in reasons]


@law
@given(st.tuples(cells, cells, cells))
def test_accepted_rows_satisfy_the_schema(clicks: tuple[Any, ...]) -> None:
    accepted, _ = validate(normalize(raw_ads(clicks=list(clicks))))
    pd.testing.assert_frame_equal(ADS.pandera().validate(accepted), accepted)
    assert "problems" not in accepted


def test_rejected_rows_come_as_received() -> None:
    raw = raw_ads(clicks=[1, "12 clicks", 3], device=["phone", ["tablet"], None])
    rejected = validate(normalize(raw), raw=raw.set_axis([9, 9, 9])).rejected
    assert rejected.to_dict("records") == [
        raw.iloc[1].to_dict() | {"reasons": "clicks: not a number"}
    ]


def test_rejected_rows_come_normalised_where_no_raw_rows_are_given() -> None:
    rejected = validate(normalize(raw_ads(clicks=[1, "x", 3]))).rejected
    assert list(rejected.columns) == [*raw_ads().columns, "reasons"]
    assert rejected["clicks"].to_list() == [0]


def test_reasons_are_counted_per_problem() -> None:
    raw = raw_ads(clicks=["x", 1, "y"], cost=[1, None, True])
    validated = validate(normalize(raw))
    assert validated.reasons == {"clicks: not a number": 2, "cost: not a number": 1}
    assert repr(validated) == (
        "Validated: 1 accepted, 2 rejected (clicks: not a number × 2; cost: not a number × 1)"
    )


def test_a_notebook_shows_the_line_and_the_rejected_rows() -> None:
    shown = validate(normalize(raw_ads(channel=["a", "<b>", "(c)"])))._repr_html_()
    assert "2 accepted" in shown
    assert "1 rejected" in shown
    assert "The first rejected rows" in shown


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("clicks", -1, "clicks: below 0"),
        ("campaign_id", "", "campaign_id: blank"),
        ("campaign_id", None, "campaign_id: missing"),
        ("date", pd.NaT, "date: missing"),
    ],
)
def test_rows_that_were_never_normalised_are_checked_by_the_schema(
    column: str, value: Any, reason: str
) -> None:
    rows = normalize(raw_ads()).drop(columns="problems")
    rows[column] = rows[column].where(rows.index != 1, value)
    assert validate(rows).reasons == {reason: 1}


def test_an_entry_stage_that_is_no_stage_of_entry_is_rejected() -> None:
    raw = pd.DataFrame(
        {
            "opportunity_id": ["O-1", "O-2"],
            "stage": "lead",
            "amount": None,
            "created_at": "2025-08-01T00:00:00Z",
            "utm_campaign": "",
            "entry_stage": ["closed_won", None],
        }
    )
    validated = validate(normalize(raw))
    assert validated.reasons == {"entry_stage: not one of lead, opportunity": 1}
    assert validated.accepted["entry_stage"].to_list() == ["lead"]


@pytest.mark.parametrize("table", [ADS, CRM])
def test_no_rows_give_typed_empty_frames(table: Table) -> None:
    accepted, rejected = validate(table.empty())
    pd.testing.assert_frame_equal(accepted, table.empty())
    assert list(rejected.columns) == [*table.names, "reasons"]


def test_a_row_that_normalize_rejected_is_not_checked_again() -> None:
    rows = normalize(raw_ads(clicks=["x", 1, 1])).assign(cost=[-1.0, 1.0, 1.0])
    assert validate(rows).reasons == {"clicks: not a number": 1}


def test_arguments_are_not_changed() -> None:
    raw = raw_ads(clicks=["x", 1, 2])
    rows = normalize(raw)
    copies = raw.copy(), rows.copy()
    validate(rows, raw=raw)
    pd.testing.assert_frame_equal(raw, copies[0])
    pd.testing.assert_frame_equal(rows, copies[1])


def test_raw_rows_of_another_length_are_refused() -> None:
    with pytest.raises(DataError, match="raw has 2 rows, but 3"):
        validate(normalize(raw_ads()), raw=raw_ads().head(2))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SchemaMismatch, match="lack 'cost'"):
        validate(normalize(raw_ads()).drop(columns="cost"))


def test_a_column_of_another_type_is_named_with_both_types() -> None:
    with pytest.raises(SchemaMismatch, match=r"'clicks \(int64\)'; found 'clicks \(float64\)'"):
        validate(normalize(raw_ads()).astype({"clicks": "float64"}))


def test_it_unpacks_into_accepted_and_rejected() -> None:
    validated = validate(normalize(raw_ads()))
    accepted, rejected = validated
    assert isinstance(validated, Validated)
    assert (accepted is validated.accepted, rejected is validated.rejected) == (True, True)
