"""The demo data set: made from a seed, and written as the API would answer."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from admira.core.normalize import normalize
from admira.core.upsert import upsert
from admira.core.validate import validate
from admira.datasets.ads import run_campaigns
from admira.datasets.campaigns import plan_campaigns
from admira.datasets.crm import PAID_SHARE, Origin, open_opportunities
from admira.datasets.draws import Draws
from admira.datasets.row_dirt import soil_ads, soil_crm
from admira.datasets.tag_dirt import soil_tags
from admira.errors import OptionError
from admira.schemas import Kind

SEED = 2025


@dataclass(frozen=True, repr=False)
class Demo:
    """Ad rows and opportunities as an API sends them, and what a join should find in them.

    Attributes
    ----------
    ads : list of dict
        Ad rows, with everything that is wrong with them.
    crm : list of dict
        Opportunities, likewise.
    truth : dict of str to Origin
        What brought each opportunity: ``(campaign_id, channel)``.  Where no ad did,
        ``campaign_id`` is None and ``channel`` says how people came.

    Examples
    --------
    >>> from admira.datasets import worked_example
    >>> demo = worked_example()
    >>> demo
    Demo(ads=4 rows, crm=6 rows)
    >>> demo.ads[0]["cost"]
    350.75
    """

    ads: list[dict[str, Any]]
    crm: list[dict[str, Any]]
    truth: dict[str, Origin]

    @property
    def ads_envelope(self) -> dict[str, Any]:
        """The ad rows in the API's envelope."""
        return {"external": {"ads": {"performance": self.ads}}}

    @property
    def crm_envelope(self) -> dict[str, Any]:
        """The opportunities in the API's envelope."""
        return {"external": {"crm": {"opportunities": self.crm}}}

    @property
    def ads_frame(self) -> pd.DataFrame:
        """The accepted ad rows, as the verbs take them: the last one of each natural key."""
        return _accepted(self.ads, "ads")

    @property
    def crm_frame(self) -> pd.DataFrame:
        """The accepted opportunities, as the verbs take them."""
        return _accepted(self.crm, "crm")

    def __repr__(self) -> str:
        """Say how much there is, not all of it."""
        return f"Demo(ads={len(self.ads):,} rows, crm={len(self.crm):,} rows)"

    def _repr_html_(self) -> str:
        """Say the same in a notebook, and how to load it."""
        from admira.present.boxes import Box, Steps
        from admira.present.formats import count_text
        from admira.present.language import say

        facts = [
            say("{count} ad rows", count=count_text(len(self.ads))),
            say("{count} opportunities", count=count_text(len(self.crm))),
        ]
        call = ("admira.load(ads=demo.ads, crm=demo.crm)", say("a store that answers with KPIs"))
        return Box("Demo", facts, steps=Steps(say("Next:"), [call], is_open=True)).html()


def generate(
    *, seed: int = SEED, days: int = 120, campaigns: int = 60, opportunities: int = 4000
) -> Demo:
    """Make the demo data of a small software company that advertises on six platforms.

    Clicks bring leads and leads become deals, so attribution has a truth to find; then tags get
    lost and rows get dirty on the way.  The same arguments always give the same data, on every
    version of numpy and with no look at the clock: the period ends on 2025-12-31.

    Parameters
    ----------
    seed : int
        Which of all possible companies.
    days : int
        Length of the period.
    campaigns : int
        Number of campaigns, shared out among the channels.
    opportunities : int
        Number of CRM records; ads brought four in five of them.

    Returns
    -------
    Demo
        Every opportunity once in usable form, and every ad row at least once (the last one is
        right), beside a few rows that no rule can save.

    Raises
    ------
    OptionError
        When there is not at least one day, campaign and opportunity.

    Examples
    --------
    >>> demo = generate(days=28, campaigns=12, opportunities=100)
    >>> demo.ads[0]["date"], demo.ads[0]["channel"]
    ('2025-12-04', 'google_ads')
    >>> len(demo.truth)
    100
    """
    sizes = {"days": days, "campaigns": campaigns, "opportunities": opportunities}
    for name, size in sizes.items():
        if size < 1:
            raise OptionError(name, size, ["a whole number from 1 up"])
    plan = plan_campaigns(Draws(seed, 1), campaigns, days)
    performance = run_campaigns(
        Draws(seed, 2), plan, days, leads=max(1, round(PAID_SHARE * opportunities))
    )
    opened = open_opportunities(Draws(seed, 3), performance, opportunities)
    return Demo(
        ads=soil_ads(Draws(seed, 4), performance.records()),
        crm=soil_crm(Draws(seed, 6), soil_tags(Draws(seed, 5), opened)),
        truth={each.record["opportunity_id"]: each.visit.origin for each in opened},
    )


def write(folder: str | Path, demo: Demo | None = None) -> list[Path]:
    """Write ``ads.json`` and ``crm.json`` as the API would answer, one record per line.

    Writing the same demo twice gives the same bytes.

    Parameters
    ----------
    folder : str or Path
        Where to; made if it is not there.
    demo : Demo, optional
        What to write; by default that of `generate` without arguments.

    Returns
    -------
    list of Path
        The two files.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from admira.datasets import worked_example
    >>> with TemporaryDirectory() as folder:
    ...     [path.name for path in write(folder, worked_example())]
    ['ads.json', 'crm.json']
    """
    demo = generate() if demo is None else demo
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    answers = {
        home / "ads.json": _answer("ads", "performance", demo.ads),
        home / "crm.json": _answer("crm", "opportunities", demo.crm),
    }
    for path, answer in answers.items():
        path.write_text(answer, encoding="utf-8", newline="\n")
    return list(answers)


def _accepted(records: list[dict[str, Any]], kind: Kind) -> pd.DataFrame:
    """Give the accepted rows of raw records."""
    raw = pd.DataFrame(records, dtype=object)
    accepted, _ = validate(normalize(raw, kind=kind), kind=kind)
    return upsert(accepted.iloc[:0], accepted, kind=kind)


def _answer(table: str, name: str, records: Iterable[dict[str, Any]]) -> str:
    """Write the envelope with a line for each record."""
    lines = ",\n".join(json.dumps(record, allow_nan=False) for record in records)
    return f'{{"external": {{"{table}": {{"{name}": [\n{lines}\n]}}}}}}\n'
