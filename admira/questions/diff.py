"""What changed in past days since a moment: logged rows put back, and the verbs run on both."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.core.campaigns import campaign_map, joined_maps
from admira.core.frames import typed
from admira.core.join import join_utm
from admira.core.tag_aliases import TagAliases
from admira.core.totals import MEASURES
from admira.engines.bridges import monthly_maps
from admira.questions.breakdown import breakdown_of, measures_below
from admira.questions.moments import commits_after
from admira.schemas import AD_MEASURES, ADS, CAMPAIGNS, CRM, TABLES, TAGS, Kind, Table
from admira.stores.base import Backend
from admira.stores.reading import Reader
from admira.stores.records import CHANGES, HISTORY
from admira.stores.selection import select
from admira.summary import Asked

_DUST = 1e-9


class Logged(Asked, Protocol):
    """What is asked of a store."""

    def ads(self, **filters: object) -> pd.DataFrame:
        """Give ad rows."""

    def aliases(self) -> TagAliases:
        """Give the tags that are read as others."""

    def runs(self) -> pd.DataFrame:
        """Give its history."""


class _Side(NamedTuple):
    """The rows at one moment, and the campaign map that goes with them."""

    ads: pd.DataFrame
    crm: pd.DataFrame
    campaigns: pd.DataFrame
    aliases: TagAliases

    def facts(self) -> pd.DataFrame:
        """Join them."""
        return join_utm(self.ads, self.crm, campaigns=self.campaigns, tag_aliases=self.aliases)


def diff(
    store: Logged, as_of: str | date, *, by: str | Sequence[str] = ("date", "channel")
) -> pd.DataFrame:
    """Say which figures are no longer what they were at a moment, by how much and by which rows.

    The rows that the store noted before it replaced them are put back over the present ones, and
    both are joined and added up.  A restated ad row can move opportunities between campaigns, so a
    group may differ in leads without a row of its own that changed.  Days that came since are among
    them, with 0 before.  The UTM sheet, aliases and groups count as they are now, and rows that
    :meth:`retain` dropped are left out of both.

    Parameters
    ----------
    as_of : str, date or datetime
        The end of a run, by its ``run_id`` as ``store.runs()`` lists them; else a day such as
        ``"2025-08-31"``, up to its midnight in the store's time zone; or an instant, in that zone
        where it names none.
    by : str or sequence of str
        Dimensions, as in ``store.metrics``; money is by currency in any case.  Those of a row,
        ``["date", "channel", "campaign_id", "opportunity_id"]``, name each row that differs.

    Returns
    -------
    DataFrame
        One row per group and measure that differs, sorted:

        - the dimensions, and ``currency``
        - ``metric``: the measure
        - ``before``: its value as of the moment
        - ``now``: its value now
        - ``difference``: now − before
        - ``rows``: how many rows of the group changed since, ad rows for what ads say, else
          opportunities

        ``attrs`` has ``as_of``, and ``currency`` where there is one.

    Raises
    ------
    OptionError
        When no run has that name and it is no day or instant, or a dimension does not exist.

    Examples
    --------
    >>> import admira
    >>> example = admira.datasets.worked_example()
    >>> store = admira.open_store("memory:")
    >>> first = admira.ingest(store, ads=example.ads, crm=example.crm, run_id="monday")
    >>> restated = [{**example.ads[0], "cost": 360.75}]
    >>> second = admira.ingest(store, ads=restated, crm=[], run_id="tuesday")
    >>> found = diff(store, as_of="monday")
    >>> found[["date", "channel", "metric", "before", "now", "difference", "rows"]]
            date     channel metric  before     now  difference  rows
    0 2025-08-01  google_ads   cost  350.75  360.75        10.0     1
    >>> diff(store, as_of="tuesday").empty
    True
    """
    asked = breakdown_of(store.backend, [by] if isinstance(by, str) else [*by])
    keys = asked.keys
    logs = _logs(store, as_of)
    if all(log.empty for log in logs.values()):
        nothing = store.metrics(keys).head(0)[keys].assign(metric="", before=0.0, now=0.0)
        return _finished(nothing.assign(difference=0.0, rows=0), keys, as_of)
    now = _present(store, logs["ads"])
    then = _past(store, now, logs)
    is_moved = not _is_same(now.campaigns, then.campaigns)
    # Opportunities that did not change are as they were, unless the campaigns they met did.
    facts = [
        side._replace(crm=side.crm if is_whole else _kept(side.crm, logs["crm"])).facts()
        for side, is_whole in ((now, False), (then, is_moved))
    ]
    part, before = map(asked.sums, facts, ("part", "before"))
    met = measures_below(store.metrics(keys), keys, "now")
    for sums in (part, before):
        met = met.merge(sums, how="outer", on=[*keys, "metric"], validate="1:1")
    values = met[["now", "part", "before"]].fillna(0.0)
    is_all_there = ~met["metric"].isin(AD_MEASURES) & is_moved
    untouched = (values["now"] - values["part"]).mask(is_all_there, 0.0)
    met["now"], met["before"] = values["now"], values["before"] + untouched
    met["difference"] = met["now"] - met["before"]
    noise = _DUST * (1 + met["now"].abs() + met["before"].abs())
    met = met[met["difference"].abs() > noise]
    both = asked.labelled(pd.concat(facts, ignore_index=True))
    return _finished(_with_rows(met, both, logs, keys), keys, as_of)


def _is_same(now: pd.DataFrame, then: pd.DataFrame) -> bool:
    """Tell whether opportunities meet the same campaigns at the same weights."""
    names = [name for name in CAMPAIGNS.names if name not in {"cost", "days"}]
    return now[names].equals(then[names])


def _logs(store: Logged, as_of: str | date) -> dict[Kind, pd.DataFrame]:
    """Give what commits after a moment did, the first thing done to each row."""
    noted = {kind: _scan(store.backend, CHANGES[kind], _COMMIT) for kind in TABLES}
    commits = pd.concat(
        [rows.group_by(_COMMIT).aggregate([]).to_pandas() for rows in noted.values()]
    )
    is_later = commits_after(store, as_of, commits)
    later = pyarrow.array(sorted(set(commits.loc[is_later, "commit"])), pyarrow.string())
    return {kind: _log(store.backend, kind, later) for kind in TABLES}


_COMMIT = ["commit", "run_id", "changed_at"]


def _scan(backend: Backend, table: Table, names: Sequence[str]) -> pyarrow.Table:
    """Read columns of a whole table."""
    asked = select(table, columns=names, is_coded=True)
    return backend.reading(lambda reader: reader.scan(asked))


def _log(backend: Backend, kind: Kind, commits: pyarrow.Array) -> pd.DataFrame:
    """Give the first entry of each row in some commits; rows dropped for good are left out."""
    table, key = CHANGES[kind], list(TABLES[kind].key)
    if not len(commits):
        return table.empty()
    rows = _scan(backend, table, table.names)
    later = typed(rows.filter(pc.field("commit").isin(commits)), table)
    later = later.sort_values("commit", kind="stable")
    last = later.drop_duplicates(key, keep="last")[[*key, "change"]]
    first = later.drop_duplicates(key)
    ended = last.rename(columns={"change": "last_change"})
    return first.merge(ended, on=key, validate="1:1")


def _present(store: Logged, log: pd.DataFrame) -> _Side:
    """Give the rows now: the ads of each month in which some changed, all opportunities."""
    months = sorted(log["date"].dt.to_period("M").unique())
    pieces = [store.ads(start=each.start_time, end=each.end_time) for each in months]
    ads = pd.concat(pieces, ignore_index=True) if pieces else ADS.empty()
    return _Side(ads, store.crm(), store.campaigns(), store.aliases())


def _past(store: Logged, now: _Side, logs: dict[Kind, pd.DataFrame]) -> _Side:
    """Give the rows as of the moment."""
    ads, crm = _put_back(now.ads, logs["ads"], ADS), _put_back(now.crm, logs["crm"], CRM)
    if logs["ads"].empty:
        return now._replace(ads=ads, crm=crm)
    months = logs["ads"]["date"].dt.to_period("M").dt.to_timestamp().unique()
    campaigns = store.backend.reading(lambda reader: _map(reader, ads, months))
    return now._replace(ads=ads, crm=crm, campaigns=campaigns)


def _put_back(rows: pd.DataFrame, log: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Put the rows of a log in the place of those that are there now."""
    if log.empty:
        return rows
    key = list(table.key)
    is_logged = _is_among(rows, log, key)
    is_there = _is_among(log, rows, key) | (log["last_change"] == "removed")
    before = log.loc[is_there & (log["change"] != "inserted"), table.names]
    types = {name: table[name].dtype for name in table.names}
    return pd.concat([rows[~is_logged], before.astype(types)], ignore_index=True)


def _is_among(rows: pd.DataFrame, others: pd.DataFrame, key: list[str]) -> pd.Series:
    """Tell which rows have a key that others have."""
    met = rows[key].merge(others[key].drop_duplicates(), how="left", on=key, indicator=True)
    return pd.Series((met["_merge"] == "both").to_numpy(), index=rows.index)


def _map(reader: Reader, ads: pd.DataFrame, months: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """Give the campaign map with some months as these ads have them."""
    known = monthly_maps(reader)
    others = known[~known["month"].isin(months)]
    maps = pd.concat([others, campaign_map(ads), reader.rows(HISTORY)], ignore_index=True)
    sheet = reader.rows(TAGS)
    return joined_maps(maps, tags=sheet if len(sheet) else None)


def _kept(crm: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """Keep the opportunities that changed."""
    return crm[_is_among(crm, log, list(CRM.key))]


def _with_rows(
    met: pd.DataFrame,
    both: pd.DataFrame,
    logs: dict[Kind, pd.DataFrame],
    keys: list[str],
) -> pd.DataFrame:
    """Count the rows of each group that changed, on either side."""
    is_ad, is_of_ads = both["match"] == "ad", met["metric"].isin(AD_MEASURES)
    parts: list[tuple[Kind, pd.Series, pd.Series]] = [
        ("ads", is_ad, is_of_ads),
        ("crm", ~is_ad, ~is_of_ads),
    ]
    counted = []
    for kind, is_kind, is_measured in parts:
        key = list(TABLES[kind].key)
        changed = both[is_kind & _is_among(both, logs[kind], key)]
        distinct = changed.drop_duplicates(list(dict.fromkeys([*keys, *key])))
        counts = distinct.groupby(keys, dropna=False).size().rename("rows").reset_index()
        counted.append(met[is_measured].merge(counts, how="left", on=keys, validate="m:1"))
    return pd.concat(counted, ignore_index=True)


def _finished(found: pd.DataFrame, keys: list[str], as_of: str | date) -> pd.DataFrame:
    """Sort and type."""
    place = found["metric"].map({name: place for place, name in enumerate(MEASURES)})
    ordered = found.assign(place=place).sort_values([*keys, "place"], ignore_index=True)
    figures = ["before", "now", "difference"]
    ordered["rows"] = ordered["rows"].fillna(0)
    finished = ordered[[*keys, "metric", *figures, "rows"]].astype(
        {**dict.fromkeys(figures, "Float64"), "metric": "str", "rows": "int64"}
    )
    codes = finished["currency"].drop_duplicates()
    code = codes.iloc[0] if len(codes) == 1 and codes.notna().all() else None
    finished.attrs = {"currency": code, "as_of": as_of}
    return finished
