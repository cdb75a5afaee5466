"""The table of what was measured, and how each figure grows from size to size."""

import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from tests.benchmarks.runs import Measured


@dataclass(frozen=True)
class Target:
    """What a ratio (or a figure) has to be: at most, at least or just a limit.

    A ratio is the rival's to ours where it has to be at least something, else ours to the rival's.
    """

    sign: Literal["≤", "≥", "="]
    limit: float

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.sign} {self.limit:,g}"

    @property
    def is_turned(self) -> bool:
        """Whether a ratio is the rival's to ours."""
        return self.sign == "≥"

    def is_met(self, value: float) -> bool:
        """Say whether a ratio or figure is good enough."""
        return {"≤": operator.le, "≥": operator.ge, "=": operator.eq}[self.sign](value, self.limit)


@dataclass(frozen=True)
class Row:
    """One line of the table: a piece of work, ours beside a rival."""

    work: str
    rival: str
    ours: float | None = None
    theirs: float | None = None
    target: Target | None = None
    unit: str = "s"
    memory: tuple[str, str] = ("", "")
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours to the rival's, or the other way round where the target is written so."""
        if self.ours is None or self.theirs is None:
            return None
        is_turned = self.target is not None and self.target.is_turned
        above, below = (self.theirs, self.ours) if is_turned else (self.ours, self.theirs)
        return above / below if below else math.inf

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        value = self.ours if self.theirs is None else self.ratio
        return None if self.target is None or value is None else self.target.is_met(value)

    def cells(self) -> list[str]:
        """Give what stands in the columns."""
        return [
            self.work,
            _figure(self.ours, self.unit),
            self.rival,
            _figure(self.theirs, self.unit) or self.note,
            "" if self.ratio is None else f"{self.ratio:.3g}",
            self._wanted(),
            {True: "yes", False: "NO", None: ""}[self.is_met],
            *self.memory,
        ]

    def _wanted(self) -> str:
        """Write the target, and of which ratio it is."""
        if self.target is None:
            return ""
        of_what = "rival/ours " if self.target.is_turned else "ours/rival "
        return f"{'' if self.theirs is None else of_what}{self.target}"


_HEADS = ["work", "ours", "rival", "its", "ratio", "target", "met", "peak MB", "its peak MB"]


def beside(
    work: str,
    measured: dict[str, Measured],
    rival: str,
    target: Target | None = None,
    *,
    ours: str = "admira",
    step: int = 0,
) -> Row:
    """Give the line of ours and a rival; where the rival was left out, the line says so."""
    mine = measured[ours]
    if rival not in measured:
        return Row(
            work, rival, mine.seconds(step), memory=(_memory(mine, step), ""), note="left out"
        )
    other = measured[rival]
    memory = (_memory(mine, step), _memory(other, step))
    return Row(work, rival, mine.seconds(step), other.seconds(step), target, memory=memory)


def table(found: Sequence[tuple[int, Row]]) -> str:
    """Write the lines of all sizes as one table."""
    lines = [["rows", *_HEADS], *([f"{size:,}", *row.cells()] for size, row in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [lines[0], rule, *lines[1:]]
    )


def growth(found: Iterable[tuple[int, Row]]) -> str:
    """Write how each figure grows from size to size, as a power of the number of rows."""
    figures: dict[tuple[str, str, str], dict[int, float]] = {}
    for size, row in found:
        for who, figure in (("admira", row.ours), (row.rival, row.theirs)):
            if figure and who:
                figures.setdefault((row.work, who, row.unit), {})[size] = figure
    lines = []
    for (work, who, unit), by_size in figures.items():
        steps = [
            f"{_figure(here, unit)} → {_figure(there, unit)} "
            f"(rows^{math.log(there / here) / math.log(larger / smaller):.2f})"
            for (smaller, here), (larger, there) in pairwise(sorted(by_size.items()))
        ]
        if steps:
            lines.append(f"{work}, {who}: {'; '.join(steps)}")
    return "\n".join(lines)


def _memory(measured: Measured, step: int) -> str:
    """Write peak memory, and by how much the work itself raised it."""
    return f"{measured.peak(step):,.0f} (+{measured.growth(step):,.0f})"


def _figure(value: float | None, unit: str) -> str:
    """Write a figure with its unit."""
    if value is None:
        return ""
    if unit != "s":
        return f"{value:,.0f} {unit}"
    return f"{value:.3f} s" if value < 10 else f"{value:.1f} s"
