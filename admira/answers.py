"""Facts and KPIs of a whole store, worked out on Arrow from no more columns than they need."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd
import pyarrow

from admira.core.campaigns import MAP_COLUMNS, campaign_map, joined_maps
from admira.core.days import Day, as_day
from admira.core.filters import keep
from admira.core.join import ad_facts, share_facts
from admira.core.metrics import (
    check_shape,
    cut,
    finished,
    in_scope,
    needed_columns,
    refuse_mixed_currencies,
)
from admira.core.rules import DEFAULT_ALIASES
from admira.core.sums import group_sums
from admira.schemas import ADS, CAMPAIGNS, CRM, FACTS, TAGS
from admira.schemas.metrics import metrics
from admira.stores.base import Backend, Reader
from admira.stores.cache import digest
from admira.stores.partitions import typed
from admira.stores.records import HISTORY
from admira.stores.selection import select


class Loaded(NamedTuple):
    """What was read, as of one commit: ad rows, and shares or what they are made of."""

    ads: pyarrow.Table
    shares: pyarrow.Table | None
    crm: pyarrow.Table | None
    campaigns: pd.DataFrame | None
    made_of: str
    reader: Reader


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
    names = FACTS.names
    ads, shares = _parts(backend, names, start=start, end=end, filters=filters, options=options)
    facts = pyarrow.concat_tables([ad_facts(ads, names).cast(shares.schema), shares])
    return in_pandas(facts)


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
    names = needed_columns(dimensions, scope=scope, filters={}, has_days=False)
    parts = _parts(backend, names, start=start, end=end, filters=filters, options=options)
    of_ads = [name for name in names if name in ADS.names or name in dimensions]
    frames = [
        in_scope(nw.from_native(rows), scope).to_native()
        for rows in (ad_facts(parts[0], of_ads), parts[1])
    ]
    if "currency" not in dimensions:
        money = {name: FACTS.arrow().field(name).type for name in ("cost", "revenue")}
        refuse_mixed_currencies(nw.from_native(group_sums(frames, ["currency"], money)))
    periods = {} if grain is None else {"date": partial(_cut, grain)}
    sums = group_sums(frames, dimensions, _MEASURES, changed=periods)
    table = finished(
        nw.from_native(sums),
        dimensions,
        limit=limit,
        offset=offset,
        zero_division=zero_division,
        is_sorted=True,
    )
    return in_pandas(table.to_native())


_MEASURES = {measure.name: FACTS.arrow().field(measure.name).type for measure in metrics.measures}


def _cut(grain: str, days: pyarrow.Array) -> pyarrow.Array:
    """Cut days to the first day of their period."""
    frame = nw.from_native(pyarrow.table({"date": days}))
    return frame.with_columns(cut(grain, frame)).to_native()["date"].combine_chunks()


def _parts(
    backend: Backend,
    columns: Sequence[str],
    *,
    start: Day,
    end: Day,
    filters: Mapping[str, Any],
    options: Mapping[str, Any],
) -> tuple[pyarrow.Table, pyarrow.Table]:
    """Give the ad rows, in columns of theirs, and the shares of the days and values asked for."""
    wanted = [name for name, values in filters.items() if values is not None]
    has_days = start is not None or end is not None
    needed = {*columns, *wanted, *(["date"] if has_days else [])}
    named = [name for name in FACTS.names if name in needed]
    first, last = as_day("start", start), as_day("end", end)
    loaded = backend.reading(partial(_load, names=named, start=first, end=last, options=options))
    shares = loaded.shares
    if shares is None:
        shares = _shares(loaded, options).select(named)
    shares = shares.cast(pyarrow.schema([FACTS.arrow().field(name) for name in named]))
    ads, shares = (
        keep(nw.from_native(rows), start=start, end=end, **filters).to_native()
        for rows in (loaded.ads, shares)
    )
    of_ads = [name for name in ads.column_names if name in columns]
    return ads.select(of_ads), shares.select(list(columns))


def _load(
    reader: Reader,
    *,
    names: Sequence[str],
    start: pd.Timestamp | None,
    end: pd.Timestamp | None,
    options: Mapping[str, Any],
) -> Loaded:
    """Read what the facts need."""
    made_of = reader.digest(ADS, CRM, TAGS, HISTORY)  # lists everything, so nothing is listed twice
    of_ads = [name for name in ADS.names if name in names]
    ads = reader.scan(select(ADS, start=start, end=end, columns=of_ads))
    if options.get("campaigns") is not None:
        return Loaded(ads, None, reader.scan(select(CRM)), None, made_of, reader)
    made_of = digest((made_of, _said(options)))
    shares = reader.derived(_slot(options), made_of, names)
    if shares is not None:
        return Loaded(ads, shares, None, None, made_of, reader)
    return Loaded(ads, None, reader.scan(select(CRM)), campaigns_of(reader), made_of, reader)


def _shares(loaded: Loaded, options: Mapping[str, Any]) -> pyarrow.Table:
    """Work the shares out, and keep them for the next time."""
    given = dict(options)
    campaigns = given.pop("campaigns", None)
    shares = share_facts(loaded.crm, loaded.campaigns if campaigns is None else campaigns, **given)
    shares = shares.cast(FACTS.arrow())
    if campaigns is None:
        loaded.reader.keep(_slot(options), loaded.made_of, shares, ADS, CRM)
    return shares


def _said(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Write the options of the join down, those that were not given included."""
    return sorted({"aliases": DEFAULT_ALIASES, **options}.items())


def _slot(options: Mapping[str, Any]) -> str:
    """Give the place where shares of these options are kept; there are few places."""
    return f"shares/{int(digest(_said(options)), 16) % _SLOTS}"


_SLOTS = 8


def in_pandas(table: pyarrow.Table) -> pd.DataFrame:
    """Give a table of facts or KPIs in pandas, typed as the contract and the registry say."""
    frame = table.to_pandas(date_as_object=False)
    known = {name: FACTS[name].dtype for name in FACTS.names if name in frame}
    ratios = {ratio.name: "Float64" for ratio in metrics.ratios if ratio.name in frame}
    return frame.astype({**known, **ratios})
