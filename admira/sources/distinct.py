"""Columns as lists of cells: blanks found, gaps filled, each distinct text read only once."""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from math import isnan
from typing import Any

Cells = list[Any]

# The types of cells that hold nothing or text, and so can be looked up as they are.
_TEXT_OR_NOTHING = {str, type(None)}


def read_texts_once(cells: Cells, read: Callable[[str], Any]) -> Cells:
    """Give the cells with every text replaced by what is read in it; others stay.

    Examples
    --------
    >>> read_texts_once(["1 %", 2, None, "1 %"], lambda text: text.strip(" %"))
    ['1', 2, None, '1']
    """
    types = set(map(type, cells))
    if str not in types:
        return cells
    if types <= _TEXT_OR_NOTHING:
        meaning = {text: None if text is None else read(text) for text in dict.fromkeys(cells)}
        return list(map(meaning.__getitem__, cells))
    texts = dict.fromkeys(cell for cell in cells if isinstance(cell, str))
    meaning = {text: read(text) for text in texts}
    return [meaning[cell] if isinstance(cell, str) else cell for cell in cells]


def texts_in(cells: Cells) -> list[str]:
    """Give the distinct texts among the cells, in the order in which they occur."""
    if set(map(type, cells)) <= _TEXT_OR_NOTHING:
        return [text for text in dict.fromkeys(cells) if text is not None]
    return list(dict.fromkeys(cell for cell in cells if isinstance(cell, str)))


def is_blank(cell: Any) -> bool:
    """Tell whether a cell holds nothing: null, not a number, or text of spaces only."""
    if cell is None:
        return True
    if isinstance(cell, str):
        return not cell or cell.isspace()
    return isinstance(cell, float) and isnan(cell)


def first_filled(columns: Sequence[Cells]) -> Cells:
    """Give of every row the first cell that is not blank, else the last one."""
    *earlier, merged = columns
    for column in reversed(earlier):
        merged = _patched(column, merged)
    return merged


def filled(cells: Cells, default: Any) -> Cells:
    """Give the cells with a default in place of blanks."""
    return _patched(cells, repeat(default))


def _patched(cells: Cells, patches: Iterable[Any]) -> Cells:
    """Give the cells, and in place of blanks what stands in their row of the patches."""
    try:
        distinct = set(cells)
    except TypeError:  # lists and objects have no hash
        return [
            patch if is_blank(cell) else cell for cell, patch in zip(cells, patches, strict=False)
        ]
    if set(map(type, distinct)) <= _TEXT_OR_NOTHING:
        blanks = {text for text in distinct if not text or text.isspace()}
    else:
        blanks = {cell for cell in distinct if is_blank(cell)}
    if not blanks:
        return cells
    return [patch if cell in blanks else cell for cell, patch in zip(cells, patches, strict=False)]


def compared(cell: Any) -> str | None:
    """Give a plain value as the text that a mapping's conditions are compared with.

    Letter case and outer spaces make no difference; nothing is ``""``, and what is no plain value
    equals no text.

    Examples
    --------
    >>> [compared(cell) for cell in (True, " Won ", 1, 1.0, None)]
    ['true', 'won', '1', '1', '']
    """
    if is_blank(cell):
        return ""
    if isinstance(cell, str):
        return cell.strip().casefold()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if not isinstance(cell, bool | int | float):
        return None
    try:
        return str(cell).lower()
    except ValueError:  # Python writes no integers of thousands of digits
        return None
