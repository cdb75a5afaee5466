"""Settling a pull: of several accepted rows with one natural key, the last one counts."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from admira.schemas import Table


class Settled(NamedTuple):
    """The rows that count, and how many did not: rows in = rows out + repeated + superseded.

    ``repeated`` rows were the same as the one that counts, ``superseded`` ones differed from it.
    """

    rows: pd.DataFrame
    repeated: int
    superseded: int


def settle(accepted: pd.DataFrame, table: Table) -> Settled:
    """Keep the last row of each natural key, in the order given, with a fresh index."""
    key = list(table.key)
    is_last = ~accepted.duplicated(key, keep="last").to_numpy()
    if is_last.all():
        return Settled(accepted, repeated=0, superseded=0)
    contested = accepted[accepted.duplicated(key, keep=False)]
    number = contested.groupby(key, sort=False, dropna=False).ngroup().to_numpy()
    content = contested.groupby(list(contested.columns), sort=False, dropna=False).ngroup()
    last = dict(zip(number, content, strict=True))  # later rows overwrite earlier ones
    is_same = content.to_numpy() == np.array([last[each] for each in number])
    rows = accepted[is_last].reset_index(drop=True)
    repeated = int(is_same.sum()) - len(last)
    return Settled(rows, repeated, len(accepted) - len(rows) - repeated)
