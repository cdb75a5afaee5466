"""The axes of a static picture: where values stand, and what is written beside them."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any, Literal

import numpy as np
import pandas as pd
from babel.numbers import format_decimal

from admira.present.formats import day_text, grain_text
from admira.present.language import locale

Kind = Literal["number", "date", "name"]
Tick = tuple[float, str]

_TICKS = 6
_MONTHS_FROM = 75
_TAG = re.compile(r"<[^>]+>")
_FORMAT = re.compile(r"\.(\d)(~?)([f%])$")


@dataclass(slots=True)
class Axis:
    """One axis: the values that it spans, and the pixels from ``start`` to ``end``."""

    given: Any
    kind: Kind
    low: float
    high: float
    names: list[str] = field(default_factory=list)
    start: float = 0.0
    end: float = 0.0

    def at(self, value: Any) -> float:
        """Give the pixel of a value; what the axis is too short for stands at its end."""
        span = (self.high - self.low) or 1.0
        share = (self.place(value) - self.low) / span
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)

    def place(self, value: Any) -> float:
        """Give a value as a number on this axis."""
        if self.kind == "name":
            return float(self.names.index(str(value)))
        return _days(value) if self.kind == "date" else float(value)

    def step(self) -> float:
        """Give the pixels between two names."""
        return abs(self.end - self.start) / (abs(self.high - self.low) or 1.0)

    def ticks(self) -> list[Tick]:
        """Give where something is written, and what."""
        if self.given.visible is False:
            return []
        if self.kind == "name":
            return [(self.at(name), plain(name)) for name in self.names]
        return self._days() if self.kind == "date" else self._numbers()

    def _numbers(self) -> list[Tick]:
        step = _nice((self.high - self.low) / (_TICKS - 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        values = [place * step for place in range(first, last + 1)]
        return [(self.at(value), self.written(value)) for value in values]

    def _days(self) -> list[Tick]:
        first, last = (date(1970, 1, 1) + timedelta(days=end) for end in (self.low, self.high))
        if (last - first).days >= _MONTHS_FROM:
            months = [*pd.date_range(first, last, freq="MS")]
            shown = months[:: math.ceil(len(months) / _TICKS)]
            return [(self.at(month), grain_text(month.date(), "month")) for month in shown]
        steps = (1, 2, 7, 14, 28)
        step = next(days for days in steps if (last - first).days <= days * _TICKS or days == 28)  # noqa: PLR2004
        dates = [first + timedelta(days=n) for n in range(0, (last - first).days + 1, step)]
        return [(self.at(day), day_text(day)) for day in dates]

    def written(self, value: float) -> str:
        """Write a number as the figure's axis asks for it."""
        found = _FORMAT.search(self.given.tickformat or "")
        digits, trim, sort = found.groups() if found else ("2", "~", "f")
        decimals = ("#" if trim else "0") * int(digits)
        pattern = f"#,##0.{decimals}" if decimals else "#,##0"
        number = format_decimal(value * (100 if sort == "%" else 1), pattern, locale=locale())
        sign = "%" if sort == "%" else ""
        return f"{self.given.tickprefix or ''}{number}{sign}{self.given.ticksuffix or ''}"


def axis_of(given: Any, values: Iterable[Any], *, is_reversed: bool = False) -> Axis:
    """Make the axis that spans the values."""
    known = [value for value in values if not is_missing(value)]
    kind = _kind(given, known)
    if kind == "name":
        names = [*dict.fromkeys(map(str, known))]
        low, high = -0.5, len(names) - 0.5
        return Axis(given, kind, *((high, low) if is_reversed else (low, high)), names)
    if given.range is not None and kind == "number":
        low, high = map(float, given.range)
        return Axis(given, kind, low, high)
    places = [_days(value) if kind == "date" else float(value) for value in known] or [0.0, 1.0]
    low, high = min(places), max(places)
    if kind == "date":
        return Axis(given, kind, low, max(high, low + 1))
    low, high = min(low, 0.0), max(high, 0.0)  # bars begin at 0
    room = (high - low) * 0.06
    return Axis(given, kind, low - room if low < 0 else low, high + room or 1.0)


def is_missing(value: Any) -> bool:
    """Tell whether there is no value."""
    return value is None or value is pd.NA or value != value  # noqa: PLR0124 - how NaN is told


def plain(text: object) -> str:
    """Take plotly's HTML out of a text."""
    return unescape(_TAG.sub("", str(text)))


def _kind(given: Any, known: Sequence[Any]) -> Kind:
    if given.type == "date" or any(isinstance(v, (date, datetime, np.datetime64)) for v in known):
        return "date"
    is_named = given.type == "category" or any(isinstance(value, str) for value in known)
    return "name" if is_named else "number"


def _days(value: Any) -> float:
    return pd.Timestamp(value).timestamp() / 86400


def _nice(step: float) -> float:
    """Give the round number that is at least a step."""
    if step <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(step))
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= step * 0.999)
