"""Lines under a header that are no rows: totals, which would double the money, and footers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from admira.errors import OptionError
from admira.sources.mapping import CsvRule
from admira.sources.names import column_named

# A cell that states an amount: digits and their marks, with at most a currency around them.
_AMOUNT = re.compile(r"[^\d/]{0,4}\d[\d\s.,'’]*[^\d/]{0,4}")

# Matches no cell at all.
_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Footers:
    """What tells totals and footers: a pattern of whole cells, and columns that no row lacks."""

    pattern: re.Pattern[str]
    never_blank: tuple[str, ...] = ()

    @classmethod
    def of(cls, rule: CsvRule | None) -> "Footers":
        r"""Read a rule; a blank in a pattern is any blank, and case makes no difference.

        Raises
        ------
        OptionError
            When a pattern is no regular expression.

        Examples
        --------
        >>> rule = CsvRule(drop_if_any_cell=("Total : .*",))
        >>> bool(Footers.of(rule).pattern.fullmatch(" TOTAL\u00a0: compte"))
        True
        """
        if rule is None:
            return cls(_NOTHING)
        patterns = [re.sub(r"\\? ", r"\\s", pattern) for pattern in rule.drop_if_any_cell]
        for given, pattern in zip(rule.drop_if_any_cell, patterns, strict=True):
            try:
                re.compile(f"(?:{pattern})")
            except re.error:
                allowed = ["a regular expression without flags, for a whole cell"]
                raise OptionError("csv.drop_if_any_cell", given, allowed) from None
        either = "|".join(f"(?:{pattern})" for pattern in patterns)
        compiled = re.compile(rf"\s*(?:{either})\s*", re.IGNORECASE) if patterns else _NOTHING
        return cls(compiled, rule.drop_if_blank)

    def among(
        self,
        cells: pd.DataFrame,
        names: Sequence[str],
        surplus: Mapping[int, Sequence[str]],
        is_blank: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mark the lines that are footers, and those that are totals: footers with an amount.

        ``surplus`` holds what lines say beyond the last column; blank lines are neither.
        """
        is_no_row = self._matches(cells)
        for place, beyond in surplus.items():
            is_no_row[place] |= any(map(self.pattern.fullmatch, beyond))
        for name in self.never_blank:
            column = column_named([name], names)
            if column is not None:
                is_no_row |= blank_cells(cells[names.index(column)])
        is_no_row &= ~is_blank
        is_total = is_no_row.copy()
        is_total[is_no_row] = [self._states_amount(line) for line in cells[is_no_row].to_numpy()]
        return is_no_row & ~is_total, is_total

    def _matches(self, cells: pd.DataFrame) -> np.ndarray:
        """Mark the lines of which any cell matches; each distinct text of a column is read once."""
        is_match = np.zeros(len(cells), dtype=bool)
        if self.pattern is _NOTHING:
            return is_match
        for position in cells:
            texts = set(cells[position])
            texts.discard(None)
            matching = list(filter(self.pattern.fullmatch, texts))
            if matching:
                is_match |= cells[position].isin(matching).to_numpy()
        return is_match

    def _states_amount(self, line: Iterable[str | None]) -> bool:
        """Tell whether a cell beside those that match is an amount."""
        texts = [cell.strip() for cell in line if cell is not None]
        return any(_AMOUNT.fullmatch(it) and not self.pattern.fullmatch(it) for it in texts)


def blank_cells(cells: Iterable[str | None]) -> np.ndarray:
    """Mark the cells that hold no text."""
    return np.array([not cell or cell.isspace() for cell in cells], dtype=bool)
