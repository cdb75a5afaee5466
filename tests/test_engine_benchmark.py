"""The engines' benchmark: its hand-written SQL says what admira says, and it runs to its end."""

from pathlib import Path
from random import Random

import duckdb
import pytest

import admira
from admira.schemas import MATCHES
from tests.benchmarks.__main__ import main
from tests.benchmarks.kpis_duckdb import FILES, kpi_query
from tests.core.tables import ad, ads_frame, crm_frame, opportunity
from tests.dirt import assert_same_kpis, pulls

QUESTIONS: list[tuple[list[str], str | None]] = [
    (["channel"], None),
    (["date", "channel", "campaign_id", "currency"], None),
    (["channel"], "last day of ads"),
]


def worked_example(store: admira.Store) -> None:
    example = admira.datasets.worked_example()
    store.upsert(example.ads_frame)
    store.upsert(example.crm_frame)


def demo(store: admira.Store) -> None:
    made = admira.demo()
    store.upsert(made.ads())
    store.upsert(made.crm())


def dirty(store: admira.Store) -> None:
    ads, crm = pulls(Random(8), 60)
    in_euros = ([{**row, "currency": "EUR"} for row in rows] for rows in (ads, crm))
    admira.ingest(store, **dict(zip(("ads", "crm"), in_euros, strict=True)))
    facts = store.facts()
    assert {*facts["match"]} == {*MATCHES}
    assert {"before_first_ad", "utm_conflict", "utm_unknown"} <= {*facts["match_reason"]}
    assert (facts["match_candidates"] > 1).any()


def before_its_ads(store: admira.Store) -> None:
    ads = [ad("2025-02-10", "C-1", "sale/google/cpc"), ad("2025-02-05", "C-2", "sale")]
    store.upsert(ads_frame(*ads))
    store.upsert(crm_frame(opportunity("O-1", "2025-01-15", "sale/google/cpc")))
    facts = store.facts()
    assert facts.set_index("opportunity_id").loc["O-1", "campaign_id"] == "C-2"


@pytest.fixture(scope="module", params=[worked_example, demo, dirty, before_its_ads])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("store"))
    request.param(admira.open_store(folder))
    return folder


@pytest.mark.parametrize("files", FILES)
@pytest.mark.parametrize(("by", "start"), QUESTIONS)
def test_the_hand_written_sql_gives_the_stores_kpis(
    store: str, files: str, by: list[str], start: str | None
) -> None:
    opened = admira.open_store(store)
    if start is not None:
        start = f"{opened.ads()['date'].max():%Y-%m-%d}"
    expected = opened.metrics(by, start=start)
    with duckdb.connect() as connection:
        found = connection.execute(kpi_query(FILES[files](store), by, start)).df()
    assert len(found) == len(expected)
    assert_same_kpis(found.astype(expected.dtypes), expected)


def test_the_engines_benchmark_runs_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ["--rows", "3000", "--days", "30", "--repeats", "1", "--folder", str(tmp_path)]
    found = {row.work: row for _, row in main([*size, "--only", "engines", "--no-spark"])}
    assert "rows/s" in capsys.readouterr().out
    for engine in ("DuckDB SQL", "DuckDB engine", "DuckDB engine, 1 GiB", "polars engine", "Arrow"):
        assert found[f"{engine}, speed of the next query"].ours
        assert found[f"{engine}, peak memory"].ours
    assert found["DuckDB engine, next query"].rival == "DuckDB SQL"
    assert found["DuckDB engine, scans of tables"].is_met
    assert found["polars engine, scans of tables"].is_met
    assert not list(tmp_path.iterdir())
