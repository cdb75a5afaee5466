"""What happens to rows on their way: sent twice, restated, typed loosely, now and then unusable."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from admira.datasets.campaigns import LAST_DAY
from admira.datasets.draws import Draws

REPLAYED_SHARE = 0.02
"""Share of the ad rows that are sent a second time."""

RESTATED_SHARE = 0.05
"""Share of the ad rows of the last four weeks that are sent in an early version first."""

RESTATED_DAYS = 28
RESTATED_BY = 0.03

SPOILT_ADS: tuple[dict[str, Any], ...] = (
    {"cost": "n/a"},
    {"date": "31/10/2025"},
    {"campaign_id": " "},
    {"clicks": True},
)
"""What makes an ad row unusable, once each."""

SPOILT_CRM: tuple[dict[str, Any], ...] = (
    {"amount": "to be agreed"},
    {"created_at": "yesterday"},
    {"opportunity_id": ""},
)
"""What makes an opportunity unusable, once each."""

Record = dict[str, Any]

_STAGE_WORDS = {
    "lead": "Lead",
    "opportunity": "Opportunity",
    "closed_won": "Closed Won",
    "closed_lost": "Closed Lost",
}
_SUMMER_TIME = timezone(timedelta(hours=2))


def soil_ads(draws: Draws, records: Sequence[Record]) -> list[Record]:
    """Give the ad rows as an API sends them: the last of a key is right, and none is lost."""
    rows = _change(draws, records, 0.05, _unknown_instead_of_zero)
    rows = _change(draws, rows, 0.01, _credit_instead_of_zero)
    rows = _change(draws, rows, 0.01, _numbers_as_text)
    replayed = _some(draws, rows, REPLAYED_SHARE)
    return [*_with_spoilt(_with_early_versions(draws, rows), SPOILT_ADS), *replayed]


def soil_crm(draws: Draws, records: Sequence[Record]) -> list[Record]:
    """Give the opportunities as an API sends them: each comes once in a usable form."""
    rows = _change(draws, records, 0.02, _reversed_amount)
    rows = _change(draws, rows, 0.01, _amount_as_text)
    rows = _change(draws, rows, 0.01, _own_stage)
    rows = _change(draws, rows, 0.10, _stage_in_words)
    rows = _change(draws, rows, 0.01, _in_summer_time)
    rows = _change(draws, rows, 0.02, _without_zone)
    return _with_spoilt(rows, SPOILT_CRM)


def _some(draws: Draws, records: Sequence[Record], share: float) -> list[Record]:
    chosen = draws.chance(share, len(records)).tolist()
    return [record for record, is_chosen in zip(records, chosen, strict=True) if is_chosen]


def _change(
    draws: Draws, records: Sequence[Record], share: float, change: Callable[[Record], Record]
) -> list[Record]:
    """Put the changed fields into that share of the records."""
    chosen = draws.chance(share, len(records)).tolist()
    return [
        record | change(record) if is_chosen else record
        for record, is_chosen in zip(records, chosen, strict=True)
    ]


def _unknown_instead_of_zero(record: Record) -> Record:
    return {name: None for name in ("clicks", "cost") if not record[name]}


def _credit_instead_of_zero(record: Record) -> Record:
    return {"cost": -0.01} if record["cost"] == 0 else {}


def _numbers_as_text(record: Record) -> Record:
    return {
        name: str(record[name])
        for name in ("clicks", "impressions", "cost")
        if record[name] is not None
    }


def _with_early_versions(draws: Draws, records: Sequence[Record]) -> Iterator[Record]:
    """Put what was known of some recent rows at first before what is known now."""
    since = (LAST_DAY - timedelta(days=RESTATED_DAYS - 1)).isoformat()
    chosen = draws.chance(RESTATED_SHARE, len(records)).tolist()
    growths = (1 + RESTATED_BY * draws.uniform(len(records))).tolist()
    for record, is_chosen, growth in zip(records, chosen, growths, strict=True):
        cost = record["cost"]
        if is_chosen and record["date"] >= since and isinstance(cost, float) and cost > 0:
            yield record | {
                "clicks": int(record["clicks"] / growth),
                "cost": round(cost / growth, 2),
            }
        yield record


def _with_spoilt(records: Iterable[Record], faults: Sequence[Record]) -> list[Record]:
    """Put a spoilt copy before one record for each fault, spread over all of them."""
    rows = list(records)
    places = {
        (number + 1) * len(rows) // (len(faults) + 1): number for number in range(len(faults))
    }
    sent = []
    for place, record in enumerate(rows):
        if place in places:
            sent.append(record | faults[places[place]])
        sent.append(record)
    return sent


def _reversed_amount(record: Record) -> Record:
    is_lost = record["stage"] == "closed_lost" and record["amount"]
    return {"amount": -record["amount"]} if is_lost else {}


def _amount_as_text(record: Record) -> Record:
    return {} if record["amount"] is None else {"amount": f"{record['amount']:.2f}"}


def _own_stage(record: Record) -> Record:
    return {"stage": "Nurturing"} if record["stage"] == "lead" else {}


def _stage_in_words(record: Record) -> Record:
    return {"stage": _STAGE_WORDS.get(record["stage"], record["stage"])}


def _in_summer_time(record: Record) -> Record:
    created_at = datetime.fromisoformat(record["created_at"]).astimezone(_SUMMER_TIME)
    return {"created_at": created_at.isoformat()}


def _without_zone(record: Record) -> Record:
    return {"created_at": record["created_at"].removesuffix("Z")}
