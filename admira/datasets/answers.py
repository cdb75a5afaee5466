"""Ad rows, leads and deals in the shape of the answers that platforms' APIs give."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from admira.datasets.landing import landing_url

Row = Mapping[str, Any]

# Fields of leads that not every company has, beside those of its tags.
LEAD_FIELDS = {
    "currency": "CurrencyIsoCode",
    "gclid": "GCLID__c",
    "msclkid": "MSCLKID__c",
    "ttclid": "TTCLID__c",
    "li_fat_id": "LI_FAT_ID__c",
    "ad_campaign_id": "Ad_Campaign_ID__c",
}
_TAG_FIELDS = {
    "utm_campaign": "UTM_Campaign__c",
    "utm_source": "UTM_Source__c",
    "utm_medium": "UTM_Medium__c",
}
_LEAD = ("00QWd", "MAA")
_DEAL = ("006Wd", "IAA")
_CLOSED = ("closed_won", "closed_lost")
_EXPECTED_AFTER = timedelta(days=30)


def tiktok_ads_api(rows: Sequence[Row]) -> bytes:
    """Write the only page of an integrated report: numbers as text, a time behind the day."""
    report = [
        {
            "dimensions": {
                "campaign_id": row["campaign_id"],
                "stat_time_day": f"{row['date']:%Y-%m-%d} 00:00:00",
                "advertiser_id": row["account_id"],
            },
            "metrics": {
                "campaign_name": row["campaign_name"],
                "clicks": str(row["clicks"]),
                "currency": row["currency"],
                "impressions": str(row["impressions"]),
                "spend": f"{row['cost']:.2f}",
            },
            "landing_page_url": landing_url(row),
        }
        for row in rows
    ]
    page = {"page": 1, "page_size": 1000, "total_number": len(report), "total_page": 1}
    return _written({"code": 0, "message": "OK", "data": {"page_info": page, "list": report}})


def reddit_ads(rows: Sequence[Row]) -> bytes:
    """Write the last page of a report: money in millionths, the currency left unsaid."""
    report = [
        {
            "date": f"{row['date']:%Y-%m-%d}",
            "account_id": row["account_id"],
            "campaign_id": row["campaign_id"],
            "campaign_name": row["campaign_name"],
            "click_url": landing_url(row),
            "clicks": row["clicks"],
            "impressions": row["impressions"],
            "spend": round(row["cost"] * 1_000_000),
        }
        for row in rows
    ]
    return _written({"data": {"metrics": report}, "pagination": {"next_url": None}})


def salesforce_leads(rows: Sequence[Row]) -> bytes:
    """Write every record as a lead; one that went further names the deal that it became."""
    return _query_answer("Lead", (_lead(place, row) for place, row in enumerate(rows)))


def salesforce_opportunities(rows: Sequence[Row]) -> bytes:
    """Write the deals: the records that went further than a lead."""
    deals = (_deal(place, row) for place, row in enumerate(rows) if _is_deal(row))
    return _query_answer("Opportunity", deals)


def _lead(place: int, row: Row) -> dict[str, Any]:
    is_deal = _is_deal(row)
    return {
        "Id": _id(_LEAD, place),
        "IsDeleted": False,
        "Email": row["contact_email"],
        "Status": "Qualified" if is_deal else "Working - Contacted",
        "IsConverted": is_deal,
        "ConvertedOpportunityId": _id(_DEAL, place) if is_deal else None,
        "CreatedDate": _instant(row["created_at"]),
        "SystemModstamp": _instant(row["updated_at"] or row["created_at"]),
        **{field: row[name] or None for name, field in (_TAG_FIELDS | LEAD_FIELDS).items()},
    }


def _deal(place: int, row: Row) -> dict[str, Any]:
    updated = row["updated_at"] or row["created_at"]
    is_closed = row["stage"] in _CLOSED
    closing = (row["closed_at"] or updated) if is_closed else updated + _EXPECTED_AFTER
    return {
        "Id": _id(_DEAL, place),
        "IsDeleted": False,
        "StageName": {
            "opportunity": "Proposal/Price Quote",
            "closed_won": "Closed Won",
            "closed_lost": "Closed Lost",
        }[row["stage"]],
        "IsWon": row["stage"] == "closed_won",
        "IsClosed": is_closed,
        "Amount": row["amount"],
        "CurrencyIsoCode": row["currency"],
        "CloseDate": f"{closing:%Y-%m-%d}",
        "CreatedDate": _instant(row["created_at"]),
        "SystemModstamp": _instant(updated),
        **{field: row[name] or None for name, field in _TAG_FIELDS.items()},
    }


def _is_deal(row: Row) -> bool:
    return row["stage"] in ("opportunity", *_CLOSED)


def _id(ends: tuple[str, str], place: int) -> str:
    """Give an id of 18 characters, of which the last three say which others are capitals."""
    start, end = ends
    return f"{start}{place:010d}{end}"


def _instant(instant: Any) -> str:
    """Write an instant as Salesforce does, without a colon in the offset."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.000+0000"


def _query_answer(kind: str, records: Iterable[dict[str, Any]]) -> bytes:
    """Write the last answer to a query."""
    found = [
        {"attributes": {"type": kind, "url": f"/services/data/v62.0/sobjects/{kind}/{each['Id']}"}}
        | each
        for each in records
    ]
    return _written({"totalSize": len(found), "done": True, "records": found})


def _written(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
