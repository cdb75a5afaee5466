"""Sums per group over Arrow tables, held against pandas."""

import pandas as pd
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from admira.core import sums
from admira.core.sums import distinct_values, group_sums

CODED = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
SCHEMA = pyarrow.schema(
    {"day": pyarrow.int32(), "name": pyarrow.string(), "n": pyarrow.int64(), "x": pyarrow.float64()}
)
MEASURES = {"n": pyarrow.int64(), "x": pyarrow.float64()}

rows = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.integers(0, 3),
            "name": st.sampled_from(["a", "b", "", "Ä", None]),
            "n": st.integers(0, 10**9),
            "x": st.integers(-8, 8).map(lambda eighths: eighths / 8) | st.none(),
        }
    ),
    max_size=12,
)
parts = st.lists(st.tuples(rows, st.booleans()), min_size=1, max_size=4)


def as_arrow(found: list[dict[str, object]], *, is_coded: bool) -> pyarrow.Table:
    table = pyarrow.Table.from_pylist(found, schema=SCHEMA)
    if not is_coded:
        return table
    place = table.schema.get_field_index("name")
    return table.set_column(place, "name", table["name"].dictionary_encode().cast(CODED))


def expected(tables: list[pyarrow.Table], by: list[str]) -> list[tuple[object, ...]]:
    frame = pd.concat([table.to_pandas() for table in tables]).astype({"name": "str"})
    summed = frame.groupby(by, dropna=False)[[*MEASURES]].sum().reset_index()
    ordered = summed.sort_values(by, na_position="last")
    return list(ordered.astype(object).where(ordered.notna(), None).itertuples(index=False))


@pytest.mark.parametrize("by", [["name"], ["day", "name"], ["name", "day"]])
@pytest.mark.parametrize("dense", [0, sums.DENSE])
@given(given_parts=parts)
def test_groups_are_those_of_pandas_whether_text_is_coded_or_not(
    given_parts: list[tuple[list[dict[str, object]], bool]], by: list[str], dense: int
) -> None:
    tables = [as_arrow(found, is_coded=is_coded) for found, is_coded in given_parts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "DENSE", dense)
        found = group_sums(tables, by, MEASURES)
    assert found.column_names == [*by, *MEASURES]
    assert [tuple(row.values()) for row in found.to_pylist()] == expected(tables, by)


@given(given_parts=parts)
def test_without_dimensions_there_is_one_row(
    given_parts: list[tuple[list[dict[str, object]], bool]],
) -> None:
    tables = [as_arrow(found, is_coded=is_coded) for found, is_coded in given_parts]
    everything = [row for found, _ in given_parts for row in found]
    (row,) = group_sums(tables, [], MEASURES).to_pylist()
    assert row["n"] == sum(row["n"] for row in everything)  # type: ignore[misc]
    assert row["x"] == sum(row["x"] or 0 for row in everything)  # type: ignore[misc]


def test_a_part_without_a_measure_adds_nothing_to_it() -> None:
    whole = as_arrow([{"day": 1, "name": "a", "n": 2, "x": 0.5}], is_coded=False)
    found = group_sums([whole, whole.drop_columns(["x"])], ["name"], MEASURES)
    assert found.to_pylist() == [{"name": "a", "n": 4, "x": 0.5}]


def test_values_that_become_equal_are_one_group() -> None:
    tables = [
        as_arrow([{"day": day, "name": None, "n": 1, "x": None}], is_coded=True)
        for day in (1, 2, 3)
    ]
    found = group_sums(
        tables, ["day"], MEASURES, changed={"day": lambda days: pyarrow.array([7] * len(days))}
    )
    assert found.to_pylist() == [{"day": 7, "n": 3, "x": 0.0}]


def test_distinct_values_are_those_that_rows_have() -> None:
    coded = as_arrow([{"day": 1, "name": name} for name in ("b", "a", None)], is_coded=True)
    assert distinct_values([coded.slice(0, 1)], "name").to_pylist() == ["b"]
    assert distinct_values([coded], "name").to_pylist() == ["a", "b", None]
