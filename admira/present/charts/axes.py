"""The axes of the charts, and the words on and beside what they show."""

from typing import Any

import pandas as pd

from admira.present.figures import KpiFigure, safe, sentence
from admira.present.formats import CENTS_UP_TO, NOT_AVAILABLE, metric_text, money_text
from admira.present.language import say
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure

_FEW = 10
_MONTHS = 8


def metric_axis(name: str, currency: str | None = None, *, highest: float = 0.0) -> dict[str, Any]:
    """Describe the axis of a metric: title with unit, ticks with currency, % or ×.

    Parameters
    ----------
    name : str
        The metric.
    currency : str, optional
        ISO 4217 code of money.
    highest : float
        The largest value on it; small amounts of money show cents.

    Returns
    -------
    dict
        As plotly takes it.

    Examples
    --------
    >>> axis = metric_axis("cpc", "EUR", highest=3.2)
    >>> axis["title"]["text"], axis["tickprefix"], axis["tickformat"]
    ('CPC (EUR)', '€', ',.2f')
    """
    unit = metrics[name].unit
    axis: dict[str, Any] = {"tickformat": ",.2~f", "rangemode": "tozero"}
    label, sign = say(metrics[name].label), ""
    if unit == "currency":
        before, after = _around(currency)
        sign = currency or ""
        cents = ",.2f" if highest < _FEW else ",.0f"
        axis |= {"tickprefix": before, "ticksuffix": after, "tickformat": cents}
    elif unit == "share":
        sign = "%"
        axis["tickformat"] = ".3~%"
    elif unit == "ratio":
        sign = "×"
        axis["ticksuffix"] = sign
    return {**axis, "title": {"text": safe(f"{label} ({sign})" if sign else label)}}


def hover_of(name: str, currency: str | None, *, highest: float) -> str:
    """Describe how the pointer shows a value of a metric's axis: plotly writes it out itself."""
    metric = metrics[name]
    before = after = ""
    form = ",.1~f"
    if metric.unit == "currency":
        before, after = _around(currency)
        is_large = isinstance(metric, Measure) and highest >= CENTS_UP_TO
        form = ",.0f" if is_large else ",.2f"
    elif metric.unit == "share":
        form = ".1%"
    elif metric.unit == "ratio":
        form, after = ",.2f", "×"
    return f"{before}%{{y:{form}}}{after}"


def date_axis(grain: str | None, count: int = 0) -> dict[str, Any]:
    """Describe the axis of that many days, weeks or months; few months are all named."""
    axis: dict[str, Any] = {"type": "date", "hoverformat": "%d %b %Y"}
    if grain == "month":
        axis |= {"hoverformat": "%b %Y", "tickformat": "%b %Y"}
        axis |= {"dtick": "M1"} if count <= _MONTHS else {}
    if grain == "quarter":
        axis |= {"hoverformat": "Q%q %Y", "tickformat": "Q%q %Y"}
    if grain == "year":
        axis |= {"hoverformat": "%Y", "tickformat": "%Y", "dtick": "M12"}
    if grain == "week":
        axis["unifiedhovertitle"] = {"text": say("Week of {day}", day="%{x|%d %b %Y}")}
    return axis


def name_axis() -> dict[str, Any]:
    """Describe the axis of names, the first on top."""
    return {"type": "category", "autorange": "reversed", "showgrid": False}


def nothing(title: str | None, why: str = "") -> KpiFigure:
    """Say that there is nothing to draw."""
    return sentence(why or say("No rows, so there is nothing to draw."), title=title or "")


def texts_of(values: pd.Series, metric: str, money: str | None) -> list[str]:
    """Write the figures of a metric; what is missing is a dash."""
    return [
        NOT_AVAILABLE if pd.isna(value) else safe(metric_text(metric, value, money))
        for value in values
    ]


def highest_of(values: pd.Series) -> float:
    """Give the largest value."""
    highest = values.max()
    return 0.0 if pd.isna(highest) else float(highest)


def _around(currency: str | None) -> tuple[str, str]:
    """Give what stands before and after an amount of money."""
    if currency is None:
        return "", ""
    before, _, after = money_text(1, currency).partition("1")
    return before, after.lstrip(".,0")
