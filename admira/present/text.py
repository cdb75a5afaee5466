"""KPI tables as people read them: titles, currency, percent and × from the metric registry."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from admira.present.formats import dimension_text, metric_text
from admira.present.language import say
from admira.schemas.metrics import metrics

# What fits a page, in the order in which a campaign is read: spend, funnel, return.
OVERVIEW = (
    "clicks",
    "cost",
    "leads",
    "opportunities",
    "closed_won",
    "revenue",
    "cpc",
    "cpa",
    "cvr_lead_to_opp",
    "cvr_opp_to_won",
    "roas",
)


class KpiTable(NamedTuple):
    """A table ready to be printed: titles and cells as text, the first ``dimensions`` of them left.

    The last ``totals`` rows are totals.
    """

    titles: list[str]
    rows: list[list[str]]
    dimensions: int
    totals: int


def kpi_table(
    kpis: pd.DataFrame,
    *,
    totals: dict[str, pd.DataFrame] | None = None,
    columns: Sequence[str] = OVERVIEW,
) -> KpiTable:
    """Write KPIs as text, with named total rows below.

    Parameters
    ----------
    kpis : DataFrame, one row per group
        What :func:`admira.compute_metrics` gives.
    totals : dict of str to DataFrame of one row, optional
        Label to the same metrics with ``by=[]``: ratios of sums, never averages of the rows.
    columns : sequence of str
        The metrics to show, in this order.

    Returns
    -------
    KpiTable

    Examples
    --------
    >>> import admira
    >>> store = admira.open_store("memory:")
    >>> example = admira.datasets.worked_example()
    >>> report = admira.ingest(store, ads=example.ads, crm=example.crm)
    >>> kpi_table(store.metrics(by="channel", scope="paid"), columns=["cost", "roas"]).rows
    [['google_ads', '650.75', '7.68×'], ['meta_ads', '200.00', '0.00×']]
    """
    dimensions = [name for name in kpis.columns if name not in set(metrics)]
    rows = [
        [
            *(_dimension(row[name]) for name in dimensions),
            *(metric_text(n, row[n], is_exact=True) for n in columns),
        ]
        for row in kpis.to_dict("records")
    ]
    for label, total in (totals or {}).items():
        figures = total.iloc[0]
        blanks = [""] * (len(dimensions) - 1)
        rows.append(
            [label, *blanks, *(metric_text(name, figures[name], is_exact=True) for name in columns)]
        )
    titles = [*dimensions, *(say(metrics[name].label) for name in columns)]
    return KpiTable(titles, rows, len(dimensions), len(totals or {}))


def _dimension(value: object) -> str:
    """Write the name of a group; days as they sort."""
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else dimension_text(value)
