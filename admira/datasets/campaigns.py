"""The demo company's campaigns: which platform each runs on, on which days, with which tags."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from admira.datasets.channels import CAMPAIGN_ID_MACRO, CHANNELS, Channel, Placement, Theme
from admira.datasets.draws import Draws

LAST_DAY = date(2025, 12, 31)

_MARKETS = ("UK", "DACH", "Iberia", "Nordics", "France", "Benelux")
_RENAMED_SHARE = 0.1

# A fifth of the campaigns takes most of the spend, but no campaign is the whole channel.
_SPEND_SIGMA = 1.7
_RATE_SIGMA = 0.15
_CUT = 2.0
_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign, with its own prices and rates; days are counted from the period's first."""

    channel: Channel
    campaign_id: str
    name: str
    tag: str
    placement: Placement
    ctr: float
    cpc: float
    cvr: float
    spend_share: float
    dispersion: float
    first_day: int
    last_day: int
    renamed_day: int | None

    @property
    def landed_tag(self) -> str:
        """The campaign tag that a visitor arrives with, once the platform has filled it in."""
        return self.campaign_id if self.tag == CAMPAIGN_ID_MACRO else self.tag


def plan_campaigns(draws: Draws, count: int, days: int) -> list[Campaign]:
    """Give the campaigns of all channels: lognormal in spend, so that a few of them take most."""
    return [
        campaign
        for channel, size in zip(CHANNELS, _sizes(count), strict=True)
        if size
        for campaign in _channel_campaigns(draws, channel, size, days)
    ]


def _sizes(count: int) -> list[int]:
    """Share out the campaigns so that they add up to the count."""
    edges = np.cumsum([0.0, *(channel.campaign_share for channel in CHANNELS)])
    rounded = np.rint(edges / edges[-1] * count).astype(int)
    return [int(size) for size in np.diff(rounded)]


def _channel_campaigns(draws: Draws, channel: Channel, size: int, days: int) -> list[Campaign]:
    subjects = [_subject(channel, number) for number in range(size)]
    budgets = np.array([channel.placements[theme.placement].budget for theme, _ in subjects])
    spend = draws.lognormal(budgets, _SPEND_SIGMA, size, cut=_CUT)
    spend *= channel.spend_share / spend.sum()
    ctr, cpc, cvr = draws.lognormal(1.0, _RATE_SIGMA, (3, size), cut=_CUT).tolist()
    dispersion = 3 + 15 * draws.uniform(size)
    renamed = draws.chance(_RENAMED_SHARE, size)
    campaigns = []
    for number, (theme, market) in enumerate(subjects):
        placement = channel.placements[theme.placement]
        first_day, last_day = _flight(theme, days)
        campaigns.append(
            Campaign(
                channel=channel,
                campaign_id=draws.text("123456789", 1) + draws.text(_DIGITS, channel.id_digits - 1),
                name=f"{theme.title} | {market}",
                tag=_tag(theme, market),
                placement=placement,
                ctr=placement.ctr * ctr[number],
                cpc=placement.cpc * cpc[number],
                cvr=placement.cvr * cvr[number],
                spend_share=float(spend[number]),
                dispersion=float(dispersion[number]),
                first_day=first_day,
                last_day=last_day,
                renamed_day=(first_day + last_day) // 2 if renamed[number] else None,
            )
        )
    return campaigns


def _subject(channel: Channel, number: int) -> tuple[Theme, str]:
    """Give a campaign's theme and market: all themes in one market, then all in the next."""
    round_, place = divmod(number, len(channel.themes))
    return channel.themes[place], _MARKETS[round_ % len(_MARKETS)]


def _tag(theme: Theme, market: str) -> str:
    """Give the campaign tag, which names the market from the second market on."""
    is_plain = market == _MARKETS[0] or theme.one_tag or theme.tag == CAMPAIGN_ID_MACRO
    return theme.tag if is_plain else f"{theme.tag}_{market.lower()}"


def _flight(theme: Theme, days: int) -> tuple[int, int]:
    """Give the first and last day of the ads in the period; all of it if they would not run."""
    if theme.flight is None:
        return 0, days - 1
    start = LAST_DAY - timedelta(days=days - 1)
    first, last = ((date(LAST_DAY.year, month, day) - start).days for month, day in theme.flight)
    if last < 0:
        return 0, days - 1
    return max(first, 0), min(last, days - 1)
