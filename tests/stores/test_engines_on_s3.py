"""Engines read a store on S3 through the store's own connection to it."""

import pandas as pd
import pytest

import admira


@pytest.mark.parametrize("engine", ["arrow", "polars", "duckdb"])
def test_a_store_on_s3_gives_the_same_kpis(engine: str, bucket: str) -> None:
    example = admira.datasets.worked_example()
    store = admira.open_store(bucket)
    store.upsert(example.ads_frame)
    store.upsert(example.crm_frame)
    kpis = store.metrics("channel", engine=engine)
    assert store.compact()["files"].tolist() == [1, 1]
    pd.testing.assert_frame_equal(kpis, store.metrics("channel"), rtol=1e-9)
    facts = store.facts(engine=engine, start="2025-08-01")
    assert admira.compute_metrics(facts, by="channel") is not None
