"""Weekly cost against what went with it, with the curve and its interval."""

import pandas as pd

from admira.present.charts.axes import metric_axis, nothing
from admira.present.charts.rows import numbers
from admira.present.figures import PALETTE, KpiFigure, kpi_figure, safe
from admira.present.formats import dimension_text
from admira.present.html import BLUE, MUTED
from admira.present.language import say


def saturation_chart(
    weeks: pd.DataFrame, curve: pd.DataFrame, metric: str, *, channel: str, currency: str | None
) -> KpiFigure:
    """Draw a spend–return curve; without a curve the weeks alone.

    Parameters
    ----------
    weeks : DataFrame, one row per week
        ``cost`` and the metric.
    curve : DataFrame, one row per level of cost
        ``cost``, ``fitted``, ``low`` and ``high``.
    metric, channel : str
        What it is of.
    currency : str or None
        Of the money.
    """
    title = say("Spend and return of {channel}", channel=dimension_text(channel))
    if weeks.empty:
        return nothing(title)
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": safe(name),
            "x": numbers(curve["cost"]),
            "y": numbers(curve[column]),
            "hoverinfo": "skip",
            "line": {"color": colour, "width": width, "dash": dash},
        }
        for column, name, colour, width, dash in (
            ("low", say("low"), MUTED, 1, "dot"),
            ("high", say("high"), MUTED, 1, "dot"),
            ("fitted", say("Fitted"), PALETTE[1], 2.5, "solid"),
        )
        if len(curve)
    ]
    points = {
        "type": "scatter",
        "mode": "markers",
        "name": safe(say("One week")),
        "x": numbers(weeks["cost"]),
        "y": numbers(weeks[metric]),
        "marker": {"size": 8, "color": BLUE, "opacity": 0.7},
    }
    highest = max(float(weeks[metric].max()), float(curve["high"].max()) if len(curve) else 0.0)
    return kpi_figure(
        [*lines, points],
        title=title,
        notes=[
            say("Describes what went together in past weeks; other things changed in them too.")
        ],
        legend={"orientation": "h", "y": -0.25},
        height=400,
        xaxis=metric_axis("cost", currency, highest=float(weeks["cost"].max())),
        yaxis=metric_axis(metric, currency, highest=highest),
    )
