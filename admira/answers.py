"""Facts and KPIs of a whole store, worked out on Arrow from no more columns than they need."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.core.campaigns import CAMPAIGN
from admira.core.days import Day, as_day
from admira.core.filters import as_stored, keep
from admira.core.frames import typed, unwrap, wrap
from admira.core.grains import checked_grain
from admira.core.join import ad_facts, share_facts
from admira.core.labels import Labels
from admira.core.metrics import check_shape, finished, in_pandas, needed_columns
from admira.core.rules import DEFAULT_ALIASES
from admira.core.tag_aliases import alias_mapping
from admira.core.totals import MEASURES, currency_of, totals_in_memory
from admira.engines.bridges import SOURCES, campaigns_of, names_of
from admira.engines.model import engine_named
from admira.engines.plan import FactsWanted, facts_on, facts_within_memory, sums_on
from admira.engines.size import default_engine
from admira.errors import OptionError
from admira.schemas import ADS, CRM, FACTS
from admira.schemas.mending import GROUPS, TAG_ALIASES
from admira.stores.base import Backend
from admira.stores.cache import digest
from admira.stores.reading import Reader
from admira.stores.selection import select
from admira.wanted import Wanted, group_names, labels_among, parted


class Loaded(NamedTuple):
    """What was read, as of one commit: the answer; or ad rows, and shares or their makings."""

    reader: Reader
    made_of: str
    subject: str = ""
    sums: pyarrow.Table | None = None
    ads: pyarrow.Table | None = None
    shares: pyarrow.Table | None = None
    crm: pyarrow.Table | None = None
    campaigns: pd.DataFrame | None = None
    aliases: pd.DataFrame | None = None
    labels: Labels | None = None
    is_large: bool = False


def labels_of(reader: Reader) -> Labels:
    """Give what the campaigns of a store are called, by name and by group."""
    return Labels(names_of(reader), reader.rows(GROUPS))


def facts_of(
    backend: Backend,
    *,
    start: Day = None,
    end: Day = None,
    asked: Mapping[str, Any],
    engine: str | None = None,
    session: Any = None,
) -> Any:
    """Give the facts of a store, ad rows first; those of an engine that is named, as its frame.

    Parameters
    ----------
    backend : Backend
        What keeps the rows.
    start, end : day, optional
        First and last day of the facts.
    asked : mapping
        Values wanted, by column or label; and the options of the join.
    engine, session : optional
        Whose frame to give; by default a pandas frame.

    Returns
    -------
    DataFrame
        One row per ad row and one per share of an opportunity.
    """
    days = as_day("start", start), as_day("end", end)
    values, labelled, options = parted(backend, asked)
    wanted = Wanted(tuple(FACTS.names), *days, as_stored(values), options, labelled=labelled)
    on_engine = FactsWanted.of(start, end, values, options)
    if engine is not None:
        if labelled:
            raise OptionError(
                "filter", next(iter(labelled)), ["a column, where an engine is named"]
            )
        return facts_on(backend, engine_named(engine, session), on_engine)
    loaded = backend.reading(lambda reader: _load(reader, wanted, _made_of(reader, options)))
    if loaded.is_large:
        labels = backend.reading(labels_of) if wanted.has_labels else None
        return typed(wanted.with_labels(facts_within_memory(backend, on_engine), labels), FACTS)
    ads, shares = _parts(loaded, wanted)
    rows = unwrap(ad_facts(wrap(ads, ADS, ads.column_names), wanted.columns))
    return typed(pyarrow.concat_tables([rows.cast(shares.schema), shares]), FACTS)


def metrics_of(
    backend: Backend,
    by: str | Sequence[str],
    *,
    start: Day = None,
    end: Day = None,
    asked: Mapping[str, Any],
    grain: str | None,
    week_start: str,
    scope: str,
    limit: int | None,
    offset: int,
    zero_division: float | None,
    engine: str | None = None,
    session: Any = None,
) -> pd.DataFrame:
    """Give the KPIs of a store, as :func:`compute_metrics` would of its facts.

    Ad rows and shares are added up where they are; the facts are not written out for it.
    """
    dimensions = [by] if isinstance(by, str) else [*by]
    labels = labels_among(backend, dimensions)
    more = labels if {*dimensions} <= {*FACTS.names, *labels} else group_names(backend)
    check_shape(dimensions, grain=grain, scope=scope, limit=limit, offset=offset, more=more)
    cut = checked_grain(grain, week_start)
    plain = [name for name in dimensions if name not in labels]
    columns = needed_columns(plain, scope=scope, filters={}, has_days=False)
    values, labelled, options = parted(backend, asked)
    wanted = Wanted(
        tuple(columns),
        as_day("start", start),
        as_day("end", end),
        as_stored(values),
        options,
        labels=tuple(labels),
        labelled=labelled,
        are_summed=True,
    )
    sums = None
    if engine in (None, "arrow"):
        sums = _sums_of(backend, wanted, dimensions, cut, scope, is_by_size=engine is None)
    if sums is None:
        chosen = engine_named(engine or "duckdb", session)
        on_engine = FactsWanted.of(start, end, values, options)
        campaigns = CAMPAIGN if wanted.has_labels else []
        by_campaign = list(dict.fromkeys([*plain, *campaigns]))
        sums = sums_on(backend, chosen, on_engine, by_campaign, grain=cut, scope=scope)
        if wanted.has_labels:
            sums = wanted.with_labels(sums, backend.reading(labels_of))
            sums = totals_in_memory([sums], dimensions)
    table = finished(
        nw.from_native(sums),
        dimensions,
        limit=limit,
        offset=offset,
        zero_division=zero_division,
    )
    said = {"currency": currency_of(sums, dimensions), "grain": grain, "scope": scope}
    return in_pandas(table.to_native(), said)


def _sums_of(
    backend: Backend,
    wanted: Wanted,
    dimensions: list[str],
    grain: str | None,
    scope: str,
    *,
    is_by_size: bool,
) -> pyarrow.Table | None:
    """Give the sums per group, or nothing where the store is too large to do it in memory.

    Those of a question asked before of the same rows are held.
    """
    names = [*sorted({*dimensions, "currency"}), *MEASURES]

    def load(reader: Reader) -> Loaded:
        made_of = _made_of(reader, wanted.options)
        rules = reader.digest(GROUPS) if wanted.has_labels else ""
        subject = f"answers/{digest((*wanted.question, dimensions, grain, scope, rules))}"
        held = reader.derived(subject, made_of, names) if made_of else None
        if held is not None:
            return Loaded(reader, made_of, sums=held)
        loaded = _load(reader, wanted, made_of, is_by_size=is_by_size)
        return loaded._replace(subject=subject)

    loaded = backend.reading(load)
    if loaded.sums is not None or loaded.is_large:
        return loaded.sums
    ads, shares = _parts(loaded, wanted)
    of_ads = [
        name
        for name in (*wanted.columns, *wanted.labels)
        if name in ADS.names or name in dimensions
    ]
    rows = ad_facts(nw.from_native(ads), of_ads).to_native()
    frames = [_in_scope(part, scope) for part in (rows, shares)]
    sums = totals_in_memory(frames, dimensions, grain)
    _keep(loaded, loaded.subject, sums, is_lasting=False)
    return sums


def _made_of(reader: Reader, options: Mapping[str, Any]) -> str:
    """Say which rows and options of the join an answer is made of; it lists all there is."""
    rows = reader.digest(*SOURCES)
    return "" if options.get("campaigns") is not None else digest((rows, _said(options)))


def _load(reader: Reader, wanted: Wanted, made_of: str, *, is_by_size: bool = True) -> Loaded:
    """Read what the facts need, unless that is more than should be in memory."""
    of_ads = [name for name in ADS.names if name in wanted.needed]
    of_days = select(
        ADS, start=wanted.start, end=wanted.end, columns=of_ads, is_coded=wanted.are_summed
    )
    if is_by_size and default_engine(reader, of_days, select(CRM)) != "arrow":
        return Loaded(reader, made_of, is_large=True)
    loaded = Loaded(reader, made_of, ads=reader.scan(of_days))
    if made_of:
        shares = reader.derived(_slot(wanted.options), made_of, wanted.schema.names)
        loaded = loaded._replace(shares=shares)
    if wanted.has_labels:
        loaded = loaded._replace(labels=labels_of(reader))
    if loaded.shares is not None:
        return loaded
    return loaded._replace(
        crm=reader.scan(select(CRM)),
        campaigns=campaigns_of(reader) if made_of else None,
        aliases=reader.rows(TAG_ALIASES),
    )


def _parts(loaded: Loaded, wanted: Wanted) -> tuple[pyarrow.Table, pyarrow.Table]:
    """Give the ad rows, in columns of theirs, and the shares of the days and values asked for."""
    found = _shares(loaded, wanted.options) if loaded.shares is None else loaded.shares
    found = found.select(wanted.schema.names).cast(wanted.schema)
    return _kept(loaded.ads, wanted, loaded.labels), _kept(found, wanted, loaded.labels)


def _kept(rows: pyarrow.Table, wanted: Wanted, labels: Labels | None) -> pyarrow.Table:
    """Keep the columns, days, values and labels asked for, the values compared as text."""
    for name, several in wanted.texts.items():
        values = pyarrow.array(several, pyarrow.string())
        rows = _where(rows, name, partial(pc.is_in, value_set=values))
    kept = keep(nw.from_native(rows), start=wanted.start, end=wanted.end)
    found = wanted.with_labels(kept.to_native(), labels)
    names = [name for name in wanted.columns if name in rows.column_names]
    return found.select([*names, *wanted.labels])


def _in_scope(rows: pyarrow.Table, scope: str) -> pyarrow.Table:
    """Keep the rows of the scope."""
    return rows if scope == "all" else _where(rows, "channel", _is_paid)


def _is_paid(channels: pyarrow.Array) -> pyarrow.Array:
    return pc.invert(pc.starts_with(channels, "("))


def _where(
    rows: pyarrow.Table, name: str, test: Callable[[pyarrow.Array], pyarrow.Array]
) -> pyarrow.Table:
    """Keep the rows whose text passes a test, which is put to each distinct value once."""
    found = []
    for chunk in rows[name].chunks:
        codes = pc.dictionary_encode(chunk)
        found.append(pc.fill_null(test(codes.dictionary).take(codes.indices), fill_value=False))
    is_kept = pyarrow.chunked_array(found, pyarrow.bool_())
    return rows if pc.all(is_kept).as_py() else rows.filter(is_kept)


def _shares(loaded: Loaded, options: Mapping[str, Any]) -> pyarrow.Table:
    """Work the shares out, and keep them for the next time."""
    given = dict(options)
    campaigns = given.pop("campaigns", None)
    known = loaded.campaigns if campaigns is None else campaigns
    if loaded.aliases is not None:
        given.setdefault("tag_aliases", alias_mapping(loaded.aliases))
    shares = share_facts(loaded.crm, known, **given).cast(FACTS.arrow())
    _keep(loaded, _slot(options), shares)
    return shares


def _keep(loaded: Loaded, subject: str, rows: pyarrow.Table, *, is_lasting: bool = True) -> None:
    """Keep what was derived of the rows, unless a campaign map of the caller's went into it."""
    if loaded.made_of:
        loaded.reader.keep(subject, loaded.made_of, rows, *SOURCES, is_lasting=is_lasting)


def _said(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Write the options of the join down, those that were not given included."""
    return sorted({"aliases": DEFAULT_ALIASES, **options}.items())


def _slot(options: Mapping[str, Any]) -> str:
    """Give the place where shares of these options are kept; there are few places."""
    return f"shares/{int(digest(_said(options)), 16) % _SLOTS}"


_SLOTS = 8
