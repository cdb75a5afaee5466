"""How well leads and revenue are attributed, as two stacked bars."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from admira.present.charts.axes import name_axis, nothing
from admira.present.charts.rows import numbers
from admira.present.figures import KpiFigure, kpi_figure, safe
from admira.present.formats import metric_text, percent_text
from admira.present.language import say
from admira.present.match_quality import ambiguous_share, quality_frame, way_labels
from admira.schemas.metrics import metrics

_READABLE = 0.05
_WAY_COLOURS = {
    "exact": "#0f766e",
    "campaign": "#3b82f6",
    "click_id": "#7c3aed",
    "unattributed": "#d97706",
    "untagged": "#8b8f98",
}


def attribution_quality(facts: pd.DataFrame, *, title: str | None = None) -> KpiFigure:
    """Draw how much of the leads and of the revenue was attributed in which way.

    Parameters
    ----------
    facts : DataFrame, one row per ad row and per share of an opportunity
        As ``store.facts()`` or :func:`admira.join_utm` give it.
    title : str, optional
        Instead of the one made.

    Returns
    -------
    KpiFigure

    Raises
    ------
    SchemaMismatch
        When the facts lack a column.

    Examples
    --------
    >>> import admira
    >>> attribution_quality(admira.demo().facts())
    <KpiFigure: How leads and revenue were attributed; 5 traces>
    """
    quality = quality_frame(facts)
    measured = [name for name in ("leads", "revenue") if quality[name].sum() > 0]
    if not measured:
        return nothing(title)
    axis = {
        "tickformat": ".0%",
        "range": [0, 1],
        "title": {"text": safe(say("Share of the total"))},
    }
    return kpi_figure(
        [_way(row, measured) for row in quality.to_dict("records")],
        title=title or say("How leads and revenue were attributed"),
        notes=[_ambiguity_note(quality)],
        barmode="stack",
        height=300,
        legend={"orientation": "h", "y": -0.35, "traceorder": "normal"},
        xaxis=axis,
        yaxis=name_axis(),
    )


def _way(row: Mapping[Hashable, Any], measured: list[str]) -> dict[str, Any]:
    """Draw one way as its piece of each bar."""
    name = way_labels()[row["way"]]
    shares = [float(row[f"{measure}_share"]) for measure in measured]
    labels = [safe(say(metrics[measure].label)) for measure in measured]
    texts = [percent_text(share) for share in shares]
    return {
        "type": "bar",
        "orientation": "h",
        "name": safe(name),
        "x": numbers(shares),
        "y": labels,
        "text": [
            text if share >= _READABLE else "" for text, share in zip(texts, shares, strict=True)
        ],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "insidetextfont": {"color": "#ffffff"},
        "hovertext": [
            f"<b>{safe(name)}</b><br>{what}: {text}<br>{_own_ambiguity(row, measure)}"
            for what, text, measure in zip(labels, texts, measured, strict=True)
        ],
        "hoverinfo": "text",
        "marker": {"color": _WAY_COLOURS[row["way"]], "line": {"width": 0}},
    }


def _own_ambiguity(row: Mapping[Hashable, Any], measure: str) -> str:
    share = row[f"{measure}_ambiguous"]
    known = 0.0 if pd.isna(share) else float(share)
    return safe(say("fits several campaigns: {share}", share=percent_text(known)))


def _ambiguity_note(quality: pd.DataFrame) -> str:
    """Say how much fits several campaigns."""
    leads, revenue = (ambiguous_share(quality, name) for name in ("leads", "revenue"))
    return say(
        "Ambiguous: {leads} of leads and {revenue} of revenue fit several campaigns and are shared "
        "out among them.",
        leads=metric_text("win_rate", leads),
        revenue=metric_text("win_rate", revenue),
    )
