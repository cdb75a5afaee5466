"""A metric as a map of groups and days, weeks or months."""

from typing import Any

import pandas as pd

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
    all_days,
    check_date,
    check_metric,
    day_codes,
    grain_of,
    grouped,
    leading,
    left_out_note,
    money_of,
    numbers,
    rows_of,
    split_of,
    title_of,
)
from admira.present.figures import KpiFigure, kpi_figure, label, safe
from admira.present.formats import grain_text, metric_text
from admira.present.language import say
from admira.present.partial import partial_note
from admira.schemas.metrics import metrics

MAPPED = 20

_NOTE = 34  # pixels of two more lines

_USUAL = 0.95
# Full strength is the figure to look at: good ones in blue-green, bad ones in orange.
_STRONG = {"up": "15,118,110", "down": "213,94,0", "": "59,130,246"}


def heat_map(
    kpis: pd.DataFrame,
    metric: str,
    *,
    split: str = "channel",
    currency: str | None = None,
    title: str | None = None,
) -> KpiFigure:
    """Draw a metric as a map of groups and days, weeks or months; what is missing stays blank.

    High values are strong: blue-green where high is good, orange where high is bad.

    Parameters
    ----------
    kpis : DataFrame, one row per group
        KPIs with ``date`` and the split among their dimensions.
    metric : str
        What to draw.
    split : str
        The dimension that gives the rows; the twenty groups with most cost are drawn, the others
        are named.
    currency, title : str, optional
        As of :func:`over_time`.

    Returns
    -------
    KpiFigure

    Raises
    ------
    OptionError
        When the metric or the dimension is not there, or ``date`` is not.
    AmbiguousData
        When money in several currencies would be added.

    Examples
    --------
    >>> import admira
    >>> kpis = admira.demo().metrics(by=["date", "channel"], grain="week", scope="paid")
    >>> heat_map(kpis, "roas")
    <KpiFigure: ROAS by channel, weekly; 1 trace>
    """
    check_metric(kpis, metric)
    check_date(kpis)
    split_of(kpis, split)
    money = money_of(kpis, currency, split)
    if kpis.empty:
        return nothing(title)
    rows = grouped(kpis, ["date", split])
    if rows[metric].isna().all():
        return nothing(title, why_missing(metric))
    groups = leading(rows, split, MAPPED)
    grain = grain_of(rows)
    days = all_days(rows, grain)
    found = [
        rows_of(rows, split, group).set_index("date")[metric].reindex(days)
        for group in groups.shown
    ]
    names = [label(group) for group in groups.shown]
    axis = metric_axis(metric, money, highest=highest_of(rows[metric]))
    end, cut_note = _colour_end(rows[metric]), partial_note(days, rows.attrs)
    ticks = {
        name: axis[name] for name in ("tickprefix", "ticksuffix", "tickformat") if name in axis
    }
    trace: dict[str, Any] = {
        "type": "heatmap",
        "zmax": end,
        "zmin": None if end is None else min(0.0, float(rows[metric].min())),
        "x": day_codes(days),
        "y": names,
        "z": [numbers(values) for values in found],
        "hovertext": [
            _spots(name, values, metric, money, grain)
            for name, values in zip(names, found, strict=True)
        ],
        "hoverinfo": "text",
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
        "colorscale": _scale(metric),
        "colorbar": {
            "title": {"text": axis["title"]["text"]},
            "outlinewidth": 0,
            "thickness": 12,
            **ticks,
        },
    }
    return kpi_figure(
        [trace],
        title=title or title_of(metric, split, grain),
        notes=[
            cut_note,
            _colour_note(metric, end, money),
            left_out_note(groups.left_out),
        ],
        height=max(240, 140 + 30 * len(names)) + (_NOTE if cut_note else 0),
        xaxis={**date_axis(grain, len(days)), "showgrid": False},
        yaxis={**name_axis(), "showgrid": False},
    )


def _spots(
    name: str, values: pd.Series, metric: str, money: str | None, grain: str | None
) -> list[str]:
    """Write what the pointer shows over a row of the map."""
    texts = texts_of(values, metric, money)
    what = safe(say(metrics[metric].label))
    return [
        f"<b>{name}</b><br>{safe(grain_text(day, grain))}<br>{what}: {text}"
        for day, text in zip(values.index, texts, strict=True)
    ]


def _scale(metric: str) -> tuple[tuple[float, str], ...]:
    """Give the colours from low to high, by what is good."""
    strong = _STRONG[metrics[metric].good]
    return ((0.0, f"rgba({strong},0.08)"), (1.0, f"rgba({strong},1)"))


def _colour_end(values: pd.Series) -> float | None:
    """Give where the colours end if a few cells stand out so far that the others would fade."""
    usual = values.quantile(_USUAL)
    return None if pd.isna(usual) or values.max() <= 2 * usual else float(usual)


def _colour_note(metric: str, end: float | None, money: str | None) -> str:
    if end is None:
        return ""
    return say("Colours end at {value}; a few are higher.", value=metric_text(metric, end, money))
