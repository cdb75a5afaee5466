"""An export's own total beside the sum of its rows."""

import pandas as pd

from admira.schemas import ADS
from admira.sources.mapping import Preset
from admira.sources.paths import FrameFields
from admira.sources.rules import applied

# A total may be rounded, or be a little newer than the rows.
_TOLERANCE = 0.005


def checked_total(
    label: str, total_rows: pd.DataFrame, cost: pd.Series, preset: Preset
) -> str | None:
    """Give a warning where the largest total differs from the sum of the kept rows, else None.

    Exports state subtotals beside the total, so the largest one counts.
    """
    stated = applied(
        preset.columns["cost"],
        ADS["cost"],
        FrameFields(total_rows),
        decimal=preset.decimal,
        document=None,
        notes={},
    )
    total = _numbers(stated).max()
    kept = float(_numbers(cost).sum())
    if pd.isna(total) or abs(total - kept) <= _TOLERANCE * abs(total):
        return None
    return (
        f"{label}: the export states a total cost of {total:,.2f}, its rows add up to "
        f"{kept:,.2f}; rows may be missing or of another filter."
    )


def _numbers(cells: object) -> pd.Series:
    """Read cells as numbers; what is none is missing."""
    return pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").astype("float64")
