"""Ad rows in the shape of the CSV files that people export from the platforms' pages."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

from admira.datasets.landing import PAGE, landing_url, tag_query

Row = Mapping[str, Any]

_NOTHING = " --"  # what Google writes where a total has no value
_DEVICES = ("Computer", "Smartphone", "Tablet")


def google_ads_csv(rows: Sequence[Row]) -> bytes:
    """Write the "Excel .csv" of a report: UTF-16 and tabs, two lines of title, a row of totals."""
    header = ["Day", "Campaign", "Campaign ID", "Customer ID", "Currency code"]
    header += ["Clicks", "Impr.", "Cost", "Final URL", "Final URL suffix"]
    lines: list[Sequence[Any]] = [["Campaign performance"], [_period(rows)], header]
    lines += [
        [
            f"{row['date']:%Y-%m-%d}",
            row["campaign_name"],
            row["campaign_id"],
            row["account_id"],
            row["currency"],
            *_grouped(row),
            PAGE,
            tag_query(row),
        ]
        for row in rows
    ]
    total = _grouped(_total(rows))
    currency = rows[0]["currency"]
    lines.append(["Total: Account", *[_NOTHING] * 3, currency, *total, *[_NOTHING] * 2])
    return _written_for_excel(lines)


def meta_ads_csv(rows: Sequence[Row]) -> bytes:
    """Write a table of Ads Manager: the currency in the header, the totals in the first row."""
    header = ["Reporting starts", "Reporting ends", "Day", "Campaign name", "Campaign ID"]
    header += ["Account ID", "Impressions", "Link clicks"]
    header += [f"Amount spent ({rows[0]['currency']})", "Website URL", "URL parameters"]
    first, last = (f"{edge:%Y-%m-%d}" for edge in _edges(rows))
    total = _total(rows)
    lines: list[Sequence[Any]] = [
        header,
        [first, last, *[""] * 4, total["impressions"], total["clicks"], _plain(total), "", ""],
    ]
    lines += [
        [
            first,
            last,
            f"{row['date']:%Y-%m-%d}",
            row["campaign_name"],
            row["campaign_id"],
            row["account_id"],
            row["impressions"],
            row["clicks"] or "",  # Meta leaves out what is 0
            _plain(row),
            PAGE,
            tag_query(row),
        ]
        for row in rows
    ]
    return _written(lines).encode("utf-8-sig")


def linkedin_ads_csv(rows: Sequence[Row]) -> bytes:
    """Write a report of Campaign Manager: UTF-16 and tabs, four lines above, month first."""
    header = ["Start Date (in UTC)", "Account Name", "Currency", "Campaign ID", "Campaign Name"]
    header += ["Impressions", "Clicks", "Total Spent", "Click URI"]
    first, last = map(_month_first, _edges(rows))
    lines: list[Sequence[Any]] = [
        ["Campaign Performance Report (in UTC)"],
        [f"Report Start: {first}"],
        [f"Report End: {last}"],
        [],
        header,
    ]
    lines += [
        [
            _month_first(row["date"]),
            row["account_id"],
            row["currency"],
            row["campaign_id"],
            row["campaign_name"],
            row["impressions"],
            row["clicks"],
            _plain(row),
            landing_url(row),
        ]
        for row in rows
    ]
    return _written_for_excel(lines)


def microsoft_ads_csv(rows: Sequence[Row]) -> bytes:
    """Write a performance report: ten lines above, a row for each device, a copyright below."""
    header = ["TimePeriod", "AccountId", "CampaignId", "CampaignName", "CurrencyCode"]
    header += ["DeviceType", "Impressions", "Clicks", "Spend", "FinalUrl"]
    first, last = _edges(rows)
    lines: list[Sequence[Any]] = [
        ["Report Name: Campaign performance"],
        [f"Report Time: {_month_first(first)},{_month_first(last)}"],
        ["Time Zone: (GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"],
        [f"Last Completed Available Day: {_month_first(last)} 11:59:59 PM (GMT)"],
        [f"Last Completed Available Hour: {_month_first(last)} 11:59:59 PM (GMT)"],
        ["Report Aggregation: Daily"],
        ["Report Filter: "],
        ["Potential Incomplete Data: false"],
        [f"Rows: {len(rows) * len(_DEVICES)}"],
        [],
        header,
    ]
    lines += [
        [
            _month_first(row["date"]),
            row["account_id"],
            f"[{row['campaign_id']}]",
            row["campaign_name"],
            row["currency"],
            device,
            part["impressions"],
            part["clicks"],
            f"{part['cost']:,.2f}",
            landing_url(row),
        ]
        for row in rows
        for device, part in zip(_DEVICES, _parts(row, len(_DEVICES)), strict=True)
    ]
    lines.append([f"©{last:%Y} Microsoft Corporation. All rights reserved. "])
    return _written(lines).encode("utf-8-sig")


def _written(lines: Iterable[Sequence[Any]], *, delimiter: str = ",") -> str:
    """Write lines as spreadsheets do."""
    text = StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(lines)
    return text.getvalue()


def _written_for_excel(lines: Iterable[Sequence[Any]]) -> bytes:
    """Write lines as Excel reads them everywhere: UTF-16 with its mark, and tabs."""
    return codecs.BOM_UTF16_LE + _written(lines, delimiter="\t").encode("utf-16-le")


def _edges(rows: Sequence[Row]) -> tuple[Any, Any]:
    """Give the first and the last day."""
    days = [row["date"] for row in rows]
    return min(days), max(days)


def _period(rows: Sequence[Row]) -> str:
    """Write the period as a title does."""
    return " - ".join(f"{edge:%B} {edge.day}, {edge.year}" for edge in _edges(rows))


def _month_first(day: Any) -> str:
    """Write a day as Americans do, without zeros in front."""
    return f"{day.month}/{day.day}/{day.year}"


def _grouped(row: Row) -> list[str]:
    """Write clicks, impressions and cost with thousands marks."""
    return [f"{row['clicks']:,}", f"{row['impressions']:,}", f"{row['cost']:,.2f}"]


def _plain(row: Row) -> str:
    """Write the cost without marks."""
    return f"{row['cost']:.2f}"


def _total(rows: Sequence[Row]) -> dict[str, Any]:
    """Add up what adds up."""
    return {name: sum(row[name] for row in rows) for name in ("clicks", "impressions", "cost")}


def _parts(row: Row, count: int) -> Iterator[dict[str, Any]]:
    """Split a row into segments whose sums are the row, money to the cent."""
    amounts = {**row, "cost": round(row["cost"] * 100)}
    for place in range(count):
        part = {
            name: amounts[name] * (place + 1) // count - amounts[name] * place // count
            for name in ("clicks", "impressions", "cost")
        }
        yield part | {"cost": part["cost"] / 100}
