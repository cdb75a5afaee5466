"""Why rows are bad: reasons gathered cell by cell and written as one text for each row."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

_BETWEEN = "; "


def join_problems(found: Iterable[tuple[str, np.ndarray]], length: int) -> pd.Series:
    """Give one text for each of ``length`` rows: the problems found at its position, in order.

    ``found`` pairs a problem, such as ``"clicks: not a number"``, with the positions that have it.
    """
    texts = [""]
    codes = np.zeros(length, dtype="int64")
    for problem, positions in found:
        before, code = np.unique(codes[positions], return_inverse=True)
        codes[positions] = len(texts) + code
        texts += [_BETWEEN.join(filter(None, (texts[known], problem))) for known in before]
    return pd.Series(pd.array(texts, dtype="str").take(codes))


def count_problems(texts: pd.Series) -> dict[str, int]:
    """Count the rows that have each problem, the most frequent first."""
    counts: dict[str, int] = {}
    for text, rows in texts.value_counts().items():
        for problem in filter(None, str(text).split(_BETWEEN)):
            counts[problem] = counts.get(problem, 0) + int(rows)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def known_problems(rows: pd.DataFrame) -> pd.Series:
    """Give what is known of each row's problems, by position."""
    if "problems" not in rows.columns:
        return pd.Series("", index=range(len(rows)), dtype="str")
    return rows["problems"].reset_index(drop=True).astype("str").fillna("")
