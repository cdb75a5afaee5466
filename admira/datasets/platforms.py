"""The demo in the shapes of real platforms: the files and answers that the presets read."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from admira.datasets import answers, exports
from admira.datasets.demo import Demo, generate
from admira.errors import AmbiguousData, DataError
from admira.schemas import ADS, CRM, Table

Write = Callable[[Sequence[Mapping[str, Any]]], bytes]

_OF_CHANNEL: dict[str, tuple[str, str, Write]] = {
    "google_ads": ("google_ads_csv", "google_ads.csv", exports.google_ads_csv),
    "meta_ads": ("meta_ads_csv", "meta_ads.csv", exports.meta_ads_csv),
    "linkedin_ads": ("linkedin_ads_csv", "linkedin_ads.csv", exports.linkedin_ads_csv),
    "microsoft_ads": ("microsoft_ads_csv", "microsoft_ads.csv", exports.microsoft_ads_csv),
    "tiktok_ads": ("tiktok_ads_api", "tiktok_ads.json", answers.tiktok_ads_api),
    "reddit_ads": ("reddit_ads", "reddit_ads.json", answers.reddit_ads),
}
_OF_CRM: dict[str, tuple[str, Write]] = {
    "salesforce_leads": ("salesforce_leads.json", answers.salesforce_leads),
    "salesforce_opportunities": (
        "salesforce_opportunities.json",
        answers.salesforce_opportunities,
    ),
}

PLATFORM_PARAMS: dict[str, dict[str, str]] = {
    "reddit_ads": {"columns.currency.const": "EUR"},
    "salesforce_leads": {
        f"columns.{name}.from": field for name, field in answers.LEAD_FIELDS.items()
    },
}
"""What presets cannot know of the demo's files: Reddit names no currency, and the fields of leads
that a company adds to Salesforce have names of its own."""


def write_platform_files(folder: str | Path, demo: Demo | None = None) -> dict[str, Path]:
    """Write the demo as six ad platforms and a CRM would hand it out, one file for each preset.

    The files hold the rows that count, ``demo.ads_frame`` and ``demo.crm_frame``; so what they give
    is what the canonical API gives, to the cent.  They carry each platform's own encodings, titles,
    totals, units and nesting, not the demo's unusable rows.

    Parameters
    ----------
    folder : str or Path
        Where to; made if it is not there.
    demo : Demo, optional
        What to write; by default that of `generate` without arguments.

    Returns
    -------
    dict of str to Path
        The preset that reads a file, and the file; only of channels that have rows.  Some presets
        need `PLATFORM_PARAMS` beside them.

    Raises
    ------
    AmbiguousData
        When the ads have several currencies or none: an export of Meta's has one.
    DataError
        When the ads have a channel that is none of the six.

    Notes
    -----
    The CRM is Salesforce: each record is a lead, and each that went further a deal as well, which
    the lead names as ``ConvertedOpportunityId``.  What Salesforce cannot say changes no metric: a
    stage of the company's own comes back as ``lead``, which it counts as, and ``closed_at`` as its
    day; ids are new.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from admira.datasets import worked_example
    >>> with TemporaryDirectory() as folder:
    ...     files = write_platform_files(folder, worked_example())
    ...     header = files["meta_ads_csv"].read_text(encoding="utf-8-sig").splitlines()[0]
    >>> [*files]
    ['google_ads_csv', 'meta_ads_csv', 'salesforce_leads', 'salesforce_opportunities']
    >>> header.split(",")[6:9]
    ['Impressions', 'Link clicks', 'Amount spent (EUR)']
    """
    demo = generate() if demo is None else demo
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    ads = [
        row | {"campaign_name": row["campaign_name"] or row["campaign_id"]}
        for row in _records(demo.ads_frame, ADS)
    ]
    _require_one_currency(ads)
    channels = {row["channel"] for row in ads}
    if unknown := sorted(channels - {*_OF_CHANNEL}):
        raise DataError(
            f"The ads have the channel {unknown[0]!r}, whose files have no shape here; "
            f"expected one of: {', '.join(_OF_CHANNEL)}."
        )
    files = {}
    for channel, (preset, name, write) in _OF_CHANNEL.items():
        if channel in channels:
            files[preset] = home / name
            files[preset].write_bytes(write([row for row in ads if row["channel"] == channel]))
    crm = _records(demo.crm_frame, CRM)
    for preset, (name, write) in _OF_CRM.items():
        files[preset] = home / name
        files[preset].write_bytes(write(crm))
    return files


def _records(rows: pd.DataFrame, table: Table) -> list[dict[str, Any]]:
    """Give the rows as dicts with every column of the contract, ``None`` where one is missing."""
    cells = table.complete(rows).astype(object)
    records = cells.where(cells.notna(), None).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]


def _require_one_currency(ads: Sequence[Mapping[str, Any]]) -> None:
    """Raise unless all money is in one known currency."""
    found = {row["currency"] or "(missing)" for row in ads}
    if len(found) > 1 or "(missing)" in found:
        raise AmbiguousData(
            f"The ads' money is in {', '.join(sorted(found))}, but a platform's file has one "
            "currency: convert the ads first."
        )
