"""Answers over time: odd days, cohorts as they grow older, forecasts."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from admira.present.charts.answer_rows import names_of
from admira.present.charts.axes import (
    date_axis,
    highest_of,
    hover_of,
    metric_axis,
    nothing,
    texts_of,
)
from admira.present.charts.rows import day_codes, numbers
from admira.present.figures import DASHES, PALETTE, KpiFigure, kpi_figure, safe
from admira.present.formats import count_text, grain_text
from admira.present.html import BLUE, MUTED
from admira.present.language import say

LINES = 8
_NAMED = 5


def anomalies_chart(answer: pd.DataFrame, title: str, money: str | None) -> KpiFigure:
    """Draw each odd day's value, and what its weekday had been before."""
    metric, days = answer.attrs["metric"], day_codes(answer["date"])
    highest = highest_of(answer[["value", "expected"]].max())
    names = names_of(answer, is_unique=False)
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": safe(text),
            "x": days,
            "y": numbers(answer[name]),
            "hovertext": [
                f"{group}: {figure}"
                for group, figure in zip(names, texts_of(answer[name], metric, money), strict=True)
            ],
            "hoverinfo": "x+text",
            "marker": {"size": size, "color": fill},
        }
        for name, text, fill, size in (
            ("expected", say("Usual for that weekday"), MUTED, 6),
            ("value", say("That day"), BLUE, 9),
        )
    ]
    return kpi_figure(
        traces,
        title=title,
        legend={"orientation": "h", "y": -0.25},
        xaxis=date_axis("day", len(days)) | {"range": _around(answer["date"])},
        yaxis=metric_axis(metric, money, highest=highest),
    )


def forecast_chart(answer: pd.DataFrame, title: str, money: str | None) -> KpiFigure:
    """Draw the days to come; of one group alone with its interval."""
    metric = answer.attrs["metric"]
    groups = _grouped(answer, names_of(answer, is_unique=False))
    highest = highest_of(answer[["forecast", "high"]].max())
    hover = hover_of(metric, money, highest=highest)
    traces = []
    if len(groups) == 1:
        edges = (("high", say("High")), ("low", say("Low")))
        traces = [
            _curve(day_codes(answer["date"]), answer[name], text, MUTED, "dot")
            | {"hovertemplate": hover}
            for name, text in edges
        ]
    for place, (group, rows) in enumerate([*groups.items()][:LINES]):
        text = say("Forecast") if len(groups) == 1 else group
        line = _curve(
            day_codes(rows["date"]), rows["forecast"], text, PALETTE[place], DASHES[place]
        )
        traces.append(line | {"hovertemplate": hover})
    return kpi_figure(
        traces,
        title=title,
        notes=[_left_out([*groups][LINES:])],
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.25},
        xaxis=date_axis("day", len(answer)),
        yaxis=metric_axis(metric, money, highest=highest),
    )


def cohorts_chart(answer: pd.DataFrame, title: str, money: str | None) -> KpiFigure:
    """Draw how each cohort grew older, the latest ones."""
    metric, grain = answer.attrs["metric"], answer.attrs.get("grain")
    begun = [safe(grain_text(day, grain)) for day in answer["cohort"]]
    others = names_of(answer, is_unique=False)
    texts = [f"{day} · {other}" if other else day for day, other in zip(begun, others, strict=True)]
    is_known = answer[metric].notna()
    names = [text for text, known in zip(texts, is_known, strict=True) if known]
    groups = _grouped(answer[is_known], names)
    shown = [*groups.items()][-LINES:]
    hover = hover_of(metric, money, highest=highest_of(answer[metric]))
    lines = [
        _curve(rows["age_days"].tolist(), rows[metric], name, PALETTE[place], DASHES[place])
        | {"hovertemplate": hover, "mode": "lines+markers"}
        for place, (name, rows) in enumerate(shown)
    ]
    if not lines:
        return nothing(title)
    return kpi_figure(
        lines,
        title=title,
        notes=[_left_out([*groups][:-LINES])],
        showlegend=True,
        xaxis={"title": {"text": safe(say("Age in days"))}, "rangemode": "tozero"},
        yaxis=metric_axis(metric, money, highest=highest_of(answer[metric])),
    )


def _curve(at: list[Any], values: pd.Series, name: str, line: str, dash: str) -> dict[str, Any]:
    """Describe a line."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": safe(name),
        "x": at,
        "y": numbers(values),
        "line": {"color": line, "width": 2, "dash": dash},
        "marker": {"color": line, "size": 5},
    }


def _grouped(answer: pd.DataFrame, names: list[str]) -> dict[str, pd.DataFrame]:
    """Give the rows of each name, in the order in which they come."""
    return dict(iter(answer.groupby(pd.Series(names, index=answer.index), sort=False)))


def _around(days: pd.Series) -> list[str]:
    """Leave some room beside the first and the last day: there may be one alone."""
    room = pd.Timedelta(days=2)
    return day_codes([days.min() - room, days.max() + room])


def _left_out(names: Sequence[str]) -> str:
    """Name the lines that a chart has no room for."""
    if not names:
        return ""
    text = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        more = count_text(len(names) - _NAMED)
        text = say("{names} and {count} more", names=text, count=more)
    return say("Left out: {names}", names=text)
