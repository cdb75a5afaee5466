"""HTML that survives JupyterLab's sanitizer and both its themes: inline styles, nothing to load."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from admira.present.formats import count_text, metric_text, percent_text
from admira.present.language import say

# One set of colours for both themes: what is drawn is strong, what is filled is transparent.
BLUE = "#3b82f6"
GOOD = "#16a34a"
BAD = "#dc2626"
WARNING = "#d97706"
MUTED = "#7b8494"
LINE = "rgba(128,128,128,.35)"
FILL = "rgba(59,130,246,.28)"
STRIPE = "rgba(128,128,128,.08)"

_COLOURS = {
    "blue": BLUE,
    "good": GOOD,
    "bad": BAD,
    "warning": WARNING,
    "muted": MUTED,
    "line": LINE,
    "fill": FILL,
    "stripe": STRIPE,
}


def render(template: str, **values: Any) -> str:
    """Fill a template of ``admira/present/templates``; everything in it is escaped."""
    return _environment().get_template(f"{template}.html").render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("admira.present"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"say": say, "colours": _COLOURS, "metric": metric_text}
    environment.filters |= {"count": count_text, "percent": percent_text}
    return environment


def picture(svg: str, alternative: str = "", *, style: str = "") -> Markup:
    """Give an SVG as an image, since the sanitizer strips inline SVG."""
    encoded = b64encode(svg.encode()).decode()
    return Markup('<img src="data:image/svg+xml;base64,{}" alt="{}" style="{}">').format(
        encoded, alternative, style
    )


def sparkline(values: Sequence[float | None], *, width: int = 110, height: int = 24) -> Markup:
    """Draw a series as a small line; what is missing leaves a gap.

    Parameters
    ----------
    values : sequence of float
        Equally spaced; None or NaN where there is none.

    Returns
    -------
    Markup
        An image; nothing where fewer than two values are known.

    Examples
    --------
    >>> str(sparkline([1.0, 3.0, 2.0]))[:31]
    '<img src="data:image/svg+xml;ba'
    >>> sparkline([1.0])
    Markup('')
    """
    known = [value for value in values if value is not None and value == value]  # noqa: PLR0124
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return Markup("")
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (width - 4) / (len(values) - 1)
    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None or value != value:  # noqa: PLR0124
            runs.append([])
            continue
        level = height - 3 - (height - 6) * ((value - low) / span)
        runs[-1].append(f"{2 + place * step:.1f},{level:.1f}")
    lines = "".join(
        f'<polyline points="{" ".join(run)}" fill="none" stroke="{BLUE}" stroke-width="1.6" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
        if len(run) > 1
        else f'<circle cx="{run[0].split(",")[0]}" cy="{run[0].split(",")[1]}" r="1.4" '
        f'fill="{BLUE}"/>'
        for run in runs
        if run
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{lines}</svg>'
    )
    return picture(svg, say("trend"), style="vertical-align:middle")
