"""What happens to tags between the click and the CRM: lost, retyped, renamed, never filled in.

The kinds are known from the field; nobody has published a sound survey of the rates, which are
assumptions.
"""

from collections.abc import Callable, Sequence
from typing import Any

from admira.datasets.campaigns import Campaign
from admira.datasets.crm import Opportunity
from admira.datasets.draws import Draws

LOST_SHARE = 0.24
"""Share of the visits through ads that leave no tag and no click id."""

ONLY_CLICK_ID_SHARE = 0.25
"""Share of the other visits with a Google click id that leave nothing else (one in five of all)."""

Record = dict[str, Any]
Damage = Callable[[Record, Campaign, float], Record]

_TAGS = ("utm_campaign", "utm_source", "utm_medium")
_CLICK_IDS = ("gclid", "li_fat_id", "msclkid", "ttclid")
_NO_TAGS: Record = dict.fromkeys(_TAGS)

_SYNONYMS = {
    "google": ("adwords",),
    "bing": ("microsoft",),
    "facebook": ("fb", "facebook.com", "meta"),
    "linkedin": ("linkedin.com",),
    "tiktok": ("tiktok.com",),
    "reddit": ("reddit.com",),
    "cpc": ("ppc", "paidsearch"),
    "paid_social": ("paid-social", "paidsocial"),
}
_MACROS = {
    "google_ads": "{campaignid}",
    "microsoft_ads": "{CampaignId}",
    "meta_ads": "{{campaign.name}}",
    "linkedin_ads": "{{CAMPAIGN_NAME}}",
    "tiktok_ads": "__CAMPAIGN_NAME__",
    "reddit_ads": "{{CAMPAIGN_NAME}}",
}


def soil_tags(draws: Draws, opportunities: Sequence[Opportunity]) -> list[Record]:
    """Give the records with the tags that reach a CRM."""
    return [_soiled(draws, opportunity) for opportunity in opportunities]


def _soiled(draws: Draws, opportunity: Opportunity) -> Record:
    record, campaign = opportunity.record, opportunity.visit.campaign
    lost, only_click_id, kind, variant = draws.uniform(4).tolist()
    if campaign is None:
        return record
    if lost < LOST_SHARE:
        return {name: value for name, value in record.items() if name not in _CLICK_IDS} | _NO_TAGS
    if "gclid" in record and only_click_id < ONLY_CLICK_ID_SHARE:
        return record | _NO_TAGS
    for share, damage in _DAMAGES:
        if kind < share:
            return record | damage(record, campaign, variant)
        kind -= share
    return record


def _retype(record: Record, _: Campaign, variant: float) -> Record:
    campaign, source = str(record["utm_campaign"]), str(record["utm_source"])
    retyped = (
        {"utm_campaign": campaign.upper()},
        {"utm_campaign": campaign.title(), "utm_source": source.capitalize()},
        {"utm_source": source.upper()},
    )
    return _one_of(retyped, variant)


def _replace_by_synonym(record: Record, _: Campaign, variant: float) -> Record:
    synonyms = [
        {name: synonym}
        for name in ("utm_source", "utm_medium")
        for synonym in _SYNONYMS.get(record[name], ())
    ]
    return _one_of(synonyms, variant)


def _mangle(record: Record, _: Campaign, variant: float) -> Record:
    campaign = str(record["utm_campaign"])
    mangled = (f" {campaign} ", f"{campaign}\u00a0", campaign.replace("_", "%5F"), f"{campaign}%20")
    return {"utm_campaign": _one_of(mangled, variant)}


def _leave_macro(_: Record, campaign: Campaign, __: float) -> Record:
    return {"utm_campaign": _MACROS[campaign.channel.name]}


def _forget(_: Record, __: Campaign, variant: float) -> Record:
    return _one_of(({"utm_campaign": "(not set)"}, dict.fromkeys(_TAGS, "(not set)")), variant)


def _call_by_old_name(record: Record, _: Campaign, __: float) -> Record:
    return {"utm_campaign": f"{record['utm_campaign']}_2024"}


def _keep_campaign_only(_: Record, __: Campaign, ___: float) -> Record:
    return {"utm_source": None, "utm_medium": None}


def _call_by_id(_: Record, campaign: Campaign, __: float) -> Record:
    return {"utm_campaign": campaign.campaign_id}


_DAMAGES: tuple[tuple[float, Damage], ...] = (
    (0.08, _retype),
    (0.10, _replace_by_synonym),
    (0.03, _mangle),
    (0.015, _leave_macro),
    (0.04, _forget),
    (0.04, _call_by_old_name),
    (0.03, _keep_campaign_only),
    (0.02, _call_by_id),
)


def _one_of(options: Sequence[Any], variant: float) -> Any:
    return options[int(variant * len(options))]
