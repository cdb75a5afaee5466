"""What the campaign map says of the past: clicks up to a month, the last ad day up to a day."""

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from admira.core.campaigns import CAMPAIGN, TRIPLE
from admira.core.tags import normalize_tags

# One integer holds a number and a time, so that a sorted search answers "the last one up to then".
_SPAN = 1_000_000  # more than the days or months of any calendar


class AdHistory:
    """The campaign map, ready to be asked about many campaigns and times at once.

    Attributes
    ----------
    entities : DataFrame
        One row per campaign and triple, numbered by its index in the order of its columns:
        ``channel``, ``campaign_id``, the triple, ``campaign`` (a number of its own),
        ``first_month``, ``first_day`` and ``id_as_tag`` (the id as a tag would be written).
    """

    def __init__(self, campaigns: pd.DataFrame) -> None:
        rows = campaigns.sort_values([*CAMPAIGN, *TRIPLE, "month"], ignore_index=True)
        rows["entity"] = rows.groupby([*CAMPAIGN, *TRIPLE], sort=False).ngroup()
        rows["campaign"] = rows.groupby(CAMPAIGN, sort=False).ngroup()
        self._key = _sortable(rows["entity"], month_numbers(rows["month"]))
        # Only what is asked for again: the tags of every month would take most of the memory.
        self._rows = rows[["campaign", "month", "days"]].assign(
            clicks=rows.groupby("entity")["clicks"].cumsum(),
            cost=rows.groupby("entity")["cost"].cumsum().round(6),
            campaign_name=rows.groupby("entity")["campaign_name"].ffill(),
        )
        self._totals = _campaign_totals(rows)
        firsts = rows.drop_duplicates("entity").set_index("entity")
        self.entities = firsts[[*CAMPAIGN, *TRIPLE, "campaign", "first_day"]].assign(
            first_month=month_numbers(firsts["month"]),
            id_as_tag=normalize_tags(firsts["campaign_id"]),
        )

    @cached_property
    def known_tags(self) -> set[str]:
        """Give all that a ``utm_campaign`` may be called, were nothing else to disagree."""
        return {*self.entities["utm_campaign"], *self.entities["id_as_tag"]} - {""}

    @cached_property
    def _ad_days(self) -> npt.NDArray[np.int64]:
        """Unfold the map's bits into sorted (campaign, day) integers; only some joins need them."""
        row, bit = np.nonzero(self._rows["days"].to_numpy()[:, None] >> np.arange(31) & 1)
        first = _day_numbers(self._rows["month"]).to_numpy()
        return np.sort(self._rows["campaign"].to_numpy()[row] * _SPAN + first[row] + bit)

    def until(self, entities: pd.Series, months: pd.Series) -> pd.DataFrame:
        """Give clicks, cost and latest name of each entity up to the end of the month beside it.

        Every entity must have begun by then.
        """
        position = np.searchsorted(self._key, _sortable(entities, months), side="right") - 1
        past = self._rows[["clicks", "cost", "campaign_name"]].iloc[position]
        return past.set_axis(entities.index)

    def campaign_until(self, campaigns: pd.Series, months: pd.Series) -> pd.DataFrame:
        """Give clicks and cost of each campaign, under whatever tags, up to the month's end."""
        key = _sortable(self._totals["campaign"], self._totals["month"])
        position = np.searchsorted(key, _sortable(campaigns, months), side="right") - 1
        return self._totals[["clicks", "cost"]].iloc[position].set_axis(campaigns.index)

    def last_ad_day(self, campaigns: pd.Series, days: pd.Series) -> pd.Series:
        """Give each campaign's last day with an ad row up to the day beside it, else ``NaT``."""
        wanted = _sortable(campaigns, _day_numbers(days))
        position = np.searchsorted(self._ad_days, wanted, side="right") - 1
        found = self._ad_days[position] if len(self._ad_days) else np.full(len(wanted), -1)
        is_there = (position >= 0) & (found // _SPAN == campaigns.to_numpy())
        last = (found % _SPAN).astype("datetime64[D]").astype("datetime64[us]")
        return pd.Series(last, index=days.index).where(is_there)


def _campaign_totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up each campaign's months so far; what the sheet adds repeats clicks and is left out."""
    own = rows[rows["known_by"] == "ads"].assign(month=month_numbers(rows["month"]))
    sums = own.groupby(["campaign", "month"], as_index=False)[["clicks", "cost"]].sum()
    return sums.assign(**sums.groupby("campaign")[["clicks", "cost"]].cumsum())


def month_numbers(days: pd.Series) -> pd.Series:
    """Count months since year 0, as :func:`admira.core.frames.month_number` does on any engine."""
    return days.dt.year.astype("int64") * 12 + days.dt.month.astype("int64") - 1


def _day_numbers(days: pd.Series) -> pd.Series:
    """Count days since 1970."""
    return days.astype("datetime64[s]").astype("int64") // 86_400


def _sortable(numbers: pd.Series, times: pd.Series) -> npt.NDArray[np.int64]:
    """Give one integer that sorts by number, then by time."""
    return numbers.to_numpy(dtype="int64") * _SPAN + times.to_numpy(dtype="int64")
