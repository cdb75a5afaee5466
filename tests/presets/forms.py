"""Each preset's fixture, written as its platform writes it, and the rows that it must become."""

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from admira.sources.decode import decode
from admira.sources.documents import items_at
from admira.sources.mapper import Mapped, map_rows
from admira.sources.mapping import Preset
from admira.sources.sheets import open_sheet
from admira.sources.tabular import read_table

_HERE = Path(__file__).parent

NAMES = [
    "google_ads_api",
    "google_ads_csv",
    "hubspot_contacts",
    "hubspot_deals",
    "linkedin_ads_api",
    "linkedin_ads_csv",
    "meta_ads_api",
    "meta_ads_csv",
    "microsoft_ads_csv",
    "pinterest_ads",
    "pipedrive_deals",
    "reddit_ads",
    "salesforce_leads",
    "salesforce_opportunities",
    "salesforce_report_csv",
    "tiktok_ads_api",
]

ACCOUNT_IN_EUROS = {"columns.currency.const": "EUR"}
PIPEDRIVE_KEYS = {
    f"utm.fields.{tag}": [f"{digit}a1b2c3d4e5f60718293a4b5c6d7e8f901234567"]
    for digit, tag in enumerate(("utm_campaign", "utm_source", "utm_medium"))
}


@dataclass(frozen=True)
class Form:
    """A fixture, how its bytes are written, what the user overrides, and what is left out."""

    preset: str
    file: str
    encoding: str = "utf-8"
    line_end: str = "\n"
    params: dict[str, Any] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    replays: int = 0

    def __str__(self) -> str:
        return self.file

    @property
    def is_export(self) -> bool:
        return self.file.endswith(".csv")

    def content(self) -> bytes:
        """Give the file's bytes as the platform writes them; here it is kept so that it reads."""
        text = (_HERE / "fixtures" / self.file).read_text(encoding="utf-8")
        return text.replace("\n", self.line_end).encode(self.encoding)

    def expected(self) -> list[dict[str, str]]:
        """Give the canonical rows, as text."""
        with (_HERE / "expected" / f"{self.preset}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


_TOTALS = {"total rows": 2}
_ARCHIVED = {"archived = true": 1}
_DELETED = {"IsDeleted = true": 1}

FORMS = (
    Form("google_ads_api", "google_ads_api.json", replays=1),
    Form("google_ads_csv", "google_ads_csv.csv", "utf-16", dropped=_TOTALS),
    Form("google_ads_csv", "google_ads_csv.de.csv", "utf-8-sig", "\r\n", {"decimal": ","}, _TOTALS),
    Form("google_ads_csv", "google_ads_csv.es.csv", params={"decimal": ","}, dropped=_TOTALS),
    Form("google_ads_csv", "google_ads_csv.fr.csv", "utf-16", "\r\n", {"decimal": ","}, _TOTALS),
    Form("google_ads_csv", "google_ads_csv.pt.csv", "cp1252", "\r\n", {"decimal": ","}, _TOTALS),
    Form("meta_ads_api", "meta_ads_api.json"),
    Form("meta_ads_csv", "meta_ads_csv.csv", "utf-8-sig", dropped={"total rows": 1}),
    Form("linkedin_ads_api", "linkedin_ads_api.json", params=ACCOUNT_IN_EUROS),
    Form("linkedin_ads_csv", "linkedin_ads_csv.csv", "utf-16", replays=1),
    Form(
        "microsoft_ads_csv",
        "microsoft_ads_csv.csv",
        "utf-8-sig",
        "\0\r\n",
        dropped={"blank lines": 1, "footers": 1},
        replays=1,
    ),
    Form("tiktok_ads_api", "tiktok_ads_api.json"),
    Form("pinterest_ads", "pinterest_ads.json", params=ACCOUNT_IN_EUROS),
    Form("pinterest_ads", "pinterest_ads.csv", "utf-8-sig", params=ACCOUNT_IN_EUROS),
    Form("reddit_ads", "reddit_ads.json", params=ACCOUNT_IN_EUROS),
    Form("hubspot_deals", "hubspot_deals.json", dropped=_ARCHIVED),
    Form("hubspot_contacts", "hubspot_contacts.json", dropped=_ARCHIVED),
    Form("salesforce_opportunities", "salesforce_opportunities.json", dropped=_DELETED),
    Form("salesforce_leads", "salesforce_leads.json", dropped=_DELETED),
    Form(
        "salesforce_report_csv",
        "salesforce_report_csv.csv",
        "latin-1",
        dropped={"blank lines": 2, "total rows": 1, "footers": 5},
    ),
    Form(
        "pipedrive_deals",
        "pipedrive_deals.json",
        params=PIPEDRIVE_KEYS,
        dropped={"status = deleted": 1},
    ),
)

EXPORTS = [form for form in FORMS if form.is_export]
RECOGNISED = [form for form in EXPORTS if form.preset.endswith("_csv")]


def mapped(form: Form, preset: Preset) -> tuple[Mapped, dict[str, int]]:
    """Map a form's fixture, and count everything that was left out on the way."""
    if form.is_export:
        table = read_table(open_sheet(form.content(), form.file), preset.csv)
        mapped_rows = map_rows(table.frame, preset)
        return mapped_rows, table.dropped | mapped_rows.dropped
    document = decode(form.content(), "json")
    mapped_rows = map_rows(items_at(document, preset.records), preset, document)
    return mapped_rows, mapped_rows.dropped


def rows_of(form: Form, preset: Preset) -> Any:
    """Give the raw rows of a form's fixture."""
    if form.is_export:
        return read_table(open_sheet(form.content(), form.file), preset.csv).frame
    return items_at(decode(form.content(), "json"), preset.records)


def document_of(preset: str) -> Any:
    """Give the decoded fixture of a preset, for a test to change."""
    return json.loads(next(form for form in FORMS if form.preset == preset).content())


def as_text(rows: pd.DataFrame) -> list[dict[str, str]]:
    """Write canonical rows as the expected ones are written; money to a billionth."""
    return [
        {str(name): _written(cell) for name, cell in record.items()}
        for record in rows.to_dict("records")
    ]


def _written(cell: Any) -> str:
    if pd.isna(cell):
        return ""
    if isinstance(cell, pd.Timestamp):
        if cell.tz is None:
            return cell.date().isoformat()
        milliseconds = "auto" if not cell.microsecond else "milliseconds"
        return cell.isoformat(timespec=milliseconds).replace("+00:00", "Z")
    if isinstance(cell, float):
        return f"{cell:.9f}".rstrip("0").rstrip(".")
    return str(cell)
