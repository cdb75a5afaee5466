"""Plotly figures that display fast and offline, with one look for the light and the dark theme."""

import json
import sys
from collections.abc import Sequence
from html import escape, unescape
from textwrap import wrap
from typing import Any, Literal

from babel.dates import get_day_names, get_month_names
from babel.numbers import format_decimal

from admira.errors import MissingExtra
from admira.present.formats import dimension_text
from admira.present.html import MUTED
from admira.present.language import language, locale
from admira.present.static import is_drawable, static_svg

try:
    import plotly.graph_objects as go
except ModuleNotFoundError as missing:
    raise MissingExtra("Charts", "notebook") from missing

PLOTLY = "application/vnd.plotly.v1+json"
SVG = "image/svg+xml"

# Told apart with colour-blind eyes and at least 3:1 against white and against a dark page; from
# the fifth on, lines are dashed as well.
PALETTE = (
    "#3b82f6",
    "#d97706",
    "#0f766e",
    "#cc79a7",
    "#7c3aed",
    "#0072b2",
    "#15803d",
    "#009e73",
)
DASHES = ("solid",) * 4 + ("dash",) * 4
GRID = "rgba(128,128,128,.25)"

_GLASS = "rgba(0,0,0,0)"
_AXIS = {
    "gridcolor": GRID,
    "linecolor": GRID,
    "zerolinecolor": GRID,
    "automargin": True,
    "showspikes": False,  # plotly gives them a white rim, which glares in the dark
    "title": {"standoff": 8},
}
_LOOK: dict[str, Any] = {
    "paper_bgcolor": _GLASS,
    "plot_bgcolor": _GLASS,
    "font": {"color": MUTED, "size": 12, "family": "system-ui, sans-serif"},
    "colorway": PALETTE,
    "xaxis": _AXIS,
    "yaxis": _AXIS,
    "legend": {"bgcolor": _GLASS},
    "modebar": {"bgcolor": _GLASS, "color": GRID, "activecolor": MUTED},
    "hoverlabel": {
        "bgcolor": "#1f2937",
        "bordercolor": "#1f2937",
        "font": {"color": "#f9fafb"},
        "align": "left",
    },
    "title": {
        "x": 0,
        "xref": "container",
        "pad": {"l": 12},
        "xanchor": "left",
        "yref": "container",
        "y": 0.96,
        "yanchor": "top",
        "font": {"size": 16, "weight": 600},
        "subtitle": {"font": {"size": 12, "color": MUTED, "weight": 400}},
    },
}
_HEIGHT = 360
_LINE = 95
_FEW = 10


class KpiFigure(go.Figure):  # type: ignore[misc]
    """A plotly figure that JupyterLab shows without a network and without loading half of plotly.

    It is a real ``plotly.graph_objects.Figure``: ``update_layout`` and the rest work.  A notebook
    keeps it as plotly's JSON, and as a picture for exports and print.

    Examples
    --------
    >>> figure = kpi_figure([{"type": "bar", "x": ["a"], "y": [1]}], title="Leads by channel")
    >>> figure
    <KpiFigure: Leads by channel; 1 trace>
    >>> sorted(figure._repr_mimebundle_())
    ['application/vnd.plotly.v1+json', 'image/svg+xml', 'text/plain']
    """

    # The inherited ones load plotly.io and nbformat first, and name a script on another host.
    _ipython_display_ = None
    _repr_html_ = None

    def __repr__(self) -> str:
        """Say what it shows."""
        count = len(self.data)
        title = unescape(self.layout.title.text or "untitled")
        return f"<KpiFigure: {title}; {count} {'trace' if count == 1 else 'traces'}>"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None, **_: Any
    ) -> dict[str, Any]:
        """Give what a notebook keeps: the chart, a picture of it, a line."""
        del exclude
        bundle: dict[str, Any] = {
            PLOTLY: {**json.loads(self.to_json()), "config": _config()},
            "text/plain": repr(self),
        }
        if is_drawable(self) and (include is None or SVG in include):
            bundle[SVG] = static_svg(self)
        return bundle

    def show(self, *args: Any, **options: Any) -> None:
        """Show it: in a notebook as if it ended the cell, elsewhere as plotly does."""
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if shell is None or args or options:
            super().show(*args, **options)
            return
        from IPython.display import display

        display(self)  # type: ignore[no-untyped-call]


def kpi_figure(
    traces: Sequence[dict[str, Any]], *, title: str, notes: Sequence[str] = (), **layout: Any
) -> KpiFigure:
    """Make a figure in the look of admira.

    Parameters
    ----------
    traces : sequence of dict
        As plotly takes them.
    title : str
        The line above.
    notes : sequence of str
        Small lines under the title.
    **layout
        More of plotly's layout.

    Returns
    -------
    KpiFigure

    Examples
    --------
    >>> kpi_figure([], title="Nothing yet")
    <KpiFigure: Nothing yet; 0 traces>
    """
    lines = [line for note in notes if note for line in wrap(note, _LINE)]
    heading = {"text": safe(title), "subtitle": {"text": "<br>".join(map(safe, lines))}}
    given = {
        "template": {"layout": _LOOK},
        "title": heading,
        "height": _HEIGHT + 15 * len(lines),
        "autosize": True,
        "separators": _separators(),
        "margin": {"l": 16, "r": 16, "t": 48 + 17 * len(lines), "b": 16},
    }
    return KpiFigure(data=list(traces), layout=given | layout)


def sentence(text: str, *, title: str = "") -> KpiFigure:
    """Make a figure that only says something, where there is nothing to draw."""
    note = {
        "text": safe(text),
        "showarrow": False,
        "x": 0.5,
        "y": 0.5,
        "xref": "paper",
        "yref": "paper",
        "font": {"size": 14},
    }
    hidden = {"visible": False}
    return kpi_figure(
        [], title=title, annotations=[note], xaxis=hidden, yaxis=hidden, height=_HEIGHT // 2
    )


def label(value: object) -> str:
    """Write the name of a group for a chart."""
    return safe(dimension_text(value))


def safe(text: str) -> str:
    """Write text so that plotly shows it as it is: it reads a little HTML in all texts."""
    return escape(text, quote=False)


def _separators() -> str:
    """Give the decimal and the thousands separator, as plotly takes them."""
    written = format_decimal(1234567.5, "#,##0.0", locale=locale())
    return f"{written[-2]}{written[1]}"


def _config() -> dict[str, Any]:
    """Give plotly's options; it knows only English, so other languages bring their words."""
    config: dict[str, Any] = {"displaylogo": False}
    code = language()
    if code == "en":
        return config
    full, short = (_names(width) for width in ("wide", "abbreviated"))
    words = {
        "days": full[0],
        "shortDays": short[0],
        "months": full[1],
        "shortMonths": short[1],
    }
    return {**config, "locale": code, "locales": {code: {"dictionary": {}, "format": words}}}


def _names(width: Literal["wide", "abbreviated"]) -> tuple[list[str], list[str]]:
    """Name the days, from Sunday as plotly counts them, and the months."""
    days = get_day_names(width, locale=locale())  # from 0, Monday
    months = get_month_names(width, locale=locale())  # from 1
    return [days[(n - 1) % 7] for n in range(7)], [months[n] for n in range(1, 13)]
