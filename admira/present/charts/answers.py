"""What a question gave as a chart: parts of a change, budgets, odd days, cohorts, forecasts."""

from collections.abc import Callable, Mapping

import pandas as pd

from admira.errors import OptionError
from admira.present.answer_words import title_of
from admira.present.charts.answer_bars import lags_chart, movers_chart, pacing_chart
from admira.present.charts.answer_lines import anomalies_chart, cohorts_chart, forecast_chart
from admira.present.charts.axes import nothing
from admira.present.figures import KpiFigure
from admira.present.kinds import kind_of
from admira.schemas.metrics import metrics

_DRAWN: Mapping[str, Callable[[pd.DataFrame, str, str | None], KpiFigure]] = {
    "movers": movers_chart,
    "pacing": pacing_chart,
    "anomalies": anomalies_chart,
    "cohorts": cohorts_chart,
    "lags": lags_chart,
    "forecast": forecast_chart,
}
_OF_A_METRIC = ("movers", "anomalies", "cohorts", "forecast")


def answer_chart(
    answer: pd.DataFrame, *, currency: str | None = None, title: str | None = None
) -> KpiFigure:
    """Draw what a question of a store gave.

    Parameters
    ----------
    answer : DataFrame
        As ``store.movers``, ``pacing``, ``anomalies``, ``cohorts``, ``lags`` or ``forecast`` give
        it, with what it says of itself: the metric, the currency.
    currency : str, optional
        ISO 4217 code of the money; by default that of the answer.
    title : str, optional
        Instead of the one made.

    Returns
    -------
    KpiFigure

    Raises
    ------
    OptionError
        When the answer is one that a table says better, or no longer says what it is of.

    Examples
    --------
    >>> import admira
    >>> answer_chart(admira.demo().movers("cpa", by="channel", period="2025-11"))
    <KpiFigure: What moved Cost per lead; 1 trace>
    """
    kind = kind_of(answer)
    if kind is None or kind.name not in _DRAWN:
        found = "no question's answer" if kind is None else kind.name
        raise OptionError("frame", found, [f"what {name} gives" for name in _DRAWN])
    made = title or title_of(kind, answer)
    if answer.empty:
        return nothing(made)
    if kind.name in _OF_A_METRIC and answer.attrs.get("metric") not in set(metrics):
        raise OptionError("metric", answer.attrs.get("metric"), ["the answer as it was given"])
    return _DRAWN[kind.name](answer, made, currency or answer.attrs.get("currency"))
