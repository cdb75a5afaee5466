"""Groups and aliases on the engines that a store can be asked on."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import admira
from admira.errors import OptionError

ENGINES = ["arrow", "polars", "duckdb"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> admira.Store:
    made, folder = admira.demo(), tmp_path_factory.mktemp("engines")
    kept = admira.open_store(folder / "store")
    kept.upsert(made.ads())
    kept.upsert(made.crm())
    kept.add_group("brand", {"brand": "brand", "other": ".*"})
    return kept


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "asked",
    [
        {"by": ["channel", "brand"], "scope": "paid"},
        {"by": ["date", "brand"], "grain": "month"},
        {"by": "campaign_name", "start": "2025-11-01"},
        {"by": "channel", "brand": "brand"},
    ],
    ids=str,
)
def test_groups_are_the_same_on_every_engine(
    store: admira.Store, engine: str, asked: dict[str, Any]
) -> None:
    pd.testing.assert_frame_equal(store.metrics(**asked, engine=engine), store.metrics(**asked))


@pytest.mark.parametrize("engine", ENGINES)
def test_aliases_count_on_every_engine_until_they_are_taken_back(
    tmp_path: Path, engine: Any
) -> None:
    store = admira.open_store(tmp_path / "store")
    example = admira.datasets.worked_example()
    store.upsert(example.ads_frame)
    store.upsert(example.crm_frame)
    before = store.metrics("channel", engine=engine)
    store.alias(("back_to_school", "newsletter", "email"), ("brand", "google", "cpc"))
    mended = store.metrics("channel", engine=engine)
    pd.testing.assert_frame_equal(mended, store.metrics("channel"))
    assert "(unattributed)" in [*before["channel"]]
    assert "(unattributed)" not in [*mended["channel"]]
    plain = store.metrics("channel", engine=engine, tag_aliases=None)
    pd.testing.assert_frame_equal(plain, before)
    store.remove_alias(("back_to_school", "newsletter", "email"))
    pd.testing.assert_frame_equal(store.metrics("channel", engine=engine), before)


def test_the_frame_of_an_engine_is_not_filtered_by_group(store: admira.Store) -> None:
    with pytest.raises(OptionError, match="engine"):
        store.facts(engine="duckdb", brand="brand")
