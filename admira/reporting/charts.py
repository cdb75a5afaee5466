"""The charts of a report, as pictures that need no script."""

from html import unescape
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from admira.errors import MissingExtra
from admira.present.html import picture
from admira.present.language import say
from admira.reporting.figures import Figures

if TYPE_CHECKING:
    from admira.present.figures import KpiFigure


def check_charts() -> None:
    """Refuse to begin without what draws the charts."""
    try:
        import admira.present.charts  # noqa: F401 - whether it is there
    except MissingExtra as missing:
        raise MissingExtra("A report's charts", "notebook") from missing


def trend_pictures(figures: Figures) -> list[Markup]:
    """Draw cost and revenue over time, then CPA and ROAS by channel."""
    from admira.present.charts import over_time

    by_channel = figures.kpis(["date", "channel"], grain=figures.coarse_grain, scope="paid")
    drawn = [
        over_time(by_channel, name, split="channel", currency=figures.currency)
        for name in ("cpa", "roas")
    ]
    return [drawing(figure) for figure in (cost_and_revenue(figures), *drawn)]


def funnel_picture(figures: Figures) -> Markup:
    """Draw the funnel of all opportunities."""
    from admira.present.charts import funnel

    return drawing(funnel(figures.kpis(["channel"]), currency=figures.currency))


def campaign_picture(figures: Figures) -> Markup:
    """Draw spend against return of each campaign."""
    from admira.present.charts import spend_and_return

    kpis = figures.kpis(["channel", "campaign_id"], scope="paid")
    kpis = figures.named(kpis, is_alone=True)
    return drawing(spend_and_return(kpis, split="campaign_name", currency=figures.currency))


def map_picture(figures: Figures) -> Markup:
    """Draw how many leads each channel brought when."""
    from admira.present.charts import heat_map

    kpis = figures.kpis(["date", "channel"], grain=figures.grain)
    return drawing(heat_map(kpis, "leads", currency=figures.currency))


def quality_picture(shares: pd.DataFrame) -> Markup:
    """Draw how much was attributed in which way."""
    from admira.present.charts import attribution_quality

    return drawing(attribution_quality(shares))


def cost_and_revenue(figures: Figures) -> "KpiFigure":
    """Draw what was spent and what came back, all channels together."""
    from admira.present.charts import over_time
    from admira.present.figures import PALETTE

    kpis = figures.kpis(["date"], grain=figures.grain)
    revenue, cost = (
        over_time(kpis, name, currency=figures.currency, title=say("Cost and revenue"))
        for name in ("revenue", "cost")
    )
    cost.update_traces(line_color=PALETTE[1], marker_color=PALETTE[1])
    revenue.add_traces(cost.data)
    high = max((float(kpis[name].max()) for name in ("revenue", "cost") if len(kpis)), default=0)
    title = figures.currency or ""
    revenue.update_layout(showlegend=True, yaxis={"range": [0, 1.05 * high or 1], "title": title})
    return revenue


def drawing(figure: "KpiFigure") -> Markup:
    """Give a figure as a picture as wide as the page."""
    from admira.present.static import static_svg

    what = unescape(figure.layout.title.text or "")
    return picture(static_svg(figure), what, style="width:100%;height:auto;display:block")
