"""What would mend tags that met no campaign: the nearest one, and how to make the two meet."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from admira.core.campaigns import CAMPAIGN, TRIPLE
from admira.core.tag_aliases import Tags
from admira.core.tags import normalize_tag
from admira.present.language import say
from admira.questions.near_tags import Nearest, nearest

_NEAR = [*CAMPAIGN, "campaign_name", *TRIPLE]


def with_nearest(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Add the nearest known campaign of each triple, what differs, and what would mend it."""
    triples = [*rows[TRIPLE].itertuples(index=False, name=None)]
    reasons = rows["reason"].tolist()
    found = [
        _suggested(triple, nearest(triple, known), reason)
        for triple, reason in zip(triples, reasons, strict=True)
    ]
    names = [*(f"near_{name}" for name in _NEAR), "near_campaigns", "similarity", "differs"]
    types = dict.fromkeys(names, "str")
    names += ["mend", "alias"]
    types |= {"near_campaigns": "Int64", "similarity": "Float64"}
    found = _told_apart(found, triples)
    suggested = pd.DataFrame(found, columns=names, index=rows.index, dtype=object).astype(types)
    return pd.concat([rows, suggested], axis="columns")


def _suggested(triple: Sequence[str], near: Nearest | None, reason: str) -> list[Any]:
    """Write down what is near to a triple, or that nothing is."""
    if near is None:
        why = (
            say("the campaign is known, but no campaign with nearly this source and medium")
            if reason == "utm_conflict"
            else say("no known campaign has nearly these tags")
        )
        return [*[None] * (len(_NEAR) + 2), why, None, None]
    best = near.campaigns.iloc[0]
    count = len(near.campaigns[CAMPAIGN].drop_duplicates())
    mends = [_mend(triple, near.campaigns), _alias(triple, best, reason)]
    return [*best[_NEAR], count, near.similarity, near.differs, *mends]


def _mend(triple: Sequence[str], campaigns: pd.DataFrame) -> dict[str, list[str]]:
    """Write the rows of a sheet under which the campaigns are known by the triple too.

    What the triple leaves out is the campaign's own, so that the row means no other source.
    """
    rows = campaigns[[*CAMPAIGN, *TRIPLE]].astype(object)
    for name, tag in zip(TRIPLE, triple, strict=True):
        rows[name] = tag or rows[name]
    return {str(name): values for name, values in rows.to_dict("list").items()}


def _alias(old: Sequence[str], best: pd.Series, reason: str) -> tuple[Tags, Tags]:
    """Give the tags to be read as others: the campaign tag alone, where only that is wrong.

    A campaign without a tag is known by its id.
    """
    campaign, source, medium = best[TRIPLE]
    new = (campaign or normalize_tag(best["campaign_id"]), source, medium)
    agrees = all("" in pair or len({*pair}) == 1 for pair in zip(old[1:], new[1:], strict=True))
    if agrees and old[0] and reason == "utm_unknown":
        return old[0], new[0]
    return tuple(old), new


def _told_apart(rows: list[list[Any]], triples: Sequence[Sequence[str]]) -> list[list[Any]]:
    """Give aliases of one campaign tag that would be read in several ways as triples instead."""
    aliases = [row[-1] for row in rows]
    news: dict[Tags, set[Tags]] = {}
    for alias in aliases:
        if alias is not None:
            news.setdefault(alias[0], set()).add(alias[1])
    told = [
        (tuple(triple), (alias[1], *triple[1:])) if alias and len(news[alias[0]]) > 1 else alias
        for alias, triple in zip(aliases, triples, strict=True)
    ]
    return [[*row[:-1], alias] for row, alias in zip(rows, told, strict=True)]
