"""KPIs of a store with what the platforms claim of themselves beside them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd
import pyarrow

from admira.answers import labels_of, metrics_of
from admira.core.campaigns import CAMPAIGN
from admira.core.claims import MONEY, SUMS, beside_claims, with_terms
from admira.core.days import Day, as_day
from admira.core.filters import as_stored, keep
from admira.core.grains import checked_grain
from admira.core.join import ad_facts
from admira.core.totals import sums_per_currency, totals_in_memory
from admira.engines.model import engine_named
from admira.engines.plan import scanned_on
from admira.engines.size import default_engine
from admira.schemas import ADS, PLATFORM_MEASURES
from admira.stores.base import Backend, pinned
from admira.stores.reading import Reader
from admira.stores.selection import select
from admira.wanted import Wanted, labels_among, parted


class _Question(NamedTuple):
    """Which ad rows are summed, by what."""

    dimensions: list[str]
    grain: str | None
    wanted: Wanted
    engine: str | None
    session: Any


def metrics_and_claims_of(
    backend: Backend,
    by: str | Sequence[str],
    *,
    start: Day,
    end: Day,
    asked: Mapping[str, Any],
    grain: str | None,
    week_start: str,
    engine: str | None,
    session: Any,
    zero_division: float | None,
    **more: Any,
) -> pd.DataFrame:
    """Give the KPIs of a store as :func:`metrics_of` does, and behind them the platforms' claims.

    Claims are those of the ad rows that the same filters keep, of the same commit as the KPIs.
    """
    dimensions = [by] if isinstance(by, str) else [*by]
    given = {"start": start, "end": end, "asked": asked, "engine": engine, "session": session}

    def at_once(reader: Reader) -> tuple[pd.DataFrame, pyarrow.Table]:
        seen = pinned(backend, reader)
        kpis = metrics_of(
            seen,
            dimensions,
            grain=grain,
            week_start=week_start,
            zero_division=zero_division,
            **given,
            **more,
        )
        cut = checked_grain(grain, week_start)
        return kpis, _sums(seen, reader, _question(seen, dimensions, cut, **given))

    kpis, sums = backend.reading(at_once)
    return beside_claims(kpis, sums, dimensions, zero_division=zero_division)


def _question(
    backend: Backend,
    dimensions: list[str],
    grain: str | None,
    *,
    start: Day,
    end: Day,
    asked: Mapping[str, Any],
    engine: str | None,
    session: Any,
) -> _Question:
    """Read what is asked for; whether it can be asked, the KPIs have said."""
    labels = labels_among(backend, dimensions)
    values, labelled, options = parted(backend, asked)
    plain = [name for name in dimensions if name not in labels]
    wanted = Wanted(
        tuple(dict.fromkeys([*plain, "currency", "cost", *PLATFORM_MEASURES])),
        as_day("start", start),
        as_day("end", end),
        as_stored(values),
        options,
        labels=tuple(labels),
        labelled=labelled,
    )
    return _Question(dimensions, grain, wanted, engine, session)


def _sums(backend: Backend, reader: Reader, question: _Question) -> pyarrow.Table:
    """Sum the claims per group: in memory while the ad rows fit, else where they are."""
    wanted = question.wanted
    labels = labels_of(reader) if wanted.has_labels else None
    of_days = select(
        ADS,
        start=wanted.start,
        end=wanted.end,
        columns=[name for name in ADS.names if name in {*wanted.needed, *PLATFORM_MEASURES}],
        is_coded=not wanted.texts,
    )
    engine = question.engine or default_engine(reader, of_days)
    if engine == "arrow":
        ads: Any = nw.from_native(reader.scan(of_days))
        rows = with_terms(_ad_rows(ads, wanted)).to_native()
    else:
        rows = _summed_on(engine, backend, question)
    rows = wanted.with_labels(rows, labels)
    grain = question.grain if engine == "arrow" else None
    return totals_in_memory([rows], question.dimensions, grain, SUMS, MONEY)


def _ad_rows(ads: Any, wanted: Wanted) -> Any:
    """Keep the rows wanted, with the columns of facts among the dimensions."""
    texts: dict[str, Any] = wanted.texts
    kept = keep(ads, start=wanted.start, end=wanted.end, **texts)
    campaign = CAMPAIGN if wanted.has_labels else []
    return ad_facts(kept, list(dict.fromkeys([*wanted.columns, *campaign])))


def _summed_on(name: str, backend: Backend, question: _Question) -> pyarrow.Table:
    """Let an engine sum the claims per group and campaign; there are few such sums."""
    wanted = question.wanted

    def added_up(ads: Any) -> pyarrow.Table:
        rows = with_terms(_ad_rows(nw.from_native(ads), wanted))
        plain = [each for each in question.dimensions if each not in wanted.labels]
        by = dict.fromkeys([*plain, *(CAMPAIGN if wanted.has_labels else [])])
        sums = sums_per_currency(rows, list(by), question.grain, SUMS)
        eager = sums.collect("pyarrow") if isinstance(sums, nw.LazyFrame) else sums
        return eager.to_arrow()

    engine = engine_named(name, question.session)
    return scanned_on(backend, engine, select(ADS, start=wanted.start, end=wanted.end), added_up)
