"""upsert, specified by its cases and its laws."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira import DataError, SchemaMismatch, upsert
from admira.schemas import ADS, CRM

law = settings(max_examples=25)


def opportunities(*rows: tuple[str, str, float | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["opportunity_id", "stage", "amount"])
    return frame.astype({"opportunity_id": "str", "stage": "str", "amount": "float64"})


def ads(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["date", "campaign_id", "channel", "clicks"])
    return frame.astype(
        {"date": "datetime64[us]", "campaign_id": "str", "channel": "str", "clicks": "int64"}
    )


def same(left: pd.DataFrame, right: pd.DataFrame) -> bool:
    pd.testing.assert_frame_equal(left, right)
    return True


# A few keys and values make every kind of collision likely.
batches = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["lead", "won"]), st.sampled_from([None, 1]))
).map(lambda rows: opportunities(*rows))

ad_batches = st.lists(
    st.tuples(
        st.sampled_from(["2025-08-01", "2025-08-02"]),
        st.sampled_from(["1", "2"]),
        st.sampled_from(["x", "y"]),
        st.integers(0, 3),
    )
).map(lambda rows: ads(*rows))


@law
@given(batches, batches)
def test_a_later_batch_wins_and_every_key_occurs_once(
    stored: pd.DataFrame, incoming: pd.DataFrame
) -> None:
    expected = {}
    for row in [*stored.itertuples(index=False), *incoming.itertuples(index=False)]:
        expected[row.opportunity_id] = row
    assert same(
        upsert(stored, incoming), opportunities(*(expected[key] for key in sorted(expected)))
    )


@law
@given(ad_batches, ad_batches)
def test_a_compound_key_is_compared_as_a_whole(
    stored: pd.DataFrame, incoming: pd.DataFrame
) -> None:
    expected = {}
    for row in [*stored.itertuples(index=False), *incoming.itertuples(index=False)]:
        expected[row[:3]] = row
    assert same(upsert(stored, incoming), ads(*(expected[key] for key in sorted(expected))))


@law
@given(batches, batches)
def test_twice_is_the_same_as_once(stored: pd.DataFrame, incoming: pd.DataFrame) -> None:
    once = upsert(stored, incoming)
    assert same(upsert(once, incoming), once)


@law
@given(batches, batches, batches)
def test_batches_may_be_upserted_into_each_other_first(
    first: pd.DataFrame, second: pd.DataFrame, third: pd.DataFrame
) -> None:
    assert same(
        upsert(upsert(first, second), third),
        upsert(first, upsert(second, third)),
    )


@law
@given(batches, batches)
def test_arguments_are_not_changed(stored: pd.DataFrame, incoming: pd.DataFrame) -> None:
    copies = stored.copy(), incoming.copy()
    upsert(stored, incoming)
    assert same(stored, copies[0])
    assert same(incoming, copies[1])


@pytest.mark.parametrize("empty", [pd.DataFrame(), opportunities()])
def test_an_empty_frame_on_either_side_changes_nothing(empty: pd.DataFrame) -> None:
    rows = opportunities(("O-1", "lead", 1.0), ("O-2", "won", None))
    assert same(upsert(empty, rows), rows)
    assert same(upsert(rows, empty), rows)


def test_the_typed_empty_table_takes_rows_of_fewer_columns() -> None:
    result = upsert(CRM.empty(), opportunities(("O-1", "lead", 1.0)))
    assert list(result.columns) == CRM.names
    assert result.dtypes.astype(str).to_dict() == CRM.empty().dtypes.astype(str).to_dict()
    assert result.loc[0, ["utm_campaign", "entry_stage"]].to_list() == ["", "lead"]


def test_an_untyped_empty_frame_takes_the_contracts_types() -> None:
    untyped = pd.DataFrame({"opportunity_id": [], "stage": [], "amount": []}, dtype=object)
    assert same(upsert(untyped, untyped), opportunities())


def test_two_frames_without_columns_give_the_empty_key_of_the_named_table() -> None:
    result = upsert(pd.DataFrame(), pd.DataFrame(), kind="ads")
    assert same(result, ADS.empty()[["date", "campaign_id", "channel"]])


def test_of_several_rows_with_one_key_in_a_batch_the_last_wins() -> None:
    incoming = opportunities(("O-1", "lead", 1.0), ("O-1", "won", 2.0))
    assert upsert(pd.DataFrame(), incoming)["stage"].to_list() == ["won"]


def test_rows_of_the_key_alone_are_kept_once() -> None:
    keys = opportunities(("O-2", "", None), ("O-1", "", None), ("O-2", "", None))
    result = upsert(pd.DataFrame(), keys[["opportunity_id"]])
    assert result["opportunity_id"].to_list() == ["O-1", "O-2"]


def test_rows_of_the_key_alone_leave_stored_values_in_place() -> None:
    stored = opportunities(("O-1", "won", 5.0))
    assert same(upsert(stored, stored[["opportunity_id"]]), stored)


def test_a_column_absent_from_the_batch_keeps_its_stored_values() -> None:
    stored = opportunities(("O-1", "lead", 1.0), ("O-2", "lead", 2.0))
    incoming = opportunities(("O-2", "won", None), ("O-3", "won", None))[
        ["opportunity_id", "stage"]
    ]
    expected = opportunities(("O-1", "lead", 1.0), ("O-2", "won", 2.0), ("O-3", "won", None))
    assert same(upsert(stored, incoming), expected)


def test_stored_counts_stay_exact_where_the_column_is_absent() -> None:
    stored = ads(("2025-08-01", "1", "x", 2**62 + 1))
    incoming = ads(("2025-08-01", "1", "x", 0), ("2025-08-02", "1", "x", 0)).drop(columns="clicks")
    assert upsert(stored, incoming)["clicks"].to_list() == [2**62 + 1, 0]


def test_the_last_of_repeated_stored_rows_is_the_one_whose_values_are_kept() -> None:
    stored = opportunities(("O-1", "lead", 1.0), ("O-1", "lead", 2.0))
    assert upsert(stored, stored[["opportunity_id"]])["amount"].to_list() == [2.0]


def test_a_null_in_a_column_that_is_there_replaces_the_stored_value() -> None:
    result = upsert(opportunities(("O-1", "won", 5.0)), opportunities(("O-1", "won", None)))
    assert result["amount"].isna().all()


def test_a_column_absent_from_the_store_is_missing_on_its_rows() -> None:
    incoming = opportunities(("O-2", "lead", 1.0)).assign(utm_source="x", gclid="g")
    result = upsert(opportunities(("O-1", "lead", 1.0)), incoming)
    assert result["utm_source"].to_list() == ["", "x"]
    assert result["gclid"].isna().to_list() == [True, False]


def test_columns_come_in_the_contracts_order_and_others_are_left_out() -> None:
    rows = opportunities(("O-1", "lead", 1.0)).assign(score=1)
    shuffled = rows[["score", "amount", "stage", "opportunity_id"]]
    assert list(upsert(shuffled, rows).columns) == ["opportunity_id", "stage", "amount"]


def test_index_labels_play_no_part() -> None:
    rows = opportunities(("O-2", "lead", 1.0), ("O-1", "won", 2.0))
    labelled = rows.set_axis([7, 7])
    stages = labelled[["opportunity_id", "stage"]]
    assert same(upsert(labelled, stages), rows.iloc[::-1].reset_index(drop=True))


@pytest.mark.parametrize("side", ["stored", "incoming"])
def test_a_missing_key_column_is_named(side: str) -> None:
    frames = {
        "stored": ads(("2025-08-01", "1", "x", 1)),
        "incoming": ads(("2025-08-01", "1", "x", 1)),
    }
    frames[side] = frames[side].drop(columns="channel")
    with pytest.raises(SchemaMismatch, match="lack 'channel'"):
        upsert(**frames)


@pytest.mark.parametrize("side", ["stored", "incoming"])
def test_a_null_key_is_refused(side: str) -> None:
    rows = opportunities(("O-1", "lead", 1.0))
    frames = {"stored": rows, "incoming": rows} | {side: rows.assign(opportunity_id=None)}
    with pytest.raises(DataError, match="null in 'opportunity_id'"):
        upsert(**frames)


def test_a_column_that_cannot_have_its_type_is_named() -> None:
    rows = opportunities(("O-1", "lead", 1.0))
    with pytest.raises(SchemaMismatch, match=r"amount \(float64\)"):
        upsert(rows, rows.assign(amount="much"))
