"""A store on Spark, and very large loads through it; few jobs, of many examples each."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pyarrow
import pytest
from pandas.testing import assert_frame_equal

import admira
from admira.engines.spark import ROOT, Spark
from admira.errors import SchemaMismatch, StoreError
from admira.schemas import CRM
from tests.core.test_laws import some_options
from tests.dirt import assert_alike, assert_same_kpis, pulls, store_of
from tests.test_engine_parity import BY
from tests.test_platform_claims import NAMES, filled

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    session = Spark().session
    session.sparkContext.setLogLevel("OFF")
    session.conf.set("spark.sql.shuffle.partitions", "2")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> admira.Store:
    made, folder = admira.demo(), tmp_path_factory.mktemp("with [a] {b} *?")
    store = admira.open_store(folder)
    store.upsert(made.ads())
    store.upsert(made.crm())
    return store


def test_the_worked_example_gives_the_same_kpis(spark: Any) -> None:
    example = admira.datasets.worked_example()
    store = admira.open_store("memory:")
    store.upsert(example.ads_frame)
    store.upsert(example.crm_frame)
    assert_same_kpis(store.metrics("channel", engine="spark"), store.metrics("channel"))
    ads, crm = (spark.createDataFrame(store.scan(kind, "arrow")) for kind in ("ads", "crm"))
    kpis = admira.compute_metrics(admira.join_utm(ads, crm), by="channel").toArrow().to_pandas()
    assert kpis["roas"].round(4).tolist()[2:] == [7.6834, 0.0]


def test_the_demo_data_gives_the_same_kpis_in_two_scans(spark: Any, demo: admira.Store) -> None:
    asked: dict[str, Any] = {"start": "2025-11-10", "end": "2025-12-03", "lands_on": "ad_day"}
    by = ["date", "channel"]
    kpis = demo.metrics(by, engine="spark", session=spark, grain="week", scope="paid", **asked)
    assert_same_kpis(kpis, demo.metrics(by, grain="week", scope="paid", **asked))
    facts = demo.facts(engine="spark")
    plan = facts._jdf.queryExecution().executedPlan().toString()  # noqa: SLF001 - as explain() does
    assert plan.count("FileScan parquet") == 2
    assert "BroadcastHashJoin" in plan


def test_what_platforms_claim_is_the_same(spark: Any) -> None:
    store = filled(*NAMES)
    for by in (["date", "channel"], ["campaign_name"], []):
        theirs = store.metrics(by, platform=True, engine="spark", session=spark)
        assert_frame_equal(theirs, store.metrics(by, platform=True))


def test_dirty_pulls_give_the_same_facts(spark: Any) -> None:
    """Thirty pulls stand side by side in each store, apart by their keys and tags."""
    random = Random(7)
    for _ in range(2):
        store, options = store_of(*pulls(random, 30)), some_options(random)
        assert_alike(
            store.facts(engine="spark", session=spark, **options).toArrow(), store.facts(**options)
        )
        assert_same_kpis(store.metrics(BY, engine="spark", **options), store.metrics(BY, **options))


def test_facts_and_kpis_are_written_from_where_the_cluster_sees_the_store(
    spark: Any, demo: admira.Store, tmp_path: Path
) -> None:
    """The cluster's storage is a file system of Hadoop's with URLs of its own."""
    moved = tmp_path / "mounted"
    demo.compact()
    shutil.copytree(demo.backend.path / "_admira" / "cache", moved / "_admira" / "cache")
    settings = spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001 - PySpark has no other way
    for name, folder in {"store": moved, "out": tmp_path}.items():
        settings.set(f"fs.viewfs.mounttable.warehouse.link./{name}", f"file://{folder}")
    spark.conf.set(ROOT, "viewfs://warehouse/store/")
    try:
        facts = demo.facts(engine="spark")
        assert all(file.startswith("viewfs://warehouse/store/") for file in facts.inputFiles())
        demo.write_facts("viewfs://warehouse/out/facts", engine="spark", start="2025-12-01")
    finally:
        spark.conf.unset(ROOT)
    demo.write_metrics(str(tmp_path / "kpis"), ["channel", "currency"], engine="spark")
    written = pd.read_parquet(tmp_path / "facts")
    assert written["cost"].sum() == pytest.approx(demo.ads(start="2025-12-01")["cost"].sum())
    kpis = pd.read_parquet(tmp_path / "kpis")
    assert kpis["leads"].sum() == pytest.approx(demo.metrics([])["leads"].item())
    with pytest.raises(StoreError, match="Spark could not work this out"):
        demo.write_facts(str(tmp_path / "facts"), engine="spark")


def received(spark: Any, rows: pd.DataFrame) -> Any:
    return spark.createDataFrame(
        pyarrow.Table.from_pandas(rows.astype("str"), preserve_index=False)
    )


def test_a_backfill_does_what_an_ingest_does(spark: Any, tmp_path: Path) -> None:
    ingested = admira.open_store("memory:", tz="Europe/Madrid")
    filled = admira.open_store(tmp_path, tz="Europe/Madrid")
    for kind, rows in zip(("ads", "crm"), pulls(Random(3), 10), strict=True):
        raw = pd.DataFrame(rows).astype("str")
        report = admira.ingest(ingested, **{"ads": [], "crm": [], kind: raw})
        done = filled.backfill(received(spark, raw), rows_a_commit=20)
        said = report[kind]
        assert done.accepted == said.accepted
        assert done.rejected == sum(said.rejected.values())
        assert done.repeated == said.repeated + said.superseded
        assert done.fetched == len(raw)
        assert done.commits > 1
        pd.testing.assert_frame_equal(filled.read(kind), ingested.read(kind))
        again = filled.backfill(received(spark, raw))
        assert again.upserted.unchanged == done.accepted
        assert again.upserted.partitions_rewritten == 0
    reasons = ["kind", "reasons", "row"]
    rows, expected = (
        store.quarantine().sort_values(reasons, ignore_index=True)[reasons]
        for store in (filled, ingested)
    )
    pd.testing.assert_frame_equal(rows, expected)


def test_a_backfill_of_other_columns_is_refused_before_it_starts(spark: Any) -> None:
    store = admira.open_store("memory:")
    with pytest.raises(SchemaMismatch, match="amount"):
        store.backfill(received(spark, pd.DataFrame({"opportunity_id": ["O-1"]})))
    assert CRM.names
