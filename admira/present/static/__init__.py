"""A picture of a figure without a browser: the fallback for exports, print and plain viewers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from admira.present.html import BLUE, LINE
from admira.present.static.axes import Axis, axis_of, is_missing, plain
from admira.present.static.marks import (
    WIDE,
    Marks,
    colour_of,
    colour_range,
    dashes_of,
    shade,
    written,
)

_WIDTH = 720
_HEIGHT = 360
_EDGE = 12
_KEY = 26  # of a line's colour in the legend
_LONGEST = 26
_ABOUT = 15
_DRAWN = {"scatter", "bar", "heatmap", "funnel"}
_SMALL = 12


def is_drawable(figure: Any) -> bool:
    """Tell whether a picture would show all that is in the figure."""
    return all(trace.type in _DRAWN for trace in figure.data)


def static_svg(figure: Any) -> str:
    """Draw a figure as SVG, without plotly's own renderer.

    It draws what the charts of admira consist of: lines with gaps, bubbles, bars, maps, funnels.

    Parameters
    ----------
    figure : plotly Figure

    Returns
    -------
    str
        One ``<svg>`` element, 720 pixels wide, legible on white and on dark.

    Examples
    --------
    >>> import admira
    >>> from admira.present.charts import bars
    >>> svg = static_svg(bars(admira.demo().metrics(by="channel", scope="paid"), "roas"))
    >>> svg[:40], svg.count("<rect")
    ('<svg xmlns="http://www.w3.org/2000/svg" ', 6)
    """
    layout = figure.layout
    height = int(layout.height or _HEIGHT)
    heading = _heading(layout)
    box = _box(figure, height, 20 + 17 * len(heading))
    x = axis_of(layout.xaxis, _values(figure, "x"))
    y = axis_of(layout.yaxis, _values(figure, "y"), is_reversed=not _is_upward(figure))
    y.start, y.end = box.bottom, box.top
    labels = [text for _, text in y.ticks()]
    left = _EDGE + WIDE * max((len(text) for text in labels), default=0)
    left += 26 if _title(layout.yaxis) else 10
    x.start, x.end = left, box.right
    _make_room(figure, x, y)
    marks = Marks(x, y, is_stacked=layout.barmode == "stack")
    for trace, colour in zip(figure.data, _colours(figure), strict=True):
        marks.draw(trace, colour)
    parts = [*heading, *_axes(x, y, box), *marks.elements]
    parts += [*_legend(figure, box, left), *_colour_bar(figure, box), *_notes(layout, box, left)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="system-ui, sans-serif">'
        f"{''.join(parts)}</svg>"
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """Where the plot stands between title, legend and ticks."""

    top: float
    bottom: float
    right: float
    height: float


def _box(figure: Any, height: int, top: float) -> _Box:
    named = [len(_short(trace.name)) for trace, _ in _named(figure)]
    is_below = figure.layout.legend.orientation == "h"
    bottom = height - _EDGE - (18 if figure.layout.xaxis.visible is not False else 0)
    bottom -= 18 if _title(figure.layout.xaxis) else 0
    right = float(_WIDTH - 24)
    if named and is_below:
        bottom -= 42
    elif named:
        right -= WIDE * max(named) + _KEY + 12
    if any(trace.type == "heatmap" for trace in figure.data):
        right -= 84
    return _Box(top, bottom, right, height)


def _heading(layout: Any) -> list[str]:
    """Write title and notes."""
    title, notes = layout.title.text or "", layout.title.subtitle.text or ""
    lines = [plain(line) for line in notes.split("<br>") if line]
    small = [written(_EDGE, 42 + 16 * n, line, size=_SMALL) for n, line in enumerate(lines)]
    big = written(_EDGE, 22, plain(title), size=16, more=' font-weight="600"')
    return [big, *small]


def _values(figure: Any, side: str) -> Iterator[Any]:
    """Give all values that an axis must span; stacked bars span their sums."""
    stacks: dict[str, float] = defaultdict(float)
    for trace in figure.data:
        is_length = trace.type == "bar" and side == ("x" if trace.orientation == "h" else "y")
        if is_length and figure.layout.barmode == "stack":
            names = trace.y if side == "x" else trace.x
            for name, length in zip(names, trace[side], strict=True):
                stacks[str(name)] += 0.0 if is_missing(length) else float(length)
        else:
            yield from trace[side] if trace[side] is not None else ()
    yield from stacks.values()


def _is_upward(figure: Any) -> bool:
    """Tell whether the y axis runs upward; funnels and lists of names run down."""
    is_funnel = any(trace.type == "funnel" for trace in figure.data)
    return figure.layout.yaxis.autorange != "reversed" and not is_funnel


def _make_room(figure: Any, x: Axis, y: Axis) -> None:
    """Keep bubbles, bars of days and cells of maps inside the plot."""
    kinds = {trace.type for trace in figure.data}
    sizes = [
        float(size)
        for trace in figure.data
        if trace.type == "scatter" and isinstance(trace.marker.size, tuple | list)
        for size in trace.marker.size
    ]
    if max(sizes, default=0) > _ABOUT:
        y.high += (y.high - y.low) * 0.14
    if x.kind == "date" and kinds & {"bar", "heatmap"}:
        count = max(len(trace.x) for trace in figure.data)
        half = (x.high - x.low) / max(count - 1, 1) / 2
        x.low, x.high = x.low - half, x.high + half


def _axes(x: Axis, y: Axis, box: _Box) -> Iterator[str]:
    """Draw grid lines, ticks and the titles of the axes."""
    for at, text in y.ticks():
        if y.kind == "number":
            yield _rule(x.start, at, x.end, at)
        yield written(x.start - 8, at + 4, text, anchor="end", size=_SMALL)
    for at, text in x.ticks():
        if x.kind == "number":
            yield _rule(at, box.top, at, box.bottom)
        yield written(at, box.bottom + 17, text, anchor="middle", size=_SMALL)
    if _title(x.given):
        middle = (x.start + x.end) / 2
        yield written(middle, box.bottom + 35, _title(x.given), anchor="middle", size=_SMALL)
    if _title(y.given):
        middle = (box.top + box.bottom) / 2
        turned = f' transform="rotate(-90 16 {middle:.1f})"'
        yield written(16, middle, _title(y.given), anchor="middle", size=_SMALL, more=turned)


def _legend(figure: Any, box: _Box, left: float) -> Iterator[str]:
    """Name the traces, on the right or below."""
    named = _named(figure)
    names = [_short(trace.name) for trace, _ in named]
    for (trace, colour), (x, y) in zip(named, _keys(figure, names, box, left), strict=True):
        if trace.type == "scatter" and "lines" in (trace.mode or "lines"):
            yield (
                f'<line x1="{x:.1f}" y1="{y - 4:.1f}" x2="{x + 18:.1f}" y2="{y - 4:.1f}" '
                f'stroke="{escape(colour)}" stroke-width="2.5"{dashes_of(trace)}/>'
            )
        else:
            yield f'<circle cx="{x + 9:.1f}" cy="{y - 4:.1f}" r="5" fill="{escape(colour)}"/>'
        yield written(x + _KEY, y, _short(trace.name), size=_SMALL)


def _keys(figure: Any, names: list[str], box: _Box, left: float) -> Iterator[tuple[float, float]]:
    """Give where each name stands; below the plot they run on like words."""
    if figure.layout.legend.orientation != "h":
        for place in range(len(names)):
            yield box.right + 16, box.top + 8 + 19 * place
        return
    x, y = left, box.height - _EDGE - 18
    for name in names:
        wide = _KEY + 12 + WIDE * len(name)
        if x + wide > _WIDTH:
            x, y = left, y + 18
        yield x, y
        x += wide


def _colour_bar(figure: Any, box: _Box) -> Iterator[str]:
    """Show what the colours of a map mean."""
    for trace in figure.data:
        if trace.type != "heatmap":
            continue
        axis = Axis(trace.colorbar, "number", *colour_range(trace))
        step = (box.bottom - box.top) / 20
        for n in range(20):
            fill, opacity = shade(trace.colorscale, n / 19)
            yield (
                f'<path d="M{box.right + 16:.1f} {box.bottom - (n + 1) * step:.1f}h12v{step:.1f}'
                f'h-12z" fill="{fill}" fill-opacity="{opacity}"/>'
            )
        for at, value in ((box.bottom, axis.low), (box.top + 10, axis.high)):
            yield written(box.right + 34, at, axis.written(value), size=_SMALL)


def _notes(layout: Any, box: _Box, left: float) -> Iterator[str]:
    """Write what stands in the middle of the figure."""
    for note in layout.annotations:
        if note.xref == "paper" and note.yref == "paper":
            x = left + (box.right - left) * float(note.x or 0)
            y = box.bottom - (box.bottom - box.top) * float(note.y or 0)
            yield written(x, y, plain(note.text), anchor="middle", size=14)


def _colours(figure: Any) -> list[str]:
    """Give the colour that stands for each trace."""
    way = figure.layout.colorway or figure.layout.template.layout.colorway or (BLUE,)
    return [colour_of(trace, way[n % len(way)]) for n, trace in enumerate(figure.data)]


def _named(figure: Any) -> list[tuple[Any, str]]:
    """Give the traces that a legend names, and their colours."""
    named = [
        (trace, colour)
        for trace, colour in zip(figure.data, _colours(figure), strict=True)
        if trace.name and trace.showlegend is not False
    ]
    is_shown = figure.layout.showlegend
    return named if (len(named) > 1 if is_shown is None else is_shown) else []


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    """Draw a grid line."""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{LINE}" stroke-width="0.7"/>'
    )


def _short(name: str) -> str:
    text = plain(name)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _title(axis: Any) -> str:
    return "" if axis.visible is False else plain(axis.title.text or "")
