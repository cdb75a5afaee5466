"""Tags that opportunities carry by mistake, and the tags that they are read as instead."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from admira.core.tags import normalize_tag
from admira.errors import OptionError
from admira.schemas.mending import TAG_ALIASES

# A campaign tag, or a triple of campaign, source and medium.
Tags: TypeAlias = str | Sequence[str]
TagAliases: TypeAlias = Mapping[Any, Any]

# Campaign, source and medium; None for a source or medium that does not matter.
_Side: TypeAlias = tuple[str, str | None, str | None]

_TRIPLE = ("utm_campaign", "utm_source", "utm_medium")
_READ = ("read_campaign", "read_source", "read_medium")
_ALLOWED = ["a campaign tag", "a triple of campaign, source and medium"]


def alias_rows(tag_aliases: TagAliases) -> pd.DataFrame:
    """Write aliases as rows of the contract's table, tags normalised.

    Raises
    ------
    OptionError
        When a side is no tag and no triple, says nothing, or both sides are the same.
    """
    rows = [(*old, *new) for old, new in _sides(tag_aliases).items()]
    return TAG_ALIASES.complete(pd.DataFrame(rows, columns=[*_TRIPLE, *_READ], dtype=object))


def alias_mapping(rows: pd.DataFrame) -> dict[Tags, Tags]:
    """Give the rows of the contract's table as they are told: ``{old: new}``.

    Examples
    --------
    >>> alias_mapping(alias_rows({"Sprng": "spring", ("a", "fb", ""): "b"}))
    {('a', 'fb', ''): 'b', 'sprng': 'spring'}
    """
    ordered = rows.sort_values(list(_TRIPLE))
    sides = [ordered[[*names]].itertuples(index=False, name=None) for names in (_TRIPLE, _READ)]
    return {_told(old): _told(new) for old, new in zip(*sides, strict=True)}


def tag_side(option: str, given: Tags) -> _Side:
    """Read a campaign tag or a triple, normalised.

    Raises
    ------
    OptionError
        When it is neither, or says nothing.
    """
    if isinstance(given, str):
        side: _Side = (normalize_tag(given), None, None)
    else:
        is_triple = isinstance(given, Sequence) and len(given) == len(_TRIPLE)
        if not is_triple or not all(isinstance(tag, str) for tag in given):
            raise OptionError(option, given, _ALLOWED)
        campaign, source, medium = map(normalize_tag, given)
        side = (campaign, source, medium)
    if not any(side):
        raise OptionError(option, given, _ALLOWED)
    return side


def read_as(tagged: pd.DataFrame, tag_aliases: TagAliases | None) -> pd.DataFrame:
    """Give rows of tags as they are read: once, and by the whole triple before the campaign alone.

    Examples
    --------
    >>> tagged = pd.DataFrame([["sprng", "fb", "cpc"]], columns=list(_TRIPLE), dtype="str")
    >>> read_as(tagged, {"sprng": "spring"})
      utm_campaign utm_source utm_medium
    0       spring         fb        cpc
    """
    if not tag_aliases:
        return tagged
    known, names = _sides(tag_aliases), list(_TRIPLE)
    is_meant = tagged[_TRIPLE[0]].isin({campaign for campaign, _, _ in known})
    meant = tagged.loc[is_meant, names]
    read = [_read(triple, known) for triple in meant.itertuples(index=False, name=None)]
    columns = tagged[names].astype("str")
    columns.loc[is_meant] = pd.DataFrame(read, columns=names, index=meant.index, dtype="str")
    return tagged.assign(**columns)


def _sides(tag_aliases: TagAliases) -> dict[_Side, _Side]:
    """Read both sides of each alias."""
    if not isinstance(tag_aliases, Mapping):
        raise OptionError("tag_aliases", tag_aliases, ["a mapping of tags to tags"])
    sides = {}
    for old, new in tag_aliases.items():
        written, meant = tag_side("old tag", old), tag_side("new tag", new)
        if _read(written, {written: meant}) == written or not meant[0]:
            raise OptionError("new tag", new, ["another tag than the old one"])
        sides[written] = meant
    return sides


def _read(triple: _Side, known: Mapping[_Side, _Side]) -> _Side:
    """Give the tags that a triple is read as."""
    meant = known.get(triple) or known.get((triple[0], None, None))
    if meant is None:
        return triple
    _, source, medium = (
        old if new is None else new for old, new in zip(triple, meant, strict=True)
    )
    return meant[0], source, medium


def _told(side: Sequence[Any]) -> Tags:
    campaign, source, medium = side
    return campaign if pd.isna(source) else (campaign, source, medium)
