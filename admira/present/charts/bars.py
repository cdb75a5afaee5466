"""A metric as bars: one per group, or one per day, week or month."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from admira.core.coverage import cuts_of
from admira.present.cells import why_missing
from admira.present.charts.axes import (
    date_axis,
    highest_of,
    metric_axis,
    name_axis,
    nothing,
    texts_of,
)
from admira.present.charts.rows import (
    check_metric,
    day_codes,
    grain_of,
    grouped,
    leading,
    left_out_note,
    money_of,
    numbers,
    split_of,
    title_of,
)
from admira.present.figures import KpiFigure, kpi_figure, label, safe
from admira.present.formats import grain_text
from admira.present.html import BLUE
from admira.present.language import say
from admira.present.partial import partial_note

BARS = 20

_PALE = 0.45


def bars(
    kpis: pd.DataFrame,
    metric: str,
    *,
    split: str | None = None,
    currency: str | None = None,
    title: str | None = None,
) -> KpiFigure:
    """Draw a metric as one bar per group, the longest first.

    Parameters
    ----------
    kpis : DataFrame, one row per group
    metric : str
        What to draw.
    split : str, optional
        The dimension that gives the bars; by default the first that is not ``date``.  The twenty
        groups with most cost are drawn, the others are named.
    currency, title : str, optional
        As of :func:`over_time`.

    Returns
    -------
    KpiFigure

    Raises
    ------
    OptionError
        When the metric is not there, or there is no dimension to draw bars of.
    AmbiguousData
        When money in several currencies would be added.

    Examples
    --------
    >>> import admira
    >>> bars(admira.demo().metrics(by="channel", scope="paid"), "roas")
    <KpiFigure: ROAS by channel; 1 trace>
    """
    check_metric(kpis, metric)
    split = split_of(kpis, split)
    money = money_of(kpis, currency, split)
    if kpis.empty:
        return nothing(title)
    if split is None and "date" in kpis:
        return _bars_over_time(kpis, metric, money, title)
    rows = grouped(kpis, [split])
    if rows[metric].isna().all():
        return nothing(title, why_missing(metric))
    groups = leading(rows, split, BARS)
    shown = rows if split is None else rows[rows[split].isin(groups.shown)]
    shown = shown.sort_values(metric, ascending=False, kind="stable")
    names = [safe(say("All"))] if split is None else [label(value) for value in shown[split]]
    trace = {
        **_bars(names, shown[metric], metric, money),
        "orientation": "h",
        "x": numbers(shown[metric]),
        "y": names,
        "text": texts_of(shown[metric], metric, money),
        "textposition": "auto",
        "insidetextfont": {"color": "#ffffff"},
    }
    return kpi_figure(
        [trace],
        title=title or title_of(metric, split),
        notes=[left_out_note(groups.left_out)],
        height=max(240, 110 + 26 * len(names)),
        xaxis=metric_axis(metric, money, highest=highest_of(shown[metric])),
        yaxis=name_axis(),
    )


def _bars_over_time(
    kpis: pd.DataFrame, metric: str, money: str | None, title: str | None
) -> KpiFigure:
    """Draw a metric as one bar per day, week or month; pale where that is not whole."""
    rows = grouped(kpis, ["date"])
    grain = grain_of(rows)
    names = [grain_text(day, grain) for day in rows["date"]]
    drawn = _bars(names, rows[metric], metric, money)
    is_cut = cuts_of(rows["date"], rows.attrs).any
    if is_cut.any():
        drawn["marker"] |= {"opacity": [_PALE if cut else 1.0 for cut in is_cut]}
    trace = {
        **drawn,
        "x": day_codes(rows["date"]),
        "y": numbers(rows[metric]),
    }
    return kpi_figure(
        [trace],
        title=title or title_of(metric, None, grain),
        notes=[partial_note(rows["date"], rows.attrs)],
        xaxis=date_axis(grain, len(rows)),
        yaxis=metric_axis(metric, money, highest=highest_of(rows[metric])),
    )


def _bars(
    names: Sequence[str], values: pd.Series, metric: str, money: str | None
) -> dict[str, Any]:
    """Describe bars, without their direction."""
    texts = texts_of(values, metric, money)
    return {
        "type": "bar",
        "hovertext": [f"{name}: {text}" for name, text in zip(names, texts, strict=True)],
        "hoverinfo": "text",
        "marker": {"color": BLUE},
    }
