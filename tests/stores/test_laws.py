"""What holds for any sequence of batches, in every store."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from admira.core.upsert import upsert
from admira.schemas import TABLES, Kind
from admira.stores.base import Upserted
from admira.stores.memory import MemoryStore
from tests.stores.backends import STORES
from tests.stores.rows import ads, crm, reject


def a_batch(rows: dict[str, st.SearchStrategy[Any]], optional: dict[str, Any]) -> Any:
    """Give small batches in which an optional column is there for all rows, or for none."""
    columns = st.sets(st.sampled_from(sorted(optional)))
    return columns.flatmap(
        lambda chosen: st.lists(
            st.fixed_dictionaries({**rows, **{name: optional[name] for name in sorted(chosen)}}),
            min_size=1,
            max_size=4,
        )
    )


DAYS = st.sampled_from(["2025-08-01", "2025-08-02"])
BATCHES = {
    "ads": a_batch(
        {
            "date": DAYS,
            "campaign_id": st.sampled_from(["C-1", "C-2"]),
            "channel": st.sampled_from(["a/b", "x"]),
            "clicks": st.integers(0, 1),
        },
        {
            "utm_source": st.sampled_from(["", "google"]),
            "campaign_name": st.sampled_from([None, "Sale"]),
        },
    ).map(lambda rows: ads(*rows)),
    "crm": a_batch(
        {
            "opportunity_id": st.sampled_from(["O-1", "O-2", "O-3"]),
            "date": DAYS,
            "amount": st.sampled_from([None, 1.0]),
        },
        {
            "utm_medium": st.sampled_from(["", "cpc"]),
            "contact_email": st.sampled_from([None, "a@example.com"]),
        },
    ).map(lambda rows: crm(*rows)),
}


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("kind", TABLES)
@settings(max_examples=15)
@given(data=st.data())
def test_a_store_is_the_fold_of_the_upsert_verb(name: str, kind: Kind, data: st.DataObject) -> None:
    batches = data.draw(st.lists(BATCHES[kind], min_size=1, max_size=3))
    expected = TABLES[kind].empty()
    with TemporaryDirectory() as folder:
        store = STORES[name](Path(folder))
        for rows in batches:
            before = expected
            expected = TABLES[kind].complete(upsert(expected, rows, kind=kind))
            done = store.upsert(rows)
            assert_frame_equal(store.read(kind), expected)
            assert done == counted(before, expected, rows, kind)


def counted(before: pd.DataFrame, after: pd.DataFrame, rows: pd.DataFrame, kind: Kind) -> Upserted:
    """Count by hand, key by key, what an upsert did."""
    old, new = by_key(before, kind), by_key(after, kind)
    keys = set(by_key(rows, kind))
    inserted = keys - old.keys()
    updated = {key for key in keys & old.keys() if str(old[key]) != str(new[key])}
    return Upserted(
        inserted=len(inserted),
        updated=len(updated),
        unchanged=len(keys - inserted - updated),
        partitions_touched=len(homes(keys, kind, old, new)),
        partitions_rewritten=len(homes(inserted | updated, kind, old, new)),
    )


Rows = dict[tuple[Any, ...], dict[Any, Any]]


def by_key(rows: pd.DataFrame, kind: Kind) -> Rows:
    return {tuple(row[name] for name in TABLES[kind].key): row for row in rows.to_dict("records")}


def homes(keys: set[tuple[Any, ...]], kind: Kind, *states: Rows) -> set[tuple[Any, ...]]:
    return {
        tuple(state[key][name] for name in TABLES[kind].partitions)
        for state in states
        for key in keys & state.keys()
    }


def test_threads_may_share_a_memory_store() -> None:
    store = MemoryStore()

    def write(number: int) -> list[int]:
        return [
            store.upsert(
                ads({"campaign_id": "shared"}, {"campaign_id": f"{number} {turn}"})
            ).inserted
            for turn in range(4)
        ]

    def refuse(number: int) -> list[int]:
        return [reject(store, {"date": "soon"}, {"date": f"{number} {turn}"}) for turn in range(9)]

    with ThreadPoolExecutor(8) as pool:
        inserted = sum(map(sum, pool.map(write, range(8))))
        refused = sum(map(sum, pool.map(refuse, range(8))))
    assert inserted == len(store.read("ads")) == 8 * 4 + 1
    assert refused == len(store.read_quarantine()) == 8 * 9 + 1
