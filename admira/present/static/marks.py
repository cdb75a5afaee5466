"""What a static picture draws of each trace: lines, bubbles, bars, maps and funnels."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from markupsafe import escape

from admira.present.html import MUTED
from admira.present.static.axes import Axis, is_missing, plain

WIDE = 7.2  # pixels of a letter
_DASHES = {"dash": "6 4", "dot": "2 3", "solid": ""}
_RGBA = re.compile(r"[\d.]+")


@dataclass(slots=True)
class Marks:
    """The elements of the drawing so far, and how high the bars have grown."""

    x: Axis
    y: Axis
    is_stacked: bool = False
    elements: list[str] = field(default_factory=list)
    grown: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def draw(self, trace: Any, colour: str) -> None:
        """Draw one trace."""
        if trace.type == "scatter":
            self._scatter(trace, colour)
        elif trace.type == "bar":
            self._bars(trace, colour)
        elif trace.type == "heatmap":
            self._map(trace)
        elif trace.type == "funnel":
            self._funnel(trace, colour)

    def _scatter(self, trace: Any, colour: str) -> None:
        mode = trace.mode or "lines"
        points = [
            None if is_missing(x) or is_missing(y) else (self.x.at(x), self.y.at(y))
            for x, y in zip(trace.x, trace.y, strict=True)
        ]
        if "lines" in mode:
            self.elements += [_polyline(run, trace, colour) for run in _runs(points)]
        for place, point in enumerate(points):
            if point is None:
                continue
            size = float(_nth(trace.marker.size, place, 6) or 0) if "markers" in mode else 0.0
            if size:
                self.elements.append(_dot(trace, place, point, size, colour))
            words = plain(_nth(trace.text, place, "")) if "text" in mode else ""
            if words:
                where = str(_nth(trace.textposition, place, ""))
                anchor = "end" if "left" in where else "middle"
                beside = size / 2 + 13 if "bottom" in where else -size / 2 - 5
                self.elements.append(written(point[0], point[1] + beside, words, anchor=anchor))

    def _bars(self, trace: Any, colour: str) -> None:
        is_flat = trace.orientation == "h"
        names, lengths = (trace.y, trace.x) if is_flat else (trace.x, trace.y)
        across, along = (self.y, self.x) if is_flat else (self.x, self.y)
        thick = _thickness(across, names)
        for place, (name, length) in enumerate(zip(names, lengths, strict=True)):
            if is_missing(length):
                continue
            base = self.grown[str(name)] if self.is_stacked else 0.0
            self.grown[str(name)] = base + float(length)
            ends = sorted((along.at(base), along.at(base + float(length))))
            middle = across.at(name)
            box = (ends[0], middle - thick / 2, ends[1] - ends[0], thick)
            fill = _nth(trace.marker.color, place, colour)
            opacity = _nth(trace.marker.opacity, place, 1)
            bar = box if is_flat else (box[1], box[0], thick, box[2])
            self.elements.append(_box(bar, fill, opacity))
            if is_flat:
                words = plain(_nth(trace.text, place, ""))
                self._bar_text(words, ends, middle, is_left=float(length) < 0)

    def _bar_text(
        self, words: str, ends: list[float], middle: float, *, is_left: bool = False
    ) -> None:
        """Write on a bar, or beside it where it is too short."""
        if not words:
            return
        if ends[1] - ends[0] > WIDE * len(words) + 8:
            where = sum(ends) / 2 if self.is_stacked else ends[1] - 6
            anchor = "middle" if self.is_stacked else "end"
            self.elements.append(written(where, middle + 4, words, anchor=anchor, fill="#ffffff"))
        elif is_left and not self.is_stacked:
            self.elements.append(written(ends[0] - 6, middle + 4, words, anchor="end"))
        elif not self.is_stacked:
            self.elements.append(written(ends[1] + 6, middle + 4, words))

    def _map(self, trace: Any) -> None:
        wide = _thickness(self.x, trace.x) / 0.8
        high = _thickness(self.y, trace.y) / 0.8
        low, highest = colour_range(trace)
        span = (highest - low) or 1.0
        for name, row in zip(trace.y, trace.z, strict=True):
            for day, value in zip(trace.x, row, strict=True):
                if is_missing(value):
                    continue
                share = min(max((float(value) - low) / span, 0.0), 1.0)
                fill, strength = shade(trace.colorscale, share)
                left, top = self.x.at(day) - wide / 2, self.y.at(name) - high / 2
                box = (left + 1, top + 1, wide - 2, high - 2)
                self.elements.append(_box(box, fill, strength))

    def _funnel(self, trace: Any, colour: str) -> None:
        middle = (self.x.start + self.x.end) / 2
        largest = max((float(x) for x in trace.x if not is_missing(x)), default=0.0) or 1.0
        thick = self.y.step() * 0.7
        for place, (name, length) in enumerate(zip(trace.y, trace.x, strict=True)):
            wide = (self.x.end - self.x.start) * float(length or 0) / largest
            at = self.y.at(name)
            own = _nth(trace.marker.color, place, colour)
            self.elements.append(_box((middle - wide / 2, at - thick / 2, wide, thick), own))
            words = plain(_nth(trace.text, place, ""))
            if wide > WIDE * len(words) + 12:
                inside = written(middle, at + 4, words, anchor="middle", fill="#ffffff")
                self.elements.append(inside)
            else:
                self.elements.append(written(middle + wide / 2 + 8, at + 4, words))


def written(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    fill: str = MUTED,
    size: int = 12,
    more: str = "",
) -> str:
    """Write a text."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" '
        f'font-size="{size}"{more}>{escape(text)}</text>'
    )


def colour_of(trace: Any, default: str) -> str:
    """Give the colour that stands for a trace."""
    found = trace.line.color if trace.type == "scatter" else None
    found = found or getattr(getattr(trace, "marker", None), "color", None)
    return found if isinstance(found, str) else default


def colour_range(trace: Any) -> tuple[float, float]:
    """Give the values at the two ends of a map's colours."""
    known = [float(value) for row in trace.z for value in row if not is_missing(value)] or [0.0]
    low = min(known) if trace.zmin is None else float(trace.zmin)
    return low, max(known) if trace.zmax is None else float(trace.zmax)


def shade(scale: Any, share: float) -> tuple[str, float]:
    """Mix the ends of a colour scale; give the colour and how opaque it is."""
    low, high = (_parts(scale[end][1]) for end in (0, -1))
    red, green, blue, opacity = (a + (b - a) * share for a, b in zip(low, high, strict=True))
    return f"rgb({red:.0f},{green:.0f},{blue:.0f})", round(opacity, 2)


def dashes_of(trace: Any) -> str:
    """Give how the line of a trace is dashed."""
    pattern = _DASHES.get(trace.line.dash or "solid", "")
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def _parts(colour: str) -> list[float]:
    if colour.startswith("#"):
        return [*(float(int(colour[at : at + 2], 16)) for at in (1, 3, 5)), 1.0]
    parts = [float(part) for part in _RGBA.findall(colour)]
    return parts if len(parts) == 4 else [*parts[:3], 1.0]  # noqa: PLR2004 - with its opacity


def _box(box: tuple[float, float, float, float], fill: str, opacity: float = 1) -> str:
    x, y, width, height = box
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{max(height, 0.5):.1f}" rx="1.5" fill="{escape(fill)}" fill-opacity="{opacity}"/>'
    )


def _dot(trace: Any, place: int, point: tuple[float, float], size: float, colour: str) -> str:
    """Draw a point, filled or as a circle."""
    own = escape(_nth(trace.marker.color, place, colour))
    opacity = trace.marker.opacity or 1
    look = f'fill="{own}" fill-opacity="{opacity}"'
    if str(_nth(trace.marker.symbol, place, "")).endswith("-open"):
        look = f'fill="none" stroke="{own}" stroke-width="1.5"'
    return f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="{size / 2:.1f}" {look}/>'


def _polyline(run: list[tuple[float, float]], trace: Any, colour: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
    return (
        f'<polyline points="{points}" fill="none" stroke="{escape(colour)}" '
        f'stroke-width="{trace.line.width or 2}" stroke-linejoin="round"{dashes_of(trace)}/>'
    )


def _runs(points: list[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """Give the stretches between gaps that are long enough for a line."""
    run: list[tuple[float, float]] = []
    for point in [*points, None]:
        if point is not None:
            run.append(point)
            continue
        if len(run) > 1:
            yield run
        run = []


def _thickness(axis: Axis, names: Any) -> float:
    """Give how thick bars can be that stand at these places."""
    if axis.kind == "name":
        return axis.step() * 0.8
    places = sorted({axis.at(name) for name in names})
    gaps = [after - before for before, after in pairwise(places)]
    return 0.8 * min(gaps, default=60.0)


def _nth(value: Any, place: int, default: Any) -> Any:
    """Give the one value of all points, or that of one."""
    if value is None:
        return default
    is_one = isinstance(value, str | int | float)
    return value if is_one else value[place]
