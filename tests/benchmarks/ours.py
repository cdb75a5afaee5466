"""What is measured of admira: each function loads what it needs, and gives the steps to time."""

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import admira
from tests.benchmarks.tables import as_pandas, changed_day

Steps = list[Callable[[], Any]]

# What is imported at its first use.  Pandera imports Hypothesis where that is installed, which is
# where admira is developed, not where it is used.
_DEFERRED = (
    "hypothesis.extra.pandas",
    "narwhals._arrow.dataframe",
    "narwhals._arrow.group_by",
    "narwhals._arrow.namespace",
    "narwhals._pandas_like.dataframe",
    "narwhals._pandas_like.group_by",
    "narwhals._pandas_like.namespace",
    "pandera.backends.pandas.container",
    "pandera.backends.pandas.register",
    "pandera.pandas",
    "pandera.strategies.pandas_strategies",
    "pyarrow.acero",
    "pyarrow.compute",
    "pyarrow.dataset",
    "pyarrow.parquet",
)


def _load_all() -> None:
    """Import admira with all that it defers, so that the clock starts after imports."""
    for name in admira.__all__:
        getattr(admira, name)
    for module in _DEFERRED:
        with suppress(ModuleNotFoundError):
            import_module(module)


def bulk_write(tables: str, store: str) -> Steps:
    """Write all ads into a store that does not exist yet."""
    _load_all()
    ads = as_pandas(tables, "ads")
    return [lambda: admira.open_store(store).upsert(ads).inserted]


def fill(tables: str, store: str, names: list[str]) -> Steps:
    """Write some of the tables into a store and query it once, as a store in use has been."""
    _load_all()
    rows = [as_pandas(tables, name) for name in names]

    def write() -> int:
        opened = admira.open_store(store)
        inserted = sum(opened.upsert(table).inserted for table in rows)
        opened.metrics(by="channel")
        return inserted

    return [write]


def upsert_day(tables: str, store: str, turn: int) -> Steps:
    """Replace the last day's ads by other values."""
    _load_all()
    rows = changed_day(tables, turn)
    return [lambda: admira.open_store(store).upsert(rows).updated]


def query(store: str, by: list[str], start: str | None = None) -> Steps:
    """Ask a store for KPIs, twice in one process."""
    _load_all()
    window = {} if start is None else {"start": start}
    opened: list[admira.Store] = []

    def ask() -> Any:
        if not opened:
            opened.append(admira.open_store(store))
        return opened[0].metrics(by=by, **window)

    return [ask, ask]


def join(tables: str, by: list[str]) -> Steps:
    """Join frames in memory and work out KPIs."""
    _load_all()
    ads, crm = as_pandas(tables, "ads"), as_pandas(tables, "crm")
    return [lambda: admira.join_utm(ads, crm).pipe(admira.compute_metrics, by=by)]


def ingest(store: str, ads: str, crm: str) -> Steps:
    """Bring two JSON files into a new store."""
    _load_all()

    def load() -> int:
        report = admira.ingest(store, ads=ads, crm=crm)
        return report["ads"].accepted + report["crm"].accepted

    return [load]


def prepare(ads: str, crm: str) -> Steps:
    """Decode, normalize and validate two JSON files."""
    _load_all()

    def accept() -> int:
        raws = (admira.extract_ads(ads), admira.extract_crm(crm))
        return sum(len(admira.validate(admira.normalize(raw)).accepted) for raw in raws)

    return [accept]
