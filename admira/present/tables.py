"""KPI tables to be looked at: bars, sparklines, changes, and totals that are ratios of sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from admira.core.coverage import PARTIAL, is_partial
from admira.core.metrics import regrouped
from admira.core.totals import MEASURES
from admira.errors import OptionError, SchemaMismatch
from admira.present.cells import (
    CLAIMED,
    OVERVIEW,
    Cell,
    Look,
    has_currencies,
    head,
    is_companion,
    totals_of,
)
from admira.present.formats import CENTS_UP_TO, count_text, few_names, percent_text
from admira.present.html import render
from admira.present.html import sparkline as line_of
from admira.present.language import say
from admira.present.partial import MARK, partial_note, period_note
from admira.schemas.metrics import metrics

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    cells: list[Cell]
    is_total: bool = False
    is_first_total: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class MetricTable:
    """A KPI table made to be looked at.

    Attributes
    ----------
    frame : DataFrame
        The groups that it shows, as numbers.
    heads, rows, notes, title
        What is written.
    """

    frame: pd.DataFrame
    heads: list[Cell]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    title: str = ""

    def __repr__(self) -> str:
        """Say how large it is and what it shows."""
        shown = ", ".join(str(cell.text) for cell in self.heads)
        return f"<MetricTable: {len(self.frame):,} rows; {shown}>"

    def _repr_html_(self) -> str:
        """Show it."""
        return render("table", table=self)


def metric_table(
    kpis: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    sparkline: str | None = None,
    lines: pd.DataFrame | None = None,
    bar: str | None = None,
    top: int | None = None,
    limit: int | None = SHOWN,
    currency: str | None = None,
    title: str = "",
    totals: Mapping[str, pd.DataFrame] | None = None,
    is_exact: bool = False,
) -> MetricTable:
    """Make a table of KPIs to be looked at.

    Parameters
    ----------
    kpis : DataFrame, one row per group
        As ``store.metrics``, ``store.compare`` or :func:`admira.compute_metrics` give it.
    columns : sequence of str, optional
        The metrics to show, in order; those of an overview by default.
    sparkline : str, optional
        A metric to draw over ``date``; each row is then a group of the other dimensions.
    lines : DataFrame, one row per period and group, optional
        What to draw it of, where ``kpis`` has no ``date``: the groups shown, or more.
    bar : str, optional
        A metric whose cells are filled in proportion.
    top : int, optional
        Only that many rows, those with most cost, then revenue; by default as they come.
    limit : int, optional
        How many rows are shown as they come; all with ``None``.
    currency : str, optional
        ISO 4217 code of the money; by default that of the facts, where it is known.
    title : str, optional
        A line above.
    totals : dict of str to DataFrame of one row, optional
        Label to the same metrics of everything, where they say more than the sum of the groups.
    is_exact : bool
        Whether cents show on large sums too.

    Returns
    -------
    MetricTable

    Raises
    ------
    OptionError
        When a metric does not exist or is not in the frame, or there is no ``date`` to draw over.

    Examples
    --------
    >>> import admira
    >>> example = admira.datasets.worked_example()
    >>> facts = admira.join_utm(example.ads_frame, example.crm_frame)
    >>> table = metric_table(admira.compute_metrics(facts, by="channel"), columns=["cost", "roas"])
    >>> [cell.text for cell in table.rows[-1].cells]
    ['All (blended)', '€850.75', '6.94×']
    """
    names = chosen(kpis, columns)
    for option, metric in (("sparkline", sparkline), ("bar", bar)):
        if metric is not None:
            _present(kpis, option, metric)
    dimensions = dimensions_of(kpis)
    groups = kpis
    if sparkline is not None and lines is None:
        dimensions, lines = _without_date(dimensions), kpis
        groups = regrouped(kpis, dimensions)
    shown = leading_rows(groups, top, limit)
    money = currency or kpis.attrs.get("currency")
    look = Look(
        tuple(names),
        tuple(dimensions),
        money,
        bar,
        longest=0.0 if bar is None else float(shown[bar].fillna(0.0).max()),
        grain=kpis.attrs.get("grain"),
        whole=_whole(shown, names),
        is_exact=is_exact,
        partial=frozenset(shown.loc[is_partial(shown), "date"]) if "date" in shown else frozenset(),
    )
    rows = [Row(look.cells(row)) for row in shown.to_dict("records")]
    heads = [Cell(say(TITLES.get(name, name)), align="left") for name in dimensions]
    heads += [head(name) for name in names]
    if sparkline is not None and lines is not None:
        heads.append(_trend_head(sparkline))
        for row, line in zip(rows, _trends(lines, shown, dimensions, sparkline), strict=True):
            row.cells.append(line)
    below = _total_rows(_sums(groups, dimensions) if totals is None else totals, look)
    if sparkline is not None:
        for total in below:
            total.cells.append(Cell(""))
    notes = [*_partial_notes(kpis, shown, lines), *_unmet_note(kpis)]
    notes += _notes(groups, shown, below)
    return MetricTable(shown, heads, rows + below, notes, title)


def dimensions_of(kpis: pd.DataFrame) -> list[str]:
    """Name the columns of a KPI table that say what a row is of."""
    known = {*metrics.columns, PARTIAL}
    return [name for name in map(str, kpis) if name not in known and not is_companion(name)]


def chosen(kpis: pd.DataFrame, columns: Sequence[str] | None) -> list[str]:
    """Name the metrics to show, all of which are in the frame."""
    if columns is None:
        return [name for name in (*OVERVIEW, *CLAIMED) if name in kpis]
    for name in columns:
        _present(kpis, "columns", name)
    return list(columns)


def _present(kpis: pd.DataFrame, option: str, name: str) -> None:
    """Refuse a metric that the frame does not have."""
    if name not in metrics.columns or name not in kpis:
        raise OptionError(option, name, [metric for metric in metrics.columns if metric in kpis])


def _without_date(dimensions: Sequence[str]) -> list[str]:
    if "date" not in dimensions:
        raise OptionError("sparkline", "no date", ["KPIs with 'date' in by=, to draw over"])
    return [name for name in dimensions if name != "date"]


def leading_rows(groups: pd.DataFrame, top: int | None, limit: int | None = SHOWN) -> pd.DataFrame:
    """Give the rows to show: those with most cost, then revenue; without ``top`` the first."""
    if top is None:
        return groups if limit is None else groups.head(limit)
    order = [name for name in ("cost", "revenue") if name in groups]
    return groups.sort_values(order, ascending=False, kind="stable").head(top)


def _whole(shown: pd.DataFrame, names: Sequence[str]) -> frozenset[str]:
    """Name the sums of money so large that cents would only be in the way."""
    return frozenset(
        name for name in names if name in MEASURES and shown[name].abs().max() >= CENTS_UP_TO
    )


def _trend_head(metric: str) -> Cell:
    return Cell(say("{metric}, over time", metric=say(metrics.figure(metric).label)), align="left")


def _trends(
    kpis: pd.DataFrame, shown: pd.DataFrame, dimensions: Sequence[str], metric: str
) -> list[Cell]:
    """Draw the metric of each group shown over all days there are."""
    days = pd.Index(sorted(kpis["date"].unique()))
    keys = list(dimensions)
    if not keys:
        series = {(): kpis.set_index("date")[metric]}
    else:
        drawn = kpis.merge(shown[keys], on=keys, validate="m:1")  # few of many groups
        grouped = drawn.set_index("date").groupby(keys, dropna=False, sort=False)[metric]
        series = dict(iter(grouped))
    found = shown[keys].itertuples(index=False, name=None)
    return [Cell(line_of(_floats(series[tuple(key)], days)), align="left") for key in found]


def _floats(values: pd.Series, days: pd.Index) -> list[float | None]:
    found = values.reindex(days).to_numpy(dtype="float64", na_value=np.nan).tolist()
    return [None if value != value else value for value in found]  # noqa: PLR0124 - how NaN is told


def _sums(kpis: pd.DataFrame, dimensions: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Give the totals of the groups, where the frame has what they are made of."""
    try:
        return totals_of(kpis, dimensions) if dimensions else {}
    except SchemaMismatch:
        return {}


def _total_rows(totals: Mapping[str, pd.DataFrame], look: Look) -> list[Row]:
    """Write the totals."""
    return [
        Row(look.total(label, total.iloc[0].to_dict()), is_total=True, is_first_total=place == 0)
        for place, (label, total) in enumerate(totals.items())
    ]


def _partial_notes(
    kpis: pd.DataFrame, shown: pd.DataFrame, lines: pd.DataFrame | None
) -> list[str]:
    """Say which periods are not whole: those marked, those of the lines, or the one of all rows."""
    if "date" in shown:
        note = partial_note(shown["date"], shown.attrs)
        return [f"{MARK} {note}"] if note else []
    told = [] if lines is None else [partial_note(lines["date"], lines.attrs)]
    return [note for note in (period_note(kpis.attrs), *told) if note]


def _unmet_note(kpis: pd.DataFrame) -> list[str]:
    """Name the targets that no row is of."""
    unmet = kpis.attrs.get("targets_unmet")
    return [say("Targets without a row: {names}.", names=few_names(unmet))] if unmet else []


def _notes(groups: pd.DataFrame, shown: pd.DataFrame, totals: list[Row]) -> list[str]:
    """Say what the table leaves out, and what its totals are."""
    notes = []
    left = len(groups) - len(shown)
    if left:
        notes.append(say("… {count} more rows; the totals include them.", count=count_text(left)))
    if any(name in groups for name in CLAIMED):
        notes.append(_claimed_note(groups))
    if totals:
        notes.append(say("Totals are ratios of sums, not averages of the rows."))
    elif has_currencies(groups):
        notes.append(say("Money in several currencies is never added, so there is no total."))
    return notes


def _claimed_note(groups: pd.DataFrame) -> str:
    """Say whose figures the platforms' are, and of how much of the cost."""
    coverage, cost = groups["platform_conversions_coverage"].fillna(0.0), groups["cost"]
    share = float((coverage * cost).sum() / cost.sum()) if cost.sum() else 0.0
    return say(
        "What platforms claim is their own count, never added to ours; they state conversions "
        "for {share} of the cost.",
        share=percent_text(share),
    )


# Titles of the dimensions, as people read them.
TITLES = {
    "date": "Date",
    "channel": "Channel",
    "campaign_id": "Campaign id",
    "campaign_name": "Campaign",
    "utm_campaign": "utm_campaign",
    "utm_source": "utm_source",
    "utm_medium": "utm_medium",
    "currency": "Currency",
    "match": "Match",
    "match_reason": "Reason",
}
