"""A metric as lines over time."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from admira.core.coverage import cuts_of
from admira.present.cells import why_missing
from admira.present.charts.axes import date_axis, highest_of, hover_of, metric_axis, nothing
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
from admira.present.figures import DASHES, PALETTE, KpiFigure, kpi_figure, label, safe
from admira.present.formats import metric_text
from admira.present.language import say
from admira.present.partial import partial_note
from admira.schemas.metrics import metrics

LINES = 8

_DOTTED = 40
_CIRCLE = 8
_USUAL, _FAR = 0.95, 4


def over_time(
    kpis: pd.DataFrame,
    metric: str,
    *,
    split: str | None = None,
    currency: str | None = None,
    title: str | None = None,
    groups: pd.DataFrame | None = None,
) -> KpiFigure:
    """Draw a metric over time, one line per group; where it is missing a line has a gap.

    A point is hollow whose period is not whole, and a line under the title says why.

    Parameters
    ----------
    kpis : DataFrame, one row per group
        KPIs with ``date`` among their dimensions.
    metric : str
        What to draw.
    split : str, optional
        The dimension that gives the lines; by default the first that is not ``date``.  The eight
        groups with most cost are drawn, the others are named.
    currency : str, optional
        ISO 4217 code of the money; by default that of the rows, where it is known.
    title : str, optional
        Instead of the one made from metric, split and grain.
    groups : DataFrame, one row per group, optional
        All groups, where ``kpis`` has only those with most cost.

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
    >>> over_time(kpis, "cpa")
    <KpiFigure: Cost per lead by channel, weekly; 6 traces>
    """
    check_metric(kpis, metric)
    check_date(kpis)
    split = split_of(kpis, split)
    money = money_of(kpis, currency, split)
    if kpis.empty:
        return nothing(title)
    rows = grouped(kpis, ["date", split])
    if rows[metric].isna().all():
        return nothing(title, why_missing(metric))
    found = leading(rows if groups is None else groups, split, LINES)
    grain = grain_of(rows)
    days = all_days(rows, grain)
    named = [(group, rows_of(rows, str(split), group)) for group in found.shown] or [(None, rows)]
    highest = highest_of(rows[metric])
    hover = hover_of(metric, money, highest=highest)
    codes, is_cut = day_codes(days), cuts_of(days, rows.attrs).any
    lines = [
        _line(place, own.set_index("date")[metric].reindex(days), hover, is_cut)
        | {"x": codes, "name": safe(say(metrics[metric].label)) if split is None else label(group)}
        for place, (group, own) in enumerate(named)
    ]
    end = _axis_end(rows[metric], highest)
    axis = metric_axis(metric, money, highest=end or highest)
    return kpi_figure(
        lines,
        title=title or title_of(metric, split, grain),
        notes=[
            partial_note(days, rows.attrs),
            left_out_note(found.left_out),
            _end_note(metric, end, money),
        ],
        hovermode="x unified",
        showlegend=split is not None,
        xaxis=date_axis(grain, len(days)),
        yaxis=axis if end is None else axis | {"range": [0.0, 1.04 * end]},
    )


def _axis_end(values: pd.Series, highest: float) -> float | None:
    """Give where the axis ends if a few points stand out so far that the others would lie flat."""
    usual = values.quantile(_USUAL)
    is_far = not pd.isna(usual) and values.min() >= 0 and highest > _FAR * usual > 0
    return float(f"{1.5 * usual:.2g}") if is_far else None


def _end_note(metric: str, end: float | None, money: str | None) -> str:
    if end is None:
        return ""
    value = metric_text(metric, end, money)
    return say("The axis ends at {value}; what is higher leaves it.", value=value)


def _line(
    place: int, values: pd.Series, hover: str, is_cut: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """Draw one line; a point between two gaps gets a dot, else it could not be seen."""
    is_known = values.notna()
    is_alone = (
        is_known & ~is_known.shift(1, fill_value=False) & ~is_known.shift(-1, fill_value=False)
    )
    has_dots = len(values) <= _DOTTED
    marker: dict[str, Any] = {
        "color": PALETTE[place],
        "size": 5 if has_dots else [5 if alone else 0 for alone in is_alone],
        "line": {"width": 0},
    }
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "y": numbers(values),
        "hovertemplate": hover,
        "connectgaps": False,
        "line": {"color": PALETTE[place], "width": 2, "dash": DASHES[place]},
        "marker": _hollow(marker, is_cut) if is_cut.any() else marker,
    }


def _hollow(marker: dict[str, Any], is_cut: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Draw the points of some periods as circles, which show among many too."""
    sizes = marker["size"] if isinstance(marker["size"], list) else [marker["size"]] * len(is_cut)
    return marker | {
        "symbol": ["circle-open" if cut else "circle" for cut in is_cut],
        "size": [_CIRCLE if cut else size for size, cut in zip(sizes, is_cut, strict=True)],
        "line": {"width": [1.5 if cut else 0 for cut in is_cut]},
    }
