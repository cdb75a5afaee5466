"""A report on one page: a period's figures, charts and their ground, in one file to hand on."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from admira.core.days import Day
from admira.errors import OptionError
from admira.present.cards import Summary
from admira.present.html import render
from admira.reporting.charts import check_charts
from admira.reporting.page import page_of
from admira.store import Store


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """A report that was written.

    Attributes
    ----------
    path : Path
        Its file.
    summary : Summary
        The figures on its cards.
    """

    path: Path
    summary: Summary = field(repr=False)

    def __repr__(self) -> str:
        """Name the file and the period."""
        return f"<Report {self.path.name}: {self.summary.period_text}>"

    def _repr_html_(self) -> str:
        """Link to the file and show the cards."""
        place = self.path.name if self.path.is_absolute() else self.path.as_posix()
        return render("report_link", name=self.path.name, link=quote(place), summary=self.summary)


def report(
    store: Store,
    *,
    start: Day = None,
    end: Day = None,
    days: int = 28,
    against: str = "previous",
    path: str | os.PathLike[str] = "report.html",
    title: str | None = None,
    currency: str | None = None,
    budgets: Any = None,
    now: datetime | None = None,
) -> Report:
    """Write a report of a period to one HTML file, which opens offline and prints well.

    It has the cards of ``store.summary``, KPIs by channel, charts, campaigns and which of them
    moved, pacing where budgets are given, days that stand out, attribution, tags that lead nowhere,
    data quality, the reconciliation and a glossary, in the language chosen.  The file loads
    nothing: no script, no font, no picture of another place.  It is written whole or not at all.

    Parameters
    ----------
    store : Store
        What to report on.
    start, end : day, optional
        The period, both days included; by default the last ``days`` days with ads.
    days : int
        How long the period is when ``start`` is not given.
    against : {"previous", "year"}
        What to compare with, as in ``store.compare``.
    path : str or path
        The file; one that is there is replaced.
    title : str, optional
        The line on top.
    currency : str, optional
        The money to look at where there is more than one; by default the one most was spent in.
    budgets : DataFrame, list of dicts, or path of a CSV file or workbook, optional
        As of ``store.pacing``; then the report says where those of the month lead in which the
        period ends.
    now : datetime, optional
        When the report says it was made; the clock's by default.

    Returns
    -------
    Report
        ``path`` is the file.

    Raises
    ------
    MissingExtra
        When plotly is not installed.
    OptionError
        When an option does not exist, or the file cannot be written there.
    DataError
        When the store has nothing to report on, a budget cannot be used, or none is of that month.
    StoreError
        When the store cannot be read.

    Examples
    --------
    >>> import admira
    >>> from tempfile import mkdtemp
    >>> store, path = admira.demo(), f"{mkdtemp()}/november.html"
    >>> report(store, start="2025-11-01", end="2025-11-30", path=path)
    <Report november.html: Nov 1 – 30, 2025>
    """
    check_charts()
    target = _checked(Path(path))
    asked = {"start": start, "end": end, "days": days, "against": against, "currency": currency}
    made = now or datetime.now(UTC)
    page, summary = store.at_once(
        lambda seen: page_of(seen, asked=asked, title=title, now=made, budgets=budgets)
    )
    _write(target, render("report", page=page))
    return Report(target, summary)


def _checked(path: Path) -> Path:
    """Refuse a file that could not be written, before any work."""
    if not path.parent.is_dir():
        raise OptionError("path", str(path), ["a file in a folder that is there"])
    if path.is_dir():
        raise OptionError("path", str(path), ["a file, not a folder"])
    return path


def _write(path: Path, text: str) -> None:
    """Write a file beside and put it in place, so that nobody sees half of it."""
    beside = path.with_name(f".{uuid4().hex}.html")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise OptionError(
            "path", str(path), [f"a file that can be written ({error.strerror})"]
        ) from error
    finally:
        beside.unlink(missing_ok=True)
