"""What a store has to choose from: days, channels and currencies."""

import pandas as pd

from admira.errors import DataError
from admira.explorer.choice import Known
from admira.summary import Asked


def known_of(store: Asked) -> Known:
    """Find out what there is to choose from.

    Raises
    ------
    DataError
        When the store has no rows.
    """
    kpis = store.metrics(["date", "channel", "currency"])
    if kpis.empty:
        message = "There are no rows to explore yet; ingest() or load() brings them in."
        raise DataError(message)
    has_ads = kpis["impressions"] + kpis["clicks"] + kpis["cost"] > 0
    first, last = kpis["date"].min(), kpis["date"].max()
    money = kpis[kpis["cost"] + kpis["revenue"] > 0]
    sums = money.groupby("currency", dropna=False)[["cost", "revenue"]].sum()
    codes = sums.sort_values(["cost", "revenue"], ascending=False).index
    return Known(
        first=first,
        last=last,
        last_ad=kpis.loc[has_ads, "date"].max() if has_ads.any() else last,
        channels=tuple(sorted(kpis["channel"].unique(), key=lambda name: (name[0] == "(", name))),
        currencies=tuple(None if pd.isna(code) else code for code in codes),
    )
