"""The demo's ad rows: clicks, impressions and cost of every campaign on every day it ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from admira.datasets.campaigns import LAST_DAY, Campaign
from admira.datasets.draws import Counts, Draws, Flags, Floats

_SATURDAY = 5
_WEEKEND = {True: 0.4, False: 1.05}
_MONTHS = {True: {8: 0.9, 12: 0.7}, False: {1: 0.85, 11: 1.6}}
_MOOD_SIGMA = 0.25
_MOOD_MEMORY = 0.5


@dataclass(frozen=True, slots=True)
class DailyAds:
    """What the campaigns did, as matrices of one row per campaign and one column per day."""

    campaigns: Sequence[Campaign]
    days: Sequence[date]
    is_live: Flags
    clicks: Counts
    impressions: Counts
    cost: Floats

    def records(self) -> list[dict[str, Any]]:
        """Give one record per day, campaign and channel, day by day."""
        return [
            self._record(number, day)
            for day, live in enumerate(self.is_live.T)
            for number in np.flatnonzero(live).tolist()
        ]

    def _record(self, number: int, day: int) -> dict[str, Any]:
        campaign = self.campaigns[number]
        is_renamed = campaign.renamed_day is not None and day >= campaign.renamed_day
        return {
            "date": self.days[day].isoformat(),
            "campaign_id": campaign.campaign_id,
            "campaign_name": campaign.name + (" | v2" if is_renamed else ""),
            "channel": campaign.channel.name,
            "account_id": campaign.channel.account_id,
            "clicks": int(self.clicks[number, day]),
            "impressions": int(self.impressions[number, day]),
            "cost": float(self.cost[number, day]),
            "currency": "EUR",
            "utm_campaign": campaign.tag,
            "utm_source": campaign.channel.source,
            "utm_medium": campaign.placement.medium,
        }


def run_campaigns(
    draws: Draws, campaigns: Sequence[Campaign], days: int, *, leads: int
) -> DailyAds:
    """Run the campaigns on a budget that can be expected to bring that many leads.

    Daily clicks are negative binomial around a mean that follows the weekday, the month and the
    campaign's own mood, which lasts for days.
    """
    calendar = [LAST_DAY - timedelta(days=days - 1 - day) for day in range(days)]
    is_live = np.array(
        [[each.first_day <= day <= each.last_day for day in range(days)] for each in campaigns]
    )
    season = np.array([[_season(each, day) for day in calendar] for each in campaigns])
    shape = is_live * season * _moods(draws, len(campaigns), days)
    ctr, cpc, cvr, spend, dispersion = (
        _column(campaigns, name) for name in ("ctr", "cpc", "cvr", "spend_share", "dispersion")
    )
    wanted = spend / cpc * shape / shape.sum(axis=1, keepdims=True)
    mean = wanted * leads / (wanted * cvr).sum()
    clicks = draws.negative_binomial(mean, np.broadcast_to(dispersion, mean.shape))
    shown = np.maximum(np.rint(draws.lognormal(mean / ctr, 0.2, mean.shape)), clicks)
    cost = np.rint(draws.lognormal(clicks * cpc, 0.12, mean.shape) * 100) / 100
    return DailyAds(campaigns, calendar, is_live, clicks, shown.astype(np.int64), cost)


def _season(campaign: Campaign, day: date) -> float:
    """Weigh a day: companies rest at weekends and in December, consumers buy in November."""
    is_business = campaign.channel.audience.business
    weekday = _WEEKEND[is_business] if day.weekday() >= _SATURDAY else 1.0
    return weekday * _MONTHS[is_business].get(day.month, 1.0)


def _moods(draws: Draws, campaigns: int, days: int) -> Floats:
    """Draw each campaign's good and bad spells: lognormal, each day half like the day before."""
    noise = draws.normal((campaigns, days))
    mood = noise.copy()
    for day in range(1, days):
        mood[:, day] = (
            _MOOD_MEMORY * mood[:, day - 1] + (1 - _MOOD_MEMORY**2) ** 0.5 * noise[:, day]
        )
    return np.asarray(np.exp(_MOOD_SIGMA * mood))


def _column(campaigns: Sequence[Campaign], name: str) -> Floats:
    """Give an attribute of all campaigns as a column that spreads over the days."""
    return np.array([[getattr(campaign, name)] for campaign in campaigns], dtype=np.float64)
