"""The UTM sheet that a store keeps: triples that campaigns are also known under."""

from typing import NamedTuple

import pandas as pd

from admira.schemas import TAGS


class KeptTags(NamedTuple):
    """A sheet after new rows came to it, and how many of them changed something."""

    rows: pd.DataFrame
    changed: int


def keep_tags(stored: pd.DataFrame, incoming: pd.DataFrame) -> KeptTags:
    """Put incoming rows in the place of stored ones with the same key; add the others."""
    key = list(TAGS.key)
    together = pd.concat([stored, TAGS.complete(incoming)], ignore_index=True)
    rows = together.drop_duplicates(key, keep="last").sort_values(key, ignore_index=True)
    is_old = pd.concat([stored, rows]).duplicated().to_numpy()[len(stored) :]
    return KeptTags(rows, int((~is_old).sum()))
