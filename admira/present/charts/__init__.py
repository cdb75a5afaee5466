"""The charts: KPI frames in, figures out."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import pandas as pd

from admira.errors import OptionError
from admira.present.charts.bars import bars
from admira.present.charts.bubbles import spend_and_return
from admira.present.charts.funnel import funnel
from admira.present.charts.lines import over_time
from admira.present.charts.map import heat_map
from admira.present.charts.quality import attribution_quality
from admira.present.charts.rows import check_metric, split_of
from admira.present.figures import KpiFigure

__all__ = [
    "Kind",
    "attribution_quality",
    "bars",
    "funnel",
    "heat_map",
    "over_time",
    "plot",
    "spend_and_return",
]

Kind = Literal["line", "bar", "heatmap", "funnel", "bubble", "attribution"]

_OF_ONE_METRIC: Mapping[str, Callable[..., KpiFigure]] = {
    "line": over_time,
    "bar": bars,
    "heatmap": heat_map,
}


def plot(
    kpis: pd.DataFrame,
    metric: str | None = None,
    kind: str = "line",
    *,
    split: str | None = None,
    currency: str | None = None,
    title: str | None = None,
) -> KpiFigure:
    """Draw KPIs.

    Parameters
    ----------
    kpis : DataFrame, one row per group
        As ``store.metrics`` or :func:`admira.compute_metrics` give it; the facts for
        ``"attribution"``.
    metric : str, optional
        What to draw; the funnel and the bubbles need none.
    kind : {"line", "bar", "heatmap", "funnel", "bubble", "attribution"}
        Over time; by group; groups and days; lead to sale; cost against revenue; how leads and
        revenue were matched.
    split : str, optional
        The dimension to tell apart; by default the first that is not ``date``.
    currency : str, optional
        ISO 4217 code of the money; by default that of the rows, where it is known.
    title : str, optional
        Instead of the one made.

    Returns
    -------
    KpiFigure
        A real plotly figure.  Where there are no rows it says so.

    Raises
    ------
    OptionError
        When the kind, the metric or the dimension does not exist, or days are needed and the
        frame has none.
    AmbiguousData
        When money in several currencies would be added.

    Examples
    --------
    >>> import admira
    >>> plot(admira.demo().metrics(by="channel", scope="paid"), "cpa", kind="bar")
    <KpiFigure: Cost per lead by channel; 1 trace>
    """
    if kind not in get_args(Kind):
        raise OptionError("kind", kind, get_args(Kind))
    if kind == "attribution":
        return attribution_quality(kpis, title=title)
    options: dict[str, Any] = {"currency": currency, "title": title}
    if kind != "funnel" and (named := split_of(kpis, split)) is not None:
        options["split"] = named
    if kind in _OF_ONE_METRIC:
        return _OF_ONE_METRIC[kind](kpis, check_metric(kpis, metric), **options)
    if metric is not None:
        check_metric(kpis, metric)
    if kind == "bubble":
        return spend_and_return(kpis, **options)
    return funnel(kpis, currency=currency, title=title)
