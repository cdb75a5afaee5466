"""Spend against return, with the line where they are equal."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from admira.present.charts.axes import metric_axis, nothing
from admira.present.charts.rows import (
    check_metric,
    dimension_word,
    grouped,
    money_of,
    numbers,
    split_of,
)
from admira.present.figures import PALETTE, KpiFigure, kpi_figure, label, safe
from admira.present.formats import metric_text
from admira.present.html import BLUE, MUTED
from admira.present.language import say
from admira.schemas.metrics import metrics

NAMED = 10

_SHOWN = ("cost", "revenue", "roas")
_SMALLEST, _LARGEST = 9, 54
_LOSS = PALETTE[1]
# The room that a name takes, as shares of the axes.
_NAME_WIDE, _NAME_HIGH, _NAME_AWAY = 0.22, 0.07, 0.09


def spend_and_return(
    kpis: pd.DataFrame,
    *,
    split: str | None = None,
    currency: str | None = None,
    title: str | None = None,
) -> KpiFigure:
    """Draw cost against revenue, one bubble per group, with the line where they are equal.

    Parameters
    ----------
    kpis : DataFrame, one row per group
        With ``cost``, ``revenue`` and ``roas``.
    split : str, optional
        The dimension that gives the bubbles; by default the first that is not ``date``.
    currency, title : str, optional
        As of :func:`admira.present.charts.over_time`.

    Returns
    -------
    KpiFigure

    Raises
    ------
    OptionError
        When there is no such dimension, or one of the three metrics is not there.
    AmbiguousData
        When money in several currencies would be added.

    Examples
    --------
    >>> import admira
    >>> spend_and_return(admira.demo().metrics(by="channel", scope="paid"))
    <KpiFigure: Spend and return by channel; 2 traces>
    """
    for name in _SHOWN:
        check_metric(kpis, name)
    split = split_of(kpis, split) or ("date" if "date" in kpis else None)
    money = money_of(kpis, currency, split)
    if kpis.empty:
        return nothing(title)
    rows = grouped(kpis, [split]).sort_values("revenue", ascending=False, kind="stable")
    is_above = rows["revenue"] >= rows["cost"]
    kinds = [
        (say("Revenue covers cost"), rows[is_above], BLUE),
        (say("Revenue below cost"), rows[~is_above], _LOSS),
    ]
    largest, dearest = float(rows["revenue"].max()), float(rows["cost"].max())
    sides = _label_sides(rows)
    bubbles = [
        {
            "name": safe(name),
            **_bubbles(own, split, money, largest=largest, sides=sides, colour=colour),
        }
        for name, own, colour in kinds
        if len(own)
    ]
    by = "" if split is None else dimension_word(split)
    made = say("Spend and return by {split}", split=by) if by else say("Spend and return")
    return kpi_figure(
        [_break_even(rows), *bubbles],
        title=title or made,
        notes=[say("The larger the bubble, the more revenue.")],
        legend={"orientation": "h", "y": -0.25},
        height=400,
        xaxis=metric_axis("cost", money, highest=dearest) | {"range": _room(dearest)},
        yaxis=metric_axis("revenue", money, highest=largest) | {"range": _room(largest)},
    )


def _bubbles(
    rows: pd.DataFrame,
    split: str | None,
    money: str | None,
    *,
    largest: float,
    sides: dict[Any, str],
    colour: str,
) -> dict[str, Any]:
    """Draw the groups; the area is the revenue, but none is too small to see."""
    names = [safe(say("All"))] * len(rows) if split is None else [label(v) for v in rows[split]]
    texts = [name if at in sides else "" for at, name in zip(rows.index, names, strict=True)]
    areas = (rows["revenue"] / (largest or 1.0)).clip(lower=0.0)
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": numbers(rows["cost"]),
        "y": numbers(rows["revenue"]),
        "text": texts,
        "textposition": [f"{sides.get(at, 'top')} center" for at in rows.index],
        "cliponaxis": False,
        "hovertext": [
            _bubble_text(name, row, money)
            for name, row in zip(names, rows.to_dict("records"), strict=True)
        ],
        "hoverinfo": "text",
        "marker": {
            "size": [round(max(_SMALLEST, _LARGEST * area**0.5), 1) for area in areas],
            "color": colour,
            "opacity": 0.7,
            "line": {"width": 1, "color": colour},
        },
    }


def _label_sides(rows: pd.DataFrame) -> dict[Any, str]:
    """Give the largest groups a name above or below their bubble, where another leaves room."""
    wide, high = (float(rows[name].max()) or 1.0 for name in ("cost", "revenue"))
    taken: list[tuple[float, float]] = []
    sides: dict[Any, str] = {}
    for at, cost, revenue in rows[["cost", "revenue"]].head(NAMED).itertuples(name=None):
        for side, shift in (("top", _NAME_AWAY), ("bottom", -_NAME_AWAY)):
            x, y = cost / wide, revenue / high + shift
            if all(abs(x - u) > _NAME_WIDE or abs(y - v) > _NAME_HIGH for u, v in taken):
                taken.append((x, y))
                sides[at] = side
                break
    return sides


def _room(highest: float) -> list[float]:
    """Give an axis from a little below zero to a little above the highest, for the bubbles."""
    end = highest or 1.0
    return [float(f"{-0.08 * end:.4g}"), float(f"{1.35 * end:.4g}")]


def _bubble_text(name: str, row: Mapping[Hashable, Any], money: str | None) -> str:
    shown = [
        f"{say(metrics[metric].label)}: {metric_text(metric, row[metric], money)}"
        for metric in _SHOWN
    ]
    return "<br>".join([f"<b>{name}</b>", *(safe(line) for line in shown)])


def _break_even(rows: pd.DataFrame) -> dict[str, Any]:
    """Draw the line where revenue equals cost, across all costs there are."""
    end = float(f"{rows['cost'].max() * 1.1:.4g}")
    return {
        "type": "scatter",
        "mode": "lines+text",
        "name": safe(say("Break-even: revenue = cost")),
        "x": [0.0, end],
        "y": [0.0, end],
        "text": ["", safe(say("Break-even"))],
        "textposition": "top left",
        "hoverinfo": "skip",
        "line": {"color": MUTED, "width": 1.5, "dash": "dash"},
    }
