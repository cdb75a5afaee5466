"""The options of the join that decide which campaigns share an opportunity, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from admira.core.tag_aliases import TagAliases, alias_rows
from admira.errors import OptionError

Ambiguous = Literal["clicks", "equal", "winner", "none"]
LandsOn = Literal["created", "ad_day", "closed"]
Aliases = Mapping[str, Mapping[str, str]]

DEFAULT_ALIASES: Aliases = {
    "utm_source": {
        "adwords": "google",
        "google.com": "google",
        "google_ads": "google",
        "googleads": "google",
        "facebook.com": "facebook",
        "fb": "facebook",
        "m.facebook.com": "facebook",
        "meta": "facebook",
        "meta_ads": "facebook",
        "bing.com": "bing",
        "microsoft": "bing",
        "microsoft_ads": "bing",
        "linkedin.com": "linkedin",
        "linkedin_ads": "linkedin",
        "reddit.com": "reddit",
        "tiktok.com": "tiktok",
        "tiktok_ads": "tiktok",
    },
    "utm_medium": {
        "paid search": "cpc",
        "paid-search": "cpc",
        "paid_search": "cpc",
        "paidsearch": "cpc",
        "ppc": "cpc",
        "sem": "cpc",
        "paid social": "paid_social",
        "paid-social": "paid_social",
        "paidsocial": "paid_social",
        "social-paid": "paid_social",
        "social_paid": "paid_social",
    },
}


# The options of the join, as the verbs that pass them on know them.
JOIN_OPTIONS = (
    "funnel",
    "ambiguous",
    "lands_on",
    "window_days",
    "aliases",
    "tag_aliases",
    "campaigns",
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The options of the join that decide which campaigns share an opportunity, and when."""

    ambiguous: str = "clicks"
    lands_on: str = "created"
    window_days: int | None = None
    aliases: Aliases | None = None
    tag_aliases: TagAliases | None = None

    def __post_init__(self) -> None:
        """Refuse a value that is not among those allowed."""
        for name, allowed in (("ambiguous", Ambiguous), ("lands_on", LandsOn)):
            if getattr(self, name) not in get_args(allowed):
                raise OptionError(name, getattr(self, name), get_args(allowed))
        days = self.window_days
        if days is not None and (isinstance(days, bool) or not isinstance(days, int) or days < 1):
            raise OptionError("window_days", days, ["None", "a whole number of days from 1 up"])
        for name in self.aliases or {}:
            if name not in DEFAULT_ALIASES:
                raise OptionError("aliases", name, DEFAULT_ALIASES)
        if self.tag_aliases is not None:
            alias_rows(self.tag_aliases)

    @property
    def time(self) -> Literal["date", "month"]:
        """Say what of an opportunity's date matters: the day itself, or only its month."""
        return "date" if self.window_days is not None or self.lands_on == "ad_day" else "month"
