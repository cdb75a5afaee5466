"""Answers as bars: parts of a change, budgets, days from lead to sale."""

from typing import Any

import pandas as pd

from admira.present.cells import colour
from admira.present.charts.answer_rows import names_of
from admira.present.charts.axes import highest_of, metric_axis, name_axis, nothing, texts_of
from admira.present.charts.rows import numbers
from admira.present.figures import KpiFigure, kpi_figure, safe
from admira.present.formats import count_text, money_text
from admira.present.html import BLUE, FILL, MUTED, WARNING
from admira.present.language import say

BARS = 20


def movers_chart(answer: pd.DataFrame, title: str, money: str | None) -> KpiFigure:
    """Draw each group's part of the change, in the colour of good or bad news."""
    metric, shown = answer.attrs["metric"], answer.head(BARS)
    parts = shown["contribution"]
    texts = texts_of(parts, metric, money)
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": numbers(parts),
        "y": names_of(shown),
        "text": texts,
        "textposition": "auto",
        "hoverinfo": "y+text",
        "marker": {"color": [_told(metric, part) for part in parts]},
    }
    return kpi_figure(
        [bars],
        title=title,
        notes=[say("What each group adds to the change of the whole.")],
        height=110 + 28 * len(shown),
        xaxis=metric_axis(metric, money, highest=highest_of(parts.abs())),
        yaxis=name_axis(),
    )


def _told(metric: str, part: Any) -> str:
    """Give the colour of a part; what is neither good nor bad is blue."""
    found = MUTED if pd.isna(part) else colour(metric, float(part))
    return BLUE if found == MUTED else found


def pacing_chart(answer: pd.DataFrame, title: str, money: str | None) -> KpiFigure:
    """Draw what is spent in front of what the month will come to, and the budget as a mark."""
    rows = answer.head(BARS)
    names, highest = names_of(rows), highest_of(rows[["budget", "projected"]].max())
    traces = [
        _amounts(rows["projected"], names, say("At the month's end"), FILL, money),
        _amounts(rows["spent"], names, say("Spent"), BLUE, money),
        {
            "type": "scatter",
            "mode": "markers",
            "name": safe(say("Budget")),
            "x": numbers(rows["budget"]),
            "y": names,
            "hovertext": _money_texts(rows["budget"], money),
            "hoverinfo": "y+text",
            "marker": {"size": 11, "color": WARNING, "symbol": "diamond"},
        },
    ]
    return kpi_figure(
        traces,
        title=title,
        barmode="overlay",
        legend={"orientation": "h", "y": -0.25},
        height=190 + 34 * len(rows),
        xaxis=metric_axis("cost", money, highest=highest),
        yaxis=name_axis(),
    )


def _amounts(
    values: pd.Series, names: list[str], name: str, fill: str, money: str | None
) -> dict[str, Any]:
    """Describe bars of money."""
    return {
        "type": "bar",
        "orientation": "h",
        "name": safe(name),
        "x": numbers(values),
        "y": names,
        "hovertext": _money_texts(values, money),
        "hoverinfo": "y+text",
        "marker": {"color": fill},
    }


def _money_texts(values: pd.Series, money: str | None) -> list[str]:
    return ["" if pd.isna(value) else safe(money_text(value, money)) for value in values]


def lags_chart(answer: pd.DataFrame, title: str, money: str | None) -> KpiFigure:
    """Draw within how many days half of the sales of each group came."""
    del money
    rows = answer.dropna(subset="median_days").head(BARS)
    if rows.empty:
        return nothing(title)
    names = names_of(rows)
    quantiles = ("p90_days", "p75_days", "median_days", "p25_days")
    words = (say("90 %"), say("three quarters"), say("half"), say("a quarter"))
    fills = ("rgba(59,130,246,.2)", "rgba(59,130,246,.4)", "rgba(59,130,246,.65)", BLUE)
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "name": safe(say("{share} of the sales", share=word)),
            "x": numbers(rows[name]),
            "y": names,
            "hovertext": [count_text(days) for days in rows[name]],
            "hoverinfo": "y+name+text",
            "marker": {"color": fill},
        }
        for name, word, fill in zip(quantiles, words, fills, strict=True)
    ]
    return kpi_figure(
        bars,
        title=title,
        barmode="overlay",
        legend={"orientation": "h", "y": -0.25},
        height=190 + 30 * len(rows),
        xaxis={"title": {"text": safe(say("Days"))}, "rangemode": "tozero"},
        yaxis=name_axis(),
    )
