"""The campaign map: under which tags, and in which months, each campaign has run."""

from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from admira.core.frames import Frame, collect, is_pandas, lift, unwrap, wrap
from admira.core.tags import normalize_tags
from admira.errors import SchemaMismatch
from admira.schemas import ADS, CAMPAIGNS

CAMPAIGN = ["channel", "campaign_id"]
TRIPLE = ["utm_campaign", "utm_source", "utm_medium"]
GRAIN = [*CAMPAIGN, *TRIPLE, "month"]


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
        day n of the month has one) and ``campaign_name``, the latest of that month.

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
    frame = wrap(ads, ADS, ["date", *CAMPAIGN, *TRIPLE, "campaign_name", "clicks", "cost"])
    return unwrap(lift(map_of(frame, tags=tags), like=frame))


def map_of(ads: Frame, *, tags: Any = None) -> pd.DataFrame:
    """Give the campaign map of wrapped ads, in pandas."""
    # Arrow shares the buffers of pandas and groups text three times as fast.
    grouping = nw.from_native(ads.to_arrow()) if is_pandas(ads) else ads
    dated = grouping.with_columns(
        month=nw.col("date").dt.truncate("1mo"),
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
    campaigns = _one_name(named.assign(cost=named["cost"].round(6)))
    if tags is not None:
        campaigns = _with_sheet(campaigns, _sheet(tags))
    return campaigns.sort_values(GRAIN, ignore_index=True)[CAMPAIGNS.names]


def _one_name(named: pd.DataFrame) -> pd.DataFrame:
    """Merge the rows of a campaign that was renamed within a month, under its latest name."""
    named = named.sort_values([*GRAIN, "last_day", "campaign_name"])
    if not named.duplicated(GRAIN).any():
        return named
    return named.groupby(GRAIN, as_index=False, dropna=False).agg(
        clicks=("clicks", "sum"),
        cost=("cost", "sum"),
        first_day=("first_day", "min"),
        last_day=("last_day", "max"),
        days=("days", np.bitwise_or.reduce),
        campaign_name=("campaign_name", "last"),
    )


def _sheet(tags: Any) -> pd.DataFrame:
    """Read the team's UTM sheet: tags normalised, ids trimmed, one triple per row."""
    sheet = collect(nw.from_native(tags)).assign(row=lambda rows: range(len(rows)))
    names = [name for name in ("campaign_id", "campaign_name") if name in sheet]
    if not names or "utm_campaign" not in sheet:
        raise SchemaMismatch(
            "tags",
            missing=[*([] if names else ["campaign_id"]), "utm_campaign"],
            found=sheet.columns.drop("row"),
            hint="A UTM sheet names campaigns by campaign_id or campaign_name.",
        )
    for name in (*TRIPLE, "channel"):
        sheet[name] = normalize_tags(sheet[name]) if name in sheet else ""
    for name in names:
        sheet[name] = sheet[name].astype("str").str.strip()
    since = sheet.get("valid_from", pd.Series(pd.NaT, index=sheet.index))
    sheet["valid_from"] = pd.to_datetime(since, format="ISO8601").astype("datetime64[us]")
    return sheet


def _with_sheet(campaigns: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    """Let campaigns be known under the sheet's triples too; untagged months under them alone."""
    by = "campaign_id" if "campaign_id" in sheet else "campaign_name"
    numbered = campaigns.assign(source_row=range(len(campaigns)))
    wanted = sheet[[by, "channel", *TRIPLE, "valid_from"]]
    pairs = numbered.merge(wanted, on=by, suffixes=("", "_sheet"), validate="m:m")
    pairs = pairs[
        ((pairs["channel_sheet"] == "") | (pairs["channel_sheet"] == pairs["channel"]))
        & ~(pairs["valid_from"] > pairs["last_day"])
    ]
    mended = pairs.loc[pairs["utm_campaign"] == "", "source_row"]
    known = pairs.drop(columns=TRIPLE).rename(columns={f"{name}_sheet": name for name in TRIPLE})
    kept = campaigns[~numbered["source_row"].isin(mended)]
    together = pd.concat([kept, known[[*GRAIN, *_ABOUT]]], ignore_index=True)
    return _one_name(together.drop_duplicates([*GRAIN, "last_day"]))


_ABOUT = ["clicks", "cost", "first_day", "last_day", "days", "campaign_name"]
