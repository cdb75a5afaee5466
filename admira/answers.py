"""Facts and KPIs of a whole store, worked out on Arrow from no more columns than they need."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.core.campaigns import MAP_COLUMNS, campaign_map, joined_maps
from admira.core.days import Day, as_day
from admira.core.filters import as_stored, keep
from admira.core.frames import typed, unwrap, wrap
from admira.core.join import ad_facts, share_facts
from admira.core.metrics import check_shape, finished, in_pandas, needed_columns
from admira.core.rules import DEFAULT_ALIASES
from admira.core.totals import MEASURES, currency_of, totals_in_memory
from admira.schemas import AD_MEASURES, ADS, CAMPAIGNS, CRM, FACTS, TAGS
from admira.stores.base import Backend, Reader
from admira.stores.cache import digest
from admira.stores.records import HISTORY
from admira.stores.selection import coded, select


class Asked(NamedTuple):
    """Which facts a question needs: columns, days, values by column, options of the join.

    Facts that are only summed come with their text as codes, and each measure where it is not 0.
    """

    columns: tuple[str, ...]
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    wanted: dict[str, list[str]]
    options: Mapping[str, Any]
    are_summed: bool = False

    @property
    def needed(self) -> list[str]:
        """The columns to read: those asked for, and those that the filters look at."""
        days = [] if self.start is None and self.end is None else ["date"]
        needed = {*self.columns, *self.wanted, *days}
        return [name for name in FACTS.names if name in needed]

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns of the shares to read, as they are to come."""
        left_out = AD_MEASURES if self.are_summed else ()
        names = [name for name in self.needed if name not in left_out]
        plain = pyarrow.schema([FACTS.arrow().field(name) for name in names])
        return coded(plain) if self.are_summed else plain


class Loaded(NamedTuple):
    """What was read, as of one commit: the answer; or ad rows, and shares or their makings."""

    reader: Reader
    made_of: str
    sums: pyarrow.Table | None = None
    ads: pyarrow.Table | None = None
    shares: pyarrow.Table | None = None
    crm: pyarrow.Table | None = None
    campaigns: pd.DataFrame | None = None


def campaigns_of(reader: Reader) -> pd.DataFrame:
    """Give the campaign map of all ads that the store holds or held, and of its UTM sheet."""
    monthly = reader.by_month(ADS, MAP_COLUMNS, "campaigns", campaign_map)
    maps, sheet = typed(monthly, CAMPAIGNS), reader.rows(TAGS)
    history = reader.rows(HISTORY)
    if len(history):
        maps = pd.concat([maps, history], ignore_index=True)
    return joined_maps(maps, tags=sheet if len(sheet) else None)


def facts_of(
    backend: Backend,
    *,
    start: Day = None,
    end: Day = None,
    filters: Mapping[str, Any],
    options: Mapping[str, Any],
) -> pd.DataFrame:
    """Give the facts of a store, ad rows first.

    Parameters
    ----------
    backend : Backend
        What keeps the rows.
    start, end : day, optional
        First and last day of the facts.
    filters : mapping
        Values wanted, by column.
    options : mapping
        The options of the join.

    Returns
    -------
    DataFrame
        One row per ad row and one per share of an opportunity.
    """
    days = as_day("start", start), as_day("end", end)
    asked = Asked(tuple(FACTS.names), *days, as_stored(filters), options)
    loaded = backend.reading(lambda reader: _load(reader, asked, _made_of(reader, options)))
    ads, shares = _parts(loaded, asked)
    rows = unwrap(ad_facts(wrap(ads, ADS, ads.column_names), asked.columns))
    return typed(pyarrow.concat_tables([rows.cast(shares.schema), shares]), FACTS)


def metrics_of(
    backend: Backend,
    by: str | Sequence[str],
    *,
    start: Day = None,
    end: Day = None,
    filters: Mapping[str, Any],
    options: Mapping[str, Any],
    grain: str | None,
    scope: str,
    limit: int | None,
    offset: int,
    zero_division: float | None,
) -> pd.DataFrame:
    """Give the KPIs of a store, as :func:`compute_metrics` would of its facts.

    Ad rows and shares are added up where they are; the facts are not written out for it.
    """
    dimensions = [by] if isinstance(by, str) else [*by]
    check_shape(dimensions, grain=grain, scope=scope, limit=limit, offset=offset)
    columns = needed_columns(dimensions, scope=scope, filters={}, has_days=False)
    days = as_day("start", start), as_day("end", end)
    asked = Asked(tuple(columns), *days, as_stored(filters), options, are_summed=True)
    sums = _sums_of(backend, asked, dimensions, grain, scope)
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
    backend: Backend, asked: Asked, dimensions: list[str], grain: str | None, scope: str
) -> pyarrow.Table:
    """Give the sums per group; those of a question asked before of the same rows are held."""
    question = digest((*asked[:4], dimensions, grain, scope))

    def load(reader: Reader) -> Loaded:
        made_of = _made_of(reader, asked.options)
        subject, names = f"answers/{question}", [*sorted({*dimensions, "currency"}), *MEASURES]
        held = reader.derived(subject, made_of, names) if made_of else None
        return _load(reader, asked, made_of) if held is None else Loaded(reader, made_of, held)

    loaded = backend.reading(load)
    if loaded.sums is not None:
        return loaded.sums
    ads, shares = _parts(loaded, asked)
    of_ads = [name for name in asked.columns if name in ADS.names or name in dimensions]
    rows = ad_facts(nw.from_native(ads), of_ads).to_native()
    frames = [_in_scope(part, scope) for part in (rows, shares)]
    sums = totals_in_memory(frames, dimensions, grain)
    _keep(loaded, f"answers/{question}", sums, is_lasting=False)
    return sums


def _made_of(reader: Reader, options: Mapping[str, Any]) -> str:
    """Say which rows and options of the join an answer is made of; it lists all there is."""
    rows = reader.digest(*_SOURCES)
    return "" if options.get("campaigns") is not None else digest((rows, _said(options)))


_SOURCES = (ADS, CRM, TAGS, HISTORY)


def _load(reader: Reader, asked: Asked, made_of: str) -> Loaded:
    """Read what the facts need."""
    of_ads = [name for name in ADS.names if name in asked.needed]
    of_days = select(
        ADS, start=asked.start, end=asked.end, columns=of_ads, is_coded=asked.are_summed
    )
    ads = reader.scan(of_days)
    if not made_of:
        return Loaded(reader, made_of, ads=ads, crm=reader.scan(select(CRM)))
    shares = reader.derived(_slot(asked.options), made_of, asked.schema.names)
    if shares is not None:
        return Loaded(reader, made_of, ads=ads, shares=shares)
    crm, campaigns = reader.scan(select(CRM)), campaigns_of(reader)
    return Loaded(reader, made_of, ads=ads, crm=crm, campaigns=campaigns)


def _parts(loaded: Loaded, asked: Asked) -> tuple[pyarrow.Table, pyarrow.Table]:
    """Give the ad rows, in columns of theirs, and the shares of the days and values asked for."""
    found = _shares(loaded, asked.options) if loaded.shares is None else loaded.shares
    found = found.select(asked.schema.names).cast(asked.schema)
    return _kept(loaded.ads, asked), _kept(found, asked)


def _kept(rows: pyarrow.Table, asked: Asked) -> pyarrow.Table:
    """Keep the columns, days and values asked for, the values compared as text."""
    for name, wanted in asked.wanted.items():
        rows = _where(
            rows, name, partial(pc.is_in, value_set=pyarrow.array(wanted, pyarrow.string()))
        )
    kept = keep(nw.from_native(rows), start=asked.start, end=asked.end)
    return kept.select(name for name in asked.columns if name in rows.column_names).to_native()


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
    shares = share_facts(loaded.crm, known, **given).cast(FACTS.arrow())
    _keep(loaded, _slot(options), shares)
    return shares


def _keep(loaded: Loaded, subject: str, rows: pyarrow.Table, *, is_lasting: bool = True) -> None:
    """Keep what was derived of the rows, unless a campaign map of the caller's went into it."""
    if loaded.made_of:
        loaded.reader.keep(subject, loaded.made_of, rows, *_SOURCES, is_lasting=is_lasting)


def _said(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Write the options of the join down, those that were not given included."""
    return sorted({"aliases": DEFAULT_ALIASES, **options}.items())


def _slot(options: Mapping[str, Any]) -> str:
    """Give the place where shares of these options are kept; there are few places."""
    return f"shares/{int(digest(_said(options)), 16) % _SLOTS}"


_SLOTS = 8
