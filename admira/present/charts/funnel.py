"""The funnel: from leads to opportunities to sales."""

import pandas as pd

from admira.core.metrics import regrouped
from admira.present.charts.axes import nothing
from admira.present.charts.rows import money_of, numbers
from admira.present.figures import PALETTE, KpiFigure, kpi_figure, safe
from admira.present.formats import count_text, metric_text
from admira.present.html import BLUE, MUTED
from admira.present.language import say
from admira.schemas.metrics import metrics


def funnel(
    kpis: pd.DataFrame, *, currency: str | None = None, title: str | None = None
) -> KpiFigure:
    """Draw leads, opportunities and won of all rows, with the rates as ratios of sums.

    The first rate counts the opportunities that came from leads, which a source of deals has none
    of; the chart says so where the two differ.

    Parameters
    ----------
    kpis : DataFrame, one row per group
    currency : str, optional
        Refused for several currencies like the other charts; nothing here is money.
    title : str, optional
        Instead of the one made.

    Returns
    -------
    KpiFigure

    Raises
    ------
    SchemaMismatch
        When the frame lacks a measure.
    AmbiguousData
        When money in several currencies would be added.

    Examples
    --------
    >>> import admira
    >>> figure = funnel(admira.demo().metrics(by="channel", scope="paid"))
    >>> list(figure.data[0].y)
    ['Leads', 'Opportunities', 'Won']
    """
    money_of(kpis, currency, None)
    if kpis.empty:
        return nothing(title)
    total = regrouped(kpis, []).iloc[0]
    steps = ["leads", "opportunities", "closed_won"]
    rates = [
        "",
        say("{rate} of leads", rate=metric_text("cvr_lead_to_opp", total["cvr_lead_to_opp"])),
        say("{rate} of opportunities", rate=metric_text("cvr_opp_to_won", total["cvr_opp_to_won"])),
    ]
    counts = [count_text(total[step]) for step in steps]
    names = [safe(say(metrics[step].label)) for step in steps]
    texts = [
        f"{count} · {rate}" if rate else count for count, rate in zip(counts, rates, strict=True)
    ]
    trace = {
        "type": "funnel",
        "x": numbers(total[steps]),
        "y": names,
        "text": [safe(text) for text in texts],
        "textinfo": "text",
        "textposition": "auto",
        "insidetextfont": {"color": "#ffffff", "size": 14},
        "outsidetextfont": {"color": MUTED, "size": 14},
        "hovertext": [f"{n}: {safe(text)}" for n, text in zip(names, texts, strict=True)],
        "hoverinfo": "text",
        "marker": {"color": [BLUE, "#0072b2", PALETTE[2]]},
        "connector": {"fillcolor": "rgba(59,130,246,.15)", "line": {"width": 0}},
    }
    return kpi_figure(
        [trace],
        title=title or say("From lead to sale"),
        notes=[_deals_note(total)],
        showlegend=False,
        yaxis={"showgrid": False},
        xaxis={"visible": False},
    )


def _deals_note(total: pd.Series) -> str:
    """Say where opportunities did not come from leads."""
    deals = float(total["opportunities"] - total["opportunities_from_leads"])
    if round(deals, 6) <= 0:
        return ""
    return say(
        "{count} opportunities entered as such, not as leads; the rate of leads leaves them out.",
        count=count_text(round(deals, 6)),
    )
