"""The worked example of the attribution rules: small enough to check by hand."""

from typing import Any

from admira.datasets.crm import Origin
from admira.datasets.demo import Demo

_SCHOOL = "back_to_school/google/cpc"
_BRAND = "brand/google/cpc"
_NEWSLETTER = "back_to_school/newsletter/email"
_CAMPAIGNS = {
    "C-1001": ("google_ads", _SCHOOL),
    "C-1002": ("google_ads", _BRAND),
    "C-2001": ("meta_ads", "back_to_school/facebook/paid_social"),
}


def worked_example() -> Demo:
    """Give four ad rows and six opportunities that meet in every way there is.

    Returns
    -------
    Demo
        Clean rows.  ``truth`` holds the four opportunities whose tags leave no doubt.

    Examples
    --------
    >>> demo = worked_example()
    >>> [row["campaign_id"] for row in demo.ads]
    ['C-1001', 'C-2001', 'C-1001', 'C-1002']
    >>> sum(row["amount"] for row in demo.crm if row["stage"] == "closed_won")
    5900.0
    """
    return Demo(
        ads=[
            _ad("2025-08-01", "C-1001", 1200, 45000, 350.75),
            _ad("2025-08-01", "C-2001", 800, 60000, 200.00),
            _ad("2025-08-02", "C-1001", 1000, 40000, 300.00),
            _ad("2025-08-02", "C-1002", 0, 500, 0.00),
        ],
        crm=[
            _opportunity("O-1", "lead", None, "2025-08-01", _SCHOOL),
            _opportunity("O-2", "closed_won", 5000.0, "2025-08-02", _SCHOOL),
            _opportunity("O-3", "opportunity", 1200.0, "2025-08-02", "back_to_school//"),
            _opportunity("O-4", "closed_lost", 700.0, "2025-08-01", _NEWSLETTER),
            _opportunity("O-5", "closed_won", 900.0, "2025-08-03", "//"),
            _opportunity("O-6", "lead", None, "2025-08-03", _BRAND),
        ],
        truth={
            "O-1": Origin("C-1001", "google_ads"),
            "O-2": Origin("C-1001", "google_ads"),
            "O-4": Origin(None, "newsletter"),
            "O-6": Origin("C-1002", "google_ads"),
        },
    )


def _ad(day: str, campaign: str, clicks: int, impressions: int, cost: float) -> dict[str, Any]:
    channel, tags = _CAMPAIGNS[campaign]
    return {
        "date": day,
        "campaign_id": campaign,
        "channel": channel,
        "clicks": clicks,
        "impressions": impressions,
        "cost": cost,
        "currency": "EUR",
        **_tags(tags),
    }


def _opportunity(
    opportunity_id: str, stage: str, amount: float | None, day: str, tags: str
) -> dict[str, Any]:
    return {
        "opportunity_id": opportunity_id,
        "contact_email": f"{opportunity_id.lower()}@customer.example",
        "stage": stage,
        "amount": amount,
        "currency": "EUR",
        "created_at": f"{day}T09:00:00Z",
        **_tags(tags),
    }


def _tags(tags: str) -> dict[str, str | None]:
    """Take ``campaign/source/medium`` apart; what is left out is null."""
    campaign, source, medium = (tag or None for tag in tags.split("/"))
    return {"utm_campaign": campaign, "utm_source": source, "utm_medium": medium}
