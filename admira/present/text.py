"""KPI tables as people read them: titles, currency, percent and × from the metric registry."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from admira.core.coverage import PARTIAL, is_partial
from admira.present.cells import is_companion
from admira.present.formats import NOT_AVAILABLE, count_text, dimension_text, metric_text
from admira.present.language import say
from admira.present.partial import MARK
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

# What platforms claim, where a table has it.
CLAIMED = ("platform_conversions", "platform_value", "platform_cpa", "platform_roas")

Written = Mapping[str, Callable[[float], str]]


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
    others = {*metrics.columns, PARTIAL}
    dimensions = [name for name in map(str, kpis) if name not in others and not is_companion(name)]
    rows = [
        [
            *(_dimension(row[name], is_cut=is_cut) for name in dimensions),
            *(metric_text(n, row[n], is_exact=True) for n in columns),
        ]
        for row, is_cut in zip(kpis.to_dict("records"), is_partial(kpis), strict=True)
    ]
    for label, total in (totals or {}).items():
        figures = total.iloc[0]
        blanks = [""] * (len(dimensions) - 1)
        rows.append(
            [label, *blanks, *(metric_text(name, figures[name], is_exact=True) for name in columns)]
        )
    titles = [*dimensions, *(say(metrics.figure(name).label) for name in columns)]
    return KpiTable(titles, rows, len(dimensions), len(totals or {}))


def _dimension(value: object, *, is_cut: bool) -> str:
    """Write the name of a group; days as they sort, marked where their period is not whole."""
    if not isinstance(value, pd.Timestamp):
        return dimension_text(value)
    return f"{value:%Y-%m-%d}{MARK if is_cut else ''}"


def row_texts(rows: pd.DataFrame, *, written: Written | None = None) -> list[list[str]]:
    """Write the cells of any table as text, row by row.

    Parameters
    ----------
    rows : DataFrame
        What a question or a listing gave.
    written : mapping of str to callable, optional
        How the figures of a column are written; counts are, where it does not say.

    Returns
    -------
    list of list of str
        In the order of rows and columns; a missing value is a dash.

    Examples
    --------
    >>> from admira.present.formats import percent_text
    >>> rows = pd.DataFrame({"channel": ["google_ads", None], "clicks": [1200, 3], "share": 0.5})
    >>> row_texts(rows, written={"share": percent_text})
    [['google_ads', '1,200', '50.0%'], ['–', '3', '50.0%']]
    """
    known = written or {}
    columns = [
        [
            NOT_AVAILABLE if _is_missing(value) else _cell(value, known.get(str(name)))
            for value in column
        ]
        for name, column in rows.items()
    ]
    return [list(cells) for cells in zip(*columns, strict=True)]


def _is_missing(value: Any) -> bool:
    """Tell whether a cell has no value; a list or a mapping is one."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _cell(value: object, written: Callable[[float], str] | None) -> str:
    """Write a value by what it is: instants to the minute, days, claims, figures, names."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}" if value.tz is None else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return (written or count_text)(value)
    return str(value)
