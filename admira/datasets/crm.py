"""The demo's opportunities: which campaign brought each, and what the CRM knows of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np

from admira.datasets.ads import DailyAds
from admira.datasets.campaigns import Campaign
from admira.datasets.channels import Audience
from admira.datasets.draws import Counts, Draws, Floats
from admira.datasets.funnel import DAY, Outcome, follow

PAID_SHARE = 0.8
"""Share of the opportunities that ads brought; the others came by themselves."""

# Click to lead: share and mean of three exponentials, none later than 30 days (Chapelle 2014).
_HOUR = 3_600.0
_LAGS = ((0.33, 0.3 * _HOUR), (0.12, 10 * _HOUR), (0.55, 9 * DAY))
_LAG_LIMIT = 30 * DAY

_HAS_CLICK_ID = 0.8
_CLICK_ID_LENGTH = 22
_CLICK_ID_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789_-"
_TOLD_BY_FORM = 0.25
_NO_EMAIL = 0.05

_FIRST_NAMES = ("ana", "ben", "carla", "david", "elif", "femke", "goran", "hana", "ines", "jonas")
_LAST_NAMES = ("alves", "berg", "costa", "duarte", "engel", "fischer", "garcia", "haas", "ivanova")
_COMPANIES = ("acme", "birchwood", "cobalt", "delta-works", "eastgate", "fernhill", "granite")


class Origin(NamedTuple):
    """What truly brought an opportunity; ``campaign_id`` is None where no ad did."""

    campaign_id: str | None
    channel: str


@dataclass(frozen=True, slots=True)
class Visit:
    """How somebody first came: through a campaign, or by themselves with other tags or none."""

    origin: Origin
    audience: Audience
    tags: tuple[str | None, str | None, str | None]
    campaign: Campaign | None = None


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A record as the CRM would send it if every tag survived, and the visit behind it."""

    record: dict[str, Any]
    visit: Visit


_OWN_AUDIENCE = Audience(business=True, opportunity_rate=0.25, won_rate=0.33, deal_median=9_000)
_OWN_VISITS = (
    (0.70, Visit(Origin(None, "direct"), _OWN_AUDIENCE, (None, None, None))),
    (
        0.18,
        Visit(Origin(None, "newsletter"), _OWN_AUDIENCE, ("back_to_school", "newsletter", "email")),
    ),
    (0.12, Visit(Origin(None, "organic"), _OWN_AUDIENCE, ("(not set)", "google", "organic"))),
)


def open_opportunities(draws: Draws, ads: DailyAds, count: int) -> list[Opportunity]:
    """Turn clicks into leads and leads into deals, until midnight after the last day."""
    paid = round(PAID_SHARE * count)
    end = len(ads.days) * DAY
    from_ads, arrived = _leads(draws, ads, paid)
    visits = [_ad_visit(ads.campaigns[number]) for number in from_ads.tolist()]
    visits += _own_visits(draws, count - paid)
    created = np.append(arrived, end * draws.uniform(count - paid))

    order = np.argsort(created, kind="stable")
    visits, created = [visits[place] for place in order.tolist()], created[order]
    outcomes = follow(draws, [visit.audience for visit in visits], created, end)
    emails = _emails(draws, count)
    start = datetime.combine(ads.days[0], time(), UTC)
    return [
        Opportunity(
            {
                "opportunity_id": f"OPP-{place + 1:06d}",
                "contact_email": emails[place],
                **_progress(start, float(created[place]), outcomes[place]),
                **_tags(draws, visit),
            },
            visit,
        )
        for place, visit in enumerate(visits)
    ]


def _leads(draws: Draws, ads: DailyAds, count: int) -> tuple[Counts, Floats]:
    """Draw each lead's campaign, by clicks and conversion rate, and the second it arrived."""
    rates = np.array([[campaign.cvr] for campaign in ads.campaigns])
    numbers, days = np.divmod(draws.indices((ads.clicks * rates).ravel(), count), len(ads.days))
    clicked = days * DAY + (7 + 15 * draws.uniform(count)) * _HOUR
    shares, means = np.array(_LAGS).T
    mean = means[draws.indices(shares, count)]
    limit = np.minimum(_LAG_LIMIT, len(ads.days) * DAY - clicked)
    return numbers, clicked + draws.exponential(mean, limit, count)


def _ad_visit(campaign: Campaign) -> Visit:
    channel = campaign.channel
    return Visit(
        Origin(campaign.campaign_id, channel.name),
        channel.audience,
        (campaign.landed_tag, channel.source, campaign.placement.medium),
        campaign,
    )


def _own_visits(draws: Draws, count: int) -> list[Visit]:
    shares = np.array([share for share, _ in _OWN_VISITS])
    return [_OWN_VISITS[place][1] for place in draws.indices(shares, count).tolist()]


def _emails(draws: Draws, count: int) -> Sequence[str | None]:
    """Draw the contacts' addresses; a few are unknown."""
    parts = zip(
        draws.pick(_FIRST_NAMES, count),
        draws.pick(_LAST_NAMES, count),
        draws.pick(_COMPANIES, count),
        draws.chance(_NO_EMAIL, count).tolist(),
        strict=True,
    )
    return [
        None if unknown else f"{first}.{last}{number}@{company}.example"
        for number, (first, last, company, unknown) in enumerate(parts, start=1)
    ]


def _progress(start: datetime, created: float, outcome: Outcome) -> dict[str, Any]:
    """Write down how far an opportunity came."""

    def instant(seconds: float) -> str:
        return (start + timedelta(seconds=int(seconds))).strftime("%Y-%m-%dT%H:%M:%SZ")

    return {
        "stage": outcome.stage,
        "amount": outcome.amount,
        "currency": "EUR",
        "created_at": instant(created),
        "updated_at": instant(outcome.updated),
        "closed_at": None if outcome.closed is None else instant(outcome.closed),
    }


def _tags(draws: Draws, visit: Visit) -> dict[str, Any]:
    """Write down what the visit left behind: its tags, a click id, and what a form told."""
    fields: dict[str, Any] = dict(
        zip(("utm_campaign", "utm_source", "utm_medium"), visit.tags, strict=True)
    )
    if visit.campaign is not None:
        has_click_id, is_told = draws.uniform(2).tolist()
        click_id = visit.campaign.channel.click_id
        if click_id is not None and has_click_id < _HAS_CLICK_ID:
            fields[click_id] = draws.text(_CLICK_ID_ALPHABET, _CLICK_ID_LENGTH)
        if visit.campaign.placement.native_form and is_told < _TOLD_BY_FORM:
            fields["ad_campaign_id"] = visit.campaign.campaign_id
    return fields
