"""An object in a few words: a headline with facts, small tables, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from admira.present.cells import Cell
from admira.present.html import BAD, GOOD, LINE, WARNING, render
from admira.present.tables import Row

CALM, WELL, ALARMING = LINE, GOOD, WARNING
IN_RED = f"color:{BAD};font-weight:600"


@dataclass(frozen=True, slots=True)
class Listing:
    """A small table with notes below, as the template of tables draws it."""

    heads: list[Cell]
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """Calls to make next, each with what it gives, under a line that opens."""

    title: str
    calls: Sequence[tuple[str, str]]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """What is shown of an object: its rule is calm, green where all is well, amber where not."""

    title: str
    facts: list[str]
    colour: str = CALM
    alarm: str = ""
    listings: list[Listing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    details: list[tuple[str, str]] = field(default_factory=list)
    steps: Steps | None = None

    def html(self) -> str:
        """Draw it."""
        return render("box", box=self)


def wrapped(text: str) -> Cell:
    """Give a cell of text that may take several lines."""
    return Cell(text, align="left", style="white-space:normal")


def listing(
    heads: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    *,
    right: Sequence[int] = (),
    title: str = "",
) -> Listing:
    """Make a small table of texts; the columns named by position stand to the right.

    Examples
    --------
    >>> table = listing(["Table", "Rows"], [["ads", "12"]], right=[1])
    >>> [cell.align for cell in table.rows[0].cells]
    ['left', 'right']
    """
    aligns = ["right" if place in right else "left" for place in range(len(heads))]
    return Listing(
        [Cell(head, align=align) for head, align in zip(heads, aligns, strict=True)],
        [
            Row(
                [
                    cell if isinstance(cell, Cell) else Cell(cell, align=align)
                    for cell, align in zip(row, aligns, strict=True)
                ]
            )
            for row in rows
        ],
        title=title,
    )
