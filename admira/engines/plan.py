"""Facts and KPIs of a store on an engine: one scan of ads, one of crm, and a small bridge."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import narwhals as nw
import pyarrow

from admira.core.days import Day, as_day
from admira.core.filters import as_stored, keep
from admira.core.join import bridged_facts
from admira.core.metrics import in_scope, needed_columns
from admira.core.totals import sums_per_currency, totals_in_memory
from admira.engines.bridges import Joining, Makings, makings
from admira.engines.model import Engine
from admira.engines.size import MEMORY_SHARE, memory_bytes
from admira.errors import StoreError
from admira.schemas import ADS, CRM, FACTS, Kind, table_of
from admira.stores.base import Backend
from admira.stores.reading import Pieces, Reader
from admira.stores.selection import Selection, select

P = TypeVar("P")
T = TypeVar("T")

_ROUNDS = 3


class FactsWanted(NamedTuple):
    """Which facts: days, values by column, and the options of the join."""

    start: Day
    end: Day
    values: Mapping[str, list[str]]
    joining: Joining

    @classmethod
    def of(
        cls, start: Day, end: Day, filters: Mapping[str, Any], options: Mapping[str, Any]
    ) -> "FactsWanted":
        """Check what a caller asks for."""
        days = as_day("start", start), as_day("end", end)
        return cls(*days, as_stored(filters), Joining.of(options))

    @property
    def of_ads(self) -> Selection:
        """The ad rows that can be among the facts."""
        return select(ADS, start=self.start, end=self.end)

    @property
    def of_crm(self) -> Selection:
        """The opportunities of which a share can be among the facts."""
        lands_where_it_was_made = self.joining.rules.lands_on == "created"
        return (
            select(CRM, start=self.start, end=self.end) if lands_where_it_was_made else select(CRM)
        )


class _Parts(NamedTuple):
    """What facts are put together from, as of one commit."""

    ads: Pieces
    crm: Pieces
    makings: Makings

    def are_there(self) -> bool:
        """Tell whether no file of theirs was removed since."""
        return self.ads.are_there() and self.crm.are_there()


def scan_on(
    backend: Backend,
    engine: Engine,
    kind: Kind,
    *,
    start: Day,
    end: Day,
    filters: Mapping[str, Any],
) -> Any:
    """Give one table of a store as a frame of the engine, filtered."""
    table = table_of((), kind)
    first, last, values = as_day("start", start), as_day("end", end), as_stored(filters)
    table.require(table.names, values)
    asked = select(table, start=first, end=last)
    pieces = backend.reading(lambda reader: reader.pieces(asked))
    rows = nw.from_native(engine.scan(pieces, table.arrow()))
    wanted: Mapping[str, Any] = values
    return keep(rows, start=first, end=last, **wanted).to_native()


def scanned_on(backend: Backend, engine: Engine, asked: Selection, work: Callable[[Any], T]) -> T:
    """Give what an engine works out of a frame over the rows asked for of one table."""
    return _answered(
        engine,
        lambda: backend.reading(lambda reader: reader.pieces(asked)),
        Pieces.are_there,
        lambda pieces: work(engine.scan(pieces, asked.table.arrow())),
    )


def facts_on(backend: Backend, engine: Engine, wanted: FactsWanted) -> Any:
    """Give the facts of a store as a frame of the engine; a lazy one has read neither table."""
    return _facts(engine, _parts(backend, wanted), wanted)


def sums_on(
    backend: Backend,
    engine: Engine,
    wanted: FactsWanted,
    by: Sequence[str],
    *,
    grain: str | None,
    scope: str,
) -> pyarrow.Table:
    """Give the sums per group that KPIs are made of, added up by the engine in one pass."""
    columns = needed_columns(by, scope=scope, filters={}, has_days=False)

    def added_up(parts: _Parts) -> pyarrow.Table:
        facts = nw.from_native(_facts(engine, parts, wanted)).select(columns)
        sums = sums_per_currency(in_scope(facts, scope), by, grain)
        eager = sums.collect("pyarrow") if isinstance(sums, nw.LazyFrame) else sums
        return eager.to_arrow()

    sums = _answered(engine, lambda: _parts(backend, wanted), _Parts.are_there, added_up)
    return totals_in_memory([sums], by, grain)


def facts_within_memory(backend: Backend, wanted: FactsWanted) -> pyarrow.Table:
    """Give the facts of a large store in memory, where there are few enough of them.

    Raises
    ------
    StoreError
        When they would take more than their share of memory.
    """
    from admira.engines.duckdb import DuckDB

    engine, limit = DuckDB(), (memory_bytes() or 0) * MEMORY_SHARE

    def collected(parts: _Parts) -> pyarrow.Table:
        batches, found, size = _facts(engine, parts, wanted).to_arrow_reader(), [], 0
        for batch in batches:
            found.append(batch)
            size += batch.nbytes
            if size > limit:
                raise StoreError(
                    f"The facts asked for take more than {MEMORY_SHARE:.0%} of the memory as a "
                    "pandas frame. Ask for fewer days, pass engine='duckdb' for a relation, or use "
                    "store.write_facts()."
                )
        return pyarrow.Table.from_batches(found, batches.schema)

    return _answered(engine, lambda: _parts(backend, wanted), _Parts.are_there, collected)


def _parts(backend: Backend, wanted: FactsWanted) -> _Parts:
    """Find the files and the bridge."""

    def load(reader: Reader) -> _Parts:
        pieces = reader.pieces(wanted.of_ads), reader.pieces(wanted.of_crm)
        return _Parts(*pieces, makings(reader, wanted.joining))

    return backend.reading(load)


def _facts(engine: Engine, parts: _Parts, wanted: FactsWanted) -> Any:
    """Put the facts together, and keep the days and values wanted."""
    facts = bridged_facts(
        engine.scan(parts.ads, ADS.arrow()),
        engine.scan(parts.crm, CRM.arrow()),
        engine.lift(parts.makings.finished()),
        wanted.joining.rules,
        funnel=wanted.joining.funnel,
    )
    kept = keep(nw.from_native(facts), start=wanted.start, end=wanted.end, **wanted.values)
    return kept.select(FACTS.names).to_native()


def _answered(
    engine: Engine, find: Callable[[], P], are_there: Callable[[P], bool], work: Callable[[P], T]
) -> T:
    """Run a query; where a commit meanwhile removed a file that it was reading, run it again."""
    for rounds in range(1, _ROUNDS + 1):
        parts = find()
        pyarrow.default_memory_pool().release_unused()  # the engine has memory of its own
        try:
            return work(parts)
        except engine.errors as error:
            if are_there(parts) or rounds == _ROUNDS:
                raise failed(engine, error) from error
    raise AssertionError


def failed(engine: Engine, error: Exception) -> StoreError:
    """Give the error of a query that an engine could not run."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = lines[-1 if "Python worker" in lines[0] else 0]
    return StoreError(
        f"{engine.name} could not work this out: {said}. Ask for fewer days, give it more memory "
        "(session=), or let store.compact() make the files anew."
    )
