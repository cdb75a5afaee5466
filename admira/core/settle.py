"""Settling a pull: several accepted rows of one natural key become the one that counts."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from admira.errors import AmbiguousData
from admira.schemas import AD_MEASURES, ADS, PLATFORM_MEASURES, TAGS, Table

_TRIPLE = ["utm_campaign", "utm_source", "utm_medium"]


class Settled(NamedTuple):
    """The rows that count, and what became of the others.

    Rows in = rows out + ``repeated`` (the same as the one that counts) + ``superseded`` (different
    from it) + ``merged`` (added to it).  ``tags`` holds the triples of segments that the rows do
    not carry, for the campaign map.
    """

    rows: pd.DataFrame
    repeated: int = 0
    superseded: int = 0
    merged: int = 0
    tags: pd.DataFrame = TAGS.empty()


def settle(accepted: pd.DataFrame, table: Table) -> Settled:
    """Keep the last row of each natural key, in the order given, with a fresh index."""
    key = list(table.key)
    is_last = ~accepted.duplicated(key, keep="last").to_numpy()
    if is_last.all():
        return Settled(accepted)
    contested = accepted[accepted.duplicated(key, keep=False)]
    number = contested.groupby(key, sort=False, dropna=False).ngroup().to_numpy()
    content = contested.groupby(list(contested.columns), sort=False, dropna=False).ngroup()
    last = dict(zip(number, content, strict=True))  # later rows overwrite earlier ones
    is_same = content.to_numpy() == np.array([last[each] for each in number])
    rows = accepted[is_last].reset_index(drop=True)
    repeated = int(is_same.sum()) - len(last)
    return Settled(rows, repeated, len(accepted) - len(rows) - repeated)


def settle_segments(accepted: pd.DataFrame) -> Settled:
    """Add up the segments of each ad row: device, network, ad set.

    The row keeps the tags and names of its most clicked segment (then the dearest, then the
    first); every other triple goes to ``tags``, valid from the day it was seen.  What the platform
    claims is the sum of what its segments claim, missing where none of them claims anything.

    Raises
    ------
    AmbiguousData
        When the segments of one row are in several currencies.
    """
    key = list(ADS.key)
    if not accepted.duplicated(key).any():
        return Settled(accepted)
    _refuse_mixed_currencies(accepted, key)
    first = accepted.sort_values(["clicks", "cost"], ascending=False, kind="stable")
    kept = first.drop_duplicates(key).sort_index()
    rows = kept
    for added, least in ((AD_MEASURES, 0), (PLATFORM_MEASURES, 1)):
        present = [name for name in added if name in accepted]
        sums = accepted.groupby(key, sort=False)[present].sum(min_count=least).reset_index()
        rows = rows.drop(columns=present).merge(sums, on=key, validate="1:1")
    rows = rows[accepted.columns]
    return Settled(
        rows.reset_index(drop=True),
        merged=len(accepted) - len(rows),
        tags=_other_triples(accepted, kept),
    )


def _refuse_mixed_currencies(accepted: pd.DataFrame, key: list[str]) -> None:
    """Raise when money of several currencies would be added."""
    if "currency" not in accepted:
        return
    money = [name for name in ("cost", "platform_value") if name in accepted]
    paid = accepted[(accepted[money] > 0).any(axis="columns")]
    count = paid.groupby(key, sort=False)["currency"].nunique(dropna=False)
    if (count > 1).any():
        date, campaign, channel = count.index[count > 1][0]
        raise AmbiguousData(
            f"The segments of campaign {campaign} of {channel} on {date:%Y-%m-%d} are in several "
            "currencies, which cannot be added; export one account or currency at a time."
        )


def _other_triples(accepted: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """List the triples of the segments that the kept rows do not carry, since when each."""
    triple = [name for name in _TRIPLE if name in accepted]
    campaign = ["channel", "campaign_id", *triple]
    seen = accepted[accepted["utm_campaign"] != ""].groupby(campaign, sort=True)["date"].min()
    known = pd.MultiIndex.from_frame(kept[campaign])
    others = seen[~seen.index.isin(known)].rename("valid_from").reset_index()
    return TAGS.complete(others)
