"""The page of a report: which sections it has, in which order, and what stands in each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Protocol

import pandas as pd
from markupsafe import Markup

from admira import __version__
from admira.errors import DataError
from admira.present.cards import Summary
from admira.present.formats import period_text
from admira.present.html import render
from admira.present.language import language, say
from admira.present.tables import MetricTable
from admira.reporting.charts import (
    campaign_picture,
    funnel_picture,
    map_picture,
    quality_picture,
    trend_pictures,
)
from admira.reporting.figures import Figures, campaign_table, channel_table, mover_table
from admira.reporting.monday import Answered, audit_of, cpa_movers, pacing_of, unusual_days
from admira.reporting.quality import (
    Told,
    attribution,
    glossary,
    instant_text,
    last_runs,
    quarantined,
    reconciliation,
    unknown_stages,
)
from admira.store import Store
from admira.stores.parquet import ParquetStore


class Drawn(Protocol):
    """What draws itself as HTML."""

    def _repr_html_(self) -> str:
        """Draw it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a section: a paragraph, a picture, or HTML made by another template."""

    text: str = ""
    picture: Markup | None = None
    html: Markup | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A section: its name in the file, its title, what it says, and its parts."""

    name: str
    title: str
    text: str = ""
    parts: list[Part] = field(default_factory=list)
    is_alarming: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """All that is written in the file."""

    language: str
    title: str
    period: str
    subtitle: str
    sections: list[Section]
    footer: list[str]


def page_of(
    store: Store, *, asked: Mapping[str, Any], title: str | None, now: datetime, budgets: Any = None
) -> tuple[Page, Summary]:
    """Work out all that a report says, and the figures on its cards."""
    if store.metrics(["date", "currency"], limit=1).empty:
        raise DataError("There are no rows to report on yet; ingest() or load() brings them in.")
    summary = store.summary(**asked)
    figures = Figures(store, summary.period, summary.before, summary.currency)
    page = Page(
        language=language(),
        title=title or say("Advertising report"),
        period=summary.period_text,
        subtitle=_subtitle(store, summary),
        sections=[*_business(figures, summary, budgets), *_ground(figures)],
        footer=_footer(summary, now),
    )
    return page, summary


def _subtitle(store: Store, summary: Summary) -> str:
    """Say what the figures are compared with, in which money, and where they come from."""
    facts = [
        say("Compared with {period}", period=period_text(*summary.before)),
        say("Money in {currency}", currency=summary.currency) if summary.currency else "",
        say("Store: {name}", name=_name(store)),
    ]
    return " · ".join(filter(None, facts))


def _name(store: Store) -> str:
    """Name the store for people; the folders above it are nobody's business."""
    if isinstance(store.backend, ParquetStore):
        return PurePosixPath(store.backend.files.url).name
    return say("in memory")


def _business(figures: Figures, summary: Summary, budgets: Any) -> Iterator[Section]:
    """Give the sections about what was spent and what it brought."""
    yield Section("summary", say("At a glance"), parts=[_html(summary)])
    yield Section("channels", say("Channels"), parts=_shown(channel_table(figures, summary)))
    yield Section(
        "trends",
        say("Over time"),
        parts=[*map(_drawn, trend_pictures(figures)), _drawn(map_picture(figures))],
    )
    yield Section("funnel", say("Funnel"), parts=[_drawn(funnel_picture(figures))])
    yield Section(
        "campaigns",
        say("Campaigns"),
        say("Those with most cost."),
        [*_shown(campaign_table(figures)), _drawn(campaign_picture(figures))],
    )
    yield Section(
        "movers",
        say("What moved"),
        say("Campaigns whose cost changed most against the period before, up or down."),
        [*_shown(mover_table(figures)), *_moved(cpa_movers(figures))],
    )
    if budgets is not None:
        yield Section("pacing", say("Pacing"), parts=_answered(pacing_of(figures, budgets)))
    days = unusual_days(figures)
    yield Section("unusual", say("Days that stand out"), days.text, _table(days))


def _moved(found: Answered | None) -> list[Part]:
    """Show what moved cost per lead, where there is something to say."""
    if found is None:
        return []
    told = say(
        "What moved cost per lead: a campaign's own cost per lead, or its share of the leads."
    )
    return [Part(told), *_answered(found)]


def _ground(figures: Figures) -> Iterator[Section]:
    """Give the sections about what the figures rest on."""
    shares = figures.kpis(["match", "match_candidates"])
    matched = attribution(shares, figures.currency)
    pictured = [_drawn(quality_picture(shares))] if matched.table else []
    yield Section(
        "attribution", say("Attribution quality"), matched.text, [*pictured, *_table(matched)]
    )
    audit = audit_of(figures)
    mended = say("Every tag leads to a campaign.")
    tags = [Part(mended)] if audit is None else [_html(audit)]
    yield Section("tags", say("Tags that lead nowhere"), parts=tags)
    told = [
        quarantined(figures.store),
        unknown_stages(figures.store, figures.period),
        last_runs(figures.store),
    ]
    parts = [part for each in told if each for part in (Part(each.text), *_table(each))]
    yield Section("data", say("Data quality"), parts=parts)
    totals = reconciliation(figures.store)
    yield Section(
        "reconciliation",
        say("Reconciliation"),
        totals.text,
        _table(totals),
        is_alarming=totals.is_alarming,
    )
    words = glossary()
    yield Section("glossary", say("Glossary"), words.text, _table(words))


def _footer(summary: Summary, now: datetime) -> list[str]:
    """Say when and of which days it was made, and what it cannot prove."""
    return [
        say("An opportunity that fits several campaigns is shared out among them by weights:")
        + " "
        + say("weights allocate, they prove nothing."),
        say(
            "Made {instant} with admira {version}, from the days {period}, both included.",
            instant=instant_text(pd.Timestamp(now)),
            version=__version__,
            period=summary.period_text,
        ),
    ]


def _html(drawn: Drawn) -> Part:
    return Part(html=Markup(drawn._repr_html_()))  # noqa: S704 - our own templates escape


def _shown(table: MetricTable | None) -> list[Part]:
    """Show a table, or say that it would be empty."""
    return [Part(say("There are none in this period."))] if table is None else [_html(table)]


def _answered(found: Answered) -> list[Part]:
    return [_drawn(found.picture), _html(found.table)]


def _drawn(picture: Markup) -> Part:
    return Part(picture=picture)


def _table(told: Told) -> list[Part]:
    """Draw the table of what is said, if there is one."""
    if told.table is None:
        return []
    return [Part(html=Markup(render("table", table=told.table)))]  # noqa: S704 - it escapes
