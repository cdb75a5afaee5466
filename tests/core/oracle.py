"""The attribution rules once more, as slow and plain as they can be said: what tests compare with.

Rows are dicts, days are ``datetime.date``; nothing here knows admira.  One opportunity is looked
at after the other, and every ad row is looked at for each of them.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

Row = dict[str, Any]
Aliases = Mapping[str, Mapping[str, str]]

TIERS = ("id", "exact", "alias", "id", "campaign")
CLICK_IDS = {
    "gclid": "google_ads",
    "gbraid": "google_ads",
    "wbraid": "google_ads",
    "msclkid": "microsoft_ads",
    "ttclid": "tiktok_ads",
    "li_fat_id": "linkedin_ads",
}
UTM = ("utm_campaign", "utm_source", "utm_medium")


class Known(NamedTuple):
    """A campaign under one of its triples, with the ad rows it had under it."""

    channel: str
    campaign_id: str
    triple: tuple[str, str, str]
    rows: list[Row]

    @property
    def campaign(self) -> tuple[str, str]:
        """The campaign, whatever its triple."""
        return self.channel, self.campaign_id

    @property
    def first_day(self) -> date:
        """The first day with an ad row under this triple."""
        return min(row["date"] for row in self.rows)

    def until(self, month: tuple[int, int]) -> list[Row]:
        """Give the ad rows up to the end of a month."""
        return [row for row in self.rows if _month(row["date"]) <= month]


class Candidate(NamedTuple):
    """A campaign that may share an opportunity: its clicks and cost so far, and its best triple."""

    best: Known
    name: str | None
    clicks: int
    cost: float
    tier: str


def attribute(
    ads_rows: list[Row],
    crm_rows: list[Row],
    *,
    funnel: str = "cumulative",
    ambiguous: str = "clicks",
    lands_on: str = "created",
    window_days: int | None = None,
    aliases: Aliases | None = None,
) -> list[Row]:
    """Give the shares of every opportunity, one dict per fact row."""
    known = known_campaigns(ads_rows)
    facts = []
    for record in crm_rows:
        for share in _shares(record, known, ambiguous, window_days, aliases or {}):
            facts += _landed(share, record, known, funnel, lands_on)
    return facts


def known_campaigns(ads_rows: list[Row]) -> list[Known]:
    """Group ad rows by campaign and triple."""
    groups: dict[tuple[str, str, tuple[str, str, str]], list[Row]] = {}
    for row in ads_rows:
        key = (row["channel"], row["campaign_id"], _triple(row))
        groups.setdefault(key, []).append(row)
    return [Known(*key, rows) for key, rows in groups.items()]


def tier_of(record: Row, known: Known, aliases: Aliases) -> int | None:
    """Give the best tier on which a record's tags meet a campaign's triple, else None."""
    if record["ad_campaign_id"] and record["ad_campaign_id"] == known.campaign_id:
        return 0
    campaign, source, medium = _triple(record)
    if not campaign:
        return None
    their_campaign, their_source, their_medium = known.triple
    is_complete = all((source, medium, their_source, their_medium))
    mine = (_meant("utm_source", source, aliases), _meant("utm_medium", medium, aliases))
    theirs = (
        _meant("utm_source", their_source, aliases),
        _meant("utm_medium", their_medium, aliases),
    )
    agrees = all(a == b or not a or not b for a, b in zip(mine, theirs, strict=True))
    says_the_same = campaign == their_campaign and is_complete
    claims = {
        1: says_the_same and (source, medium) == (their_source, their_medium),
        2: says_the_same and mine == theirs,
        3: campaign == _as_tag(known.campaign_id) and agrees,
        4: campaign == their_campaign and agrees,
    }
    return next((tier for tier, claim in claims.items() if claim), None)


def had_run(record: Row, ads_rows: list[Row], aliases: Aliases | None) -> bool:
    """Say whether some campaign that the record meets had an ad row by the end of its month."""
    return any(
        known.until(_month(record["date"]))
        for known in known_campaigns(ads_rows)
        if tier_of(record, known, aliases or {}) is not None
    )


def _shares(
    record: Row, known: list[Known], ambiguous: str, window_days: int | None, aliases: Aliases
) -> list[Row]:
    """Say who shares a record, with which weights, and why."""
    met = [(tier_of(record, one, aliases), one) for one in known]
    met = [(tier, one) for tier, one in met if tier is not None]
    month = _month(record["date"])
    running = [
        (tier, one)
        for tier, one in met
        if one.until(month) and _is_recent(record["date"], one.campaign, known, window_days)
    ]
    reason = ""
    if running:
        best = min(tier for tier, _ in running)
        chosen = [one for tier, one in running if tier == best]
    elif met and window_days is None:
        best, earliest = min(met, key=_starts_first)
        chosen, month, reason = [earliest], _month(earliest.first_day), "before_first_ad"
    elif met:
        return [_bucket(record, "none", "outside_window")]
    else:
        return [_unmet(record, known)]
    candidates = _candidates(chosen, month, TIERS[best])
    if len(candidates) > 1 and ambiguous == "none":
        return [_bucket(record, "none", "ambiguous", len(candidates))]
    weights = _weights(candidates, ambiguous)
    return [
        {
            "channel": candidate.best.channel,
            "campaign_id": candidate.best.campaign_id,
            "campaign_name": candidate.name,
            **dict(zip(UTM, candidate.best.triple, strict=True)),
            "match": candidate.tier,
            "match_reason": reason,
            "match_candidates": len(candidates),
            "match_weight": weight,
        }
        for candidate, weight in zip(candidates, weights, strict=True)
        if weight > 0
    ]


def _candidates(chosen: list[Known], month: tuple[int, int], tier: str) -> list[Candidate]:
    """Merge the triples of each campaign, and put the campaigns in order, best first."""
    campaigns: dict[tuple[str, str], list[Known]] = {}
    for one in chosen:
        campaigns.setdefault(one.campaign, []).append(one)
    candidates = []
    for triples in campaigns.values():
        rows = [row for one in triples for row in one.until(month)]
        best = min(
            triples, key=lambda one: (-_clicks(one.until(month)), -_cost(one.until(month)), one)
        )
        latest = max(best.until(month), key=lambda row: row["date"])
        candidates.append(
            Candidate(best, latest["campaign_name"], _clicks(rows), _cost(rows), tier)
        )
    return sorted(
        candidates,
        key=lambda one: (-one.clicks, -one.cost, one.best.campaign_id, one.best.channel),
    )


def _weights(candidates: list[Candidate], ambiguous: str) -> list[float]:
    """Share one among candidates that are in order, best first."""
    if ambiguous == "winner":
        return [1.0, *[0.0] * (len(candidates) - 1)]
    total = sum(candidate.clicks for candidate in candidates)
    if ambiguous == "clicks" and total > 0:
        return [candidate.clicks / total for candidate in candidates]
    return [1 / len(candidates)] * len(candidates)


def _unmet(record: Row, known: list[Known]) -> Row:
    """Say which bucket a record falls into whose tags meet no campaign."""
    campaign = record["utm_campaign"]
    names = {one.triple[0] for one in known} | {_as_tag(one.campaign_id) for one in known}
    if campaign:
        return _bucket(record, "none", "utm_conflict" if campaign in names else "utm_unknown")
    for column, channel in CLICK_IDS.items():
        if record.get(column):
            return _bucket(record, "click_id") | {"channel": channel, "campaign_id": "(unknown)"}
    return _bucket(record, "untagged")


def _bucket(record: Row, match: str, reason: str = "", candidates: int = 0) -> Row:
    """Give a share of the whole record that is no campaign's."""
    name = "(untagged)" if match == "untagged" else "(unattributed)"
    return {
        "channel": name,
        "campaign_id": name,
        "campaign_name": None,
        **{column: record[column] for column in UTM},
        "match": match,
        "match_reason": reason,
        "match_candidates": candidates,
        "match_weight": 1.0,
    }


def _landed(share: Row, record: Row, known: list[Known], funnel: str, lands_on: str) -> list[Row]:
    """Put a share on its day: one row, or a second one for what happened on closing."""
    measures = {
        name: value * share["match_weight"] for name, value in counted(record, funnel).items()
    }
    fact = {
        "date": record["date"],
        "currency": record["currency"],
        "opportunity_id": record["opportunity_id"],
        **share,
        **measures,
    }
    if lands_on == "ad_day":
        days = _ad_days((share["channel"], share["campaign_id"]), known)
        fact["date"] = max((day for day in days if day <= record["date"]), default=record["date"])
    is_decided = measures["closed_won"] > 0 or measures["closed_lost"] > 0
    if lands_on != "closed" or not is_decided or record["closed_date"] is None:
        return [fact]
    late = ("closed_won", "closed_lost", "revenue")
    return [
        fact | dict.fromkeys(late, 0.0),
        fact
        | {name: 0.0 for name in measures if name not in late}
        | {"date": record["closed_date"], "match_weight": 0.0},
    ]


def counted(record: Row, funnel: str) -> dict[str, float]:
    """Say what one record counts for."""
    stage, came_as_lead = record["stage"], record["entry_stage"] == "lead"
    is_won, is_lost = stage == "closed_won", stage == "closed_lost"
    if funnel == "cumulative":
        is_lead = came_as_lead
        is_opportunity = stage in ("opportunity", "closed_won", "closed_lost")
    else:
        is_opportunity = stage == "opportunity"
        is_lead = not (is_opportunity or is_won or is_lost)
    return {
        "leads": float(is_lead),
        "opportunities": float(is_opportunity),
        "opportunities_from_leads": float(is_opportunity and came_as_lead),
        "closed_won": float(is_won),
        "closed_lost": float(is_lost),
        "revenue": (record["amount"] or 0.0) if is_won else 0.0,
    }


def _starts_first(met: tuple[int, Known]) -> tuple[Any, ...]:
    """Order by first ad day, then by what makes a match better, then by name."""
    tier, one = met
    return one.first_day, tier, one.campaign_id, one.channel, one.triple


def _is_recent(
    day: date, campaign: tuple[str, str], known: list[Known], window_days: int | None
) -> bool:
    """Say whether a campaign has an ad row on one of the days of the window, if there is one."""
    return window_days is None or any(
        0 <= (day - ad_day).days < window_days for ad_day in _ad_days(campaign, known)
    )


def _ad_days(campaign: tuple[str, str], known: list[Known]) -> set[date]:
    """Give all days of a campaign, under whatever triple."""
    return {row["date"] for one in known if one.campaign == campaign for row in one.rows}


def _triple(row: Row) -> tuple[str, str, str]:
    return row["utm_campaign"], row["utm_source"], row["utm_medium"]


def _meant(column: str, tag: str, aliases: Aliases) -> str:
    return aliases.get(column, {}).get(tag, tag)


def _as_tag(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def _clicks(rows: list[Row]) -> int:
    return sum(row["clicks"] for row in rows)


def _cost(rows: list[Row]) -> float:
    """Sum costs to the millionth, so that a tie is a tie."""
    return round(sum(row["cost"] for row in rows), 6)
