"""The campaign map: under which tags, and in which months, each campaign has run."""

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from admira.core.days import as_day
from admira.core.frames import Frame, collect, is_pandas, lift, unwrap, wrap
from admira.core.tags import normalize_tags
from admira.errors import SchemaMismatch
from admira.schemas import ADS, CAMPAIGNS, TAGS

CAMPAIGN = ["channel", "campaign_id"]
TRIPLE = ["utm_campaign", "utm_source", "utm_medium"]
GRAIN = [*CAMPAIGN, *TRIPLE, "month"]
MAP_COLUMNS = ["date", *CAMPAIGN, *TRIPLE, "campaign_name", "clicks", "cost"]
_ABOUT = ["clicks", "cost", "first_day", "last_day", "days", "campaign_name"]


def campaign_map(ads: Any, *, tags: Any = None) -> Any:
    """Say under which tags and in which months each campaign has run.

    The map is small whatever the size of ads, and it is all that :func:`join_utm` needs to know
    of them: compute it once and hand it over as ``campaigns=``.

    Parameters
    ----------
    ads : DataFrame of any engine, one row per day, campaign and channel
        Columns used: ``date``, ``channel``, ``campaign_id``, ``utm_campaign``, ``utm_source``,
        ``utm_medium``, ``campaign_name``, ``clicks`` and ``cost`` (account currency).
    tags : DataFrame, optional, one row per campaign and triple
        The team's own UTM sheet: ``campaign_id`` or ``campaign_name``, ``utm_campaign``, and where
        they are known ``channel``, ``utm_source``, ``utm_medium``, ``valid_from`` (a day).  From
        that day on a campaign is also known under the sheet's triple, and where its ads carry no
        ``utm_campaign``, under it alone.

    Returns
    -------
    DataFrame of the caller's engine
        One row per channel, campaign_id, utm triple and month, in that order: ``clicks``, ``cost``,
        ``first_day`` and ``last_day`` with an ad row, ``days`` (an integer whose bit n-1 says that
        day n of the month has one), ``campaign_name``, the latest of that month, and ``known_by``:
        ``"ads"``, or ``"sheet"`` for a further triple of the sheet, which repeats all the
        campaign's clicks and cost of the month.

    Raises
    ------
    SchemaMismatch
        When ads or the sheet lack a column that is needed.

    Examples
    --------
    >>> import admira
    >>> campaigns = admira.campaign_map(admira.datasets.worked_example().ads_frame)
    >>> campaigns[["channel", "campaign_id", "utm_campaign", "clicks"]]
          channel campaign_id    utm_campaign  clicks
    0  google_ads      C-1001  back_to_school    2200
    1  google_ads      C-1002           brand       0
    2    meta_ads      C-2001  back_to_school     800
    """
    frame = wrap(ads, ADS, MAP_COLUMNS)
    return unwrap(lift(map_of(frame, tags=tags), like=frame))


def map_of(ads: Frame, *, tags: Any = None) -> pd.DataFrame:
    """Give the campaign map of wrapped ads, in pandas."""
    # Arrow shares the buffers of pandas and groups text three times as fast.
    grouping = nw.from_native(ads.to_arrow()) if is_pandas(ads) else ads
    dated = grouping.with_columns(
        month=nw.col("date").dt.truncate("1mo").cast(nw.Date),
        bit=nw.lit(2.0) ** (nw.col("date").dt.day().cast(nw.Int64) - 1),
    )
    named = collect(
        dated.group_by(*GRAIN, "campaign_name")
        .agg(
            nw.col("clicks", "cost", "bit").sum(),
            nw.col("date").min().alias("first_day"),
            nw.col("date").max().alias("last_day"),
            nw.len().alias("rows"),
        )
        .with_columns(nw.col("clicks", "rows").cast(nw.Int64), days=nw.col("bit").cast(nw.Int64))
        .drop("bit")
    )
    if (np.bitwise_count(named["days"].to_numpy()) != named["rows"].to_numpy()).any():
        # Some key occurs twice on a day, so bits were added to themselves: count each day once.
        keys = [*GRAIN, "campaign_name"]
        days = collect(dated.select(*keys, "bit").unique().group_by(keys).agg(nw.col("bit").sum()))
        named = named.merge(days, on=keys, validate="1:1")
        named["days"] = named["bit"].astype("int64")
    return joined_maps(named.assign(cost=named["cost"].round(6)), tags=tags)


def joined_maps(maps: pd.DataFrame, *, tags: Any = None) -> pd.DataFrame:
    """Give one map of the maps of several sets of days, stacked, and of the team's sheet."""
    campaigns = _one_name(maps).assign(known_by="ads")
    del maps  # of a large store it would take as much memory again while the map is sorted
    if tags is not None:
        campaigns = _with_sheet(campaigns, read_sheet(tags))
    campaigns = campaigns.sort_values(GRAIN, ignore_index=True)
    return CAMPAIGNS.complete(campaigns)


def latest_names(campaigns: pd.DataFrame, by: Sequence[str] = CAMPAIGN) -> pd.DataFrame:
    """Give the latest name of each campaign of a map that has one."""
    known = campaigns.dropna(subset="campaign_name").sort_values("last_day", kind="stable")
    names = known.drop_duplicates([*by], keep="last")
    return names[[*by, "campaign_name"]].reset_index(drop=True)


def _one_name(named: pd.DataFrame) -> pd.DataFrame:
    """Merge the rows of a campaign that was renamed within a month, under its latest name."""
    if not named.duplicated(GRAIN).any():
        return named
    return _together(named, GRAIN)


def _together(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Add rows up by some of their columns; the latest name counts."""
    ordered = rows.sort_values([*by, "last_day", "campaign_name"])
    together = ordered.groupby(by, as_index=False, dropna=False, sort=False).agg(
        clicks=("clicks", "sum"),
        cost=("cost", "sum"),
        first_day=("first_day", "min"),
        last_day=("last_day", "max"),
        campaign_name=("campaign_name", "last"),
    )
    firsts = np.flatnonzero(~ordered.duplicated(by))
    return together.assign(days=np.bitwise_or.reduceat(ordered["days"].to_numpy(), firsts))


def read_sheet(tags: Any) -> pd.DataFrame:
    """Read a UTM sheet into the contract's tags table: one row per campaign and triple.

    Raises
    ------
    SchemaMismatch
        When it names no campaign, or has no ``utm_campaign``.
    OptionError
        When a ``valid_from`` is no day.
    """
    sheet = collect(nw.from_native(tags))
    names = [name for name in ("campaign_id", "campaign_name") if name in sheet]
    if not names or "utm_campaign" not in sheet:
        lacking = [*([] if names else ["campaign_id"]), *{"utm_campaign"}.difference(sheet)]
        hint = "A UTM sheet names campaigns by campaign_id or campaign_name."
        raise SchemaMismatch(TAGS.name, missing=lacking, found=sheet.columns, hint=hint)
    columns = {
        name: normalize_tags(sheet[name].astype("str"))
        for name in TAGS.names
        if name in sheet and TAGS[name].type == "tag"
    }
    if "campaign_id" in sheet:
        columns["campaign_id"] = sheet["campaign_id"].astype("str").str.strip().fillna("")
    if "valid_from" in sheet:
        written = sheet["valid_from"].astype(object)
        days = [as_day("valid_from", None if pd.isna(day) else day or None) for day in written]
        columns["valid_from"] = pd.Series(days, index=sheet.index, dtype="datetime64[us]")
    rows = TAGS.complete(pd.DataFrame(columns))
    # Where the id is given the name says nothing more.
    rows["campaign_name"] = rows["campaign_name"].where(rows["campaign_id"] == "", "")
    is_usable = (rows["campaign_id"] + rows["campaign_name"] != "") & (rows["utm_campaign"] != "")
    return rows[is_usable].drop_duplicates(list(TAGS.key), keep="last", ignore_index=True)


def _with_sheet(campaigns: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    """Let campaigns be known under the sheet's triples too; untagged months under them alone."""
    month = [*CAMPAIGN, "month"]
    months = _together(campaigns, month).assign(
        name_as_tag=lambda rows: normalize_tags(rows["campaign_name"])
    )
    named = {"campaign_id": "campaign_id", "name_as_tag": "campaign_name"}
    met = pd.concat(
        months.merge(
            sheet[sheet[theirs] != ""].drop(columns={*named.values()} - {theirs}),
            left_on=ours,
            right_on=theirs,
            suffixes=("", "_sheet"),
        )
        for ours, theirs in named.items()
    )
    is_meant = (met["channel_sheet"] == "") | (met["channel_sheet"] == met["channel"])
    is_valid = ~(met["valid_from"] > met["last_day"])
    known = met.loc[is_meant & is_valid, [*GRAIN, *_ABOUT]].assign(known_by="sheet")
    first = known.drop_duplicates(month)[[*month, *TRIPLE]]
    mended = campaigns.merge(first, "left", month, suffixes=("", "_sheet"), validate="m:1")
    for name in TRIPLE:
        of_sheet = mended[f"{name}_sheet"]
        takes_it = (campaigns["utm_campaign"] == "").to_numpy() & of_sheet.notna()
        mended[name] = of_sheet.where(takes_it, mended[name])
    own = _one_name(mended[[*GRAIN, *_ABOUT]]).assign(known_by="ads")
    return pd.concat([own, known]).drop_duplicates(GRAIN)
