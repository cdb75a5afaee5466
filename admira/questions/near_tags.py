"""The known campaign whose tags are nearest to tags that met none, and what differs, in words."""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache, partial
from typing import NamedTuple
from urllib.parse import unquote

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from admira.core.campaigns import CAMPAIGN, TRIPLE
from admira.core.rules import DEFAULT_ALIASES
from admira.core.tags import normalize_tag
from admira.present.language import say

NEAR = 0.6
"""What is less alike is never suggested; as ``difflib.get_close_matches`` has it by default."""

_SEPARATORS = str.maketrans(dict.fromkeys(" +-.", "_"))


class Nearest(NamedTuple):
    """The campaigns that carry the nearest tags, the most clicked first; how near; what differs."""

    campaigns: pd.DataFrame
    similarity: float
    differs: str


def known_triples(campaigns: pd.DataFrame) -> pd.DataFrame:
    """Give each campaign and triple of a campaign map once, the most clicked first.

    Returns
    -------
    DataFrame
        ``channel``, ``campaign_id``, the triple, ``campaign_name`` (the latest) and ``clicks``.
    """
    ordered = campaigns.sort_values("last_day", kind="stable")
    known = ordered.groupby([*CAMPAIGN, *TRIPLE], as_index=False).agg(
        campaign_name=("campaign_name", "last"), clicks=("clicks", "sum")
    )
    keys = ["clicks", *CAMPAIGN, *TRIPLE]
    return known.sort_values(keys, ascending=[False] + [True] * 5, ignore_index=True)


def nearest(triple: Sequence[str], known: pd.DataFrame) -> Nearest | None:
    """Find the campaigns whose tags are nearest to a triple; None where none is near.

    The similarity is that of the campaign tags times the mean of those of source and medium, each
    in [0, 1]: twice the letters that match over all letters (Ratcliff & Metzener 1988, as
    ``difflib`` has it).  Tags are compared with percent codes decoded and separators alike, sources
    and media after aliases; one that is missing on either side agrees, as in the join.  A campaign
    is also known by its id, where that stands whole in the tag.

    Parameters
    ----------
    triple : sequence of str
        ``utm_campaign``, ``utm_source`` and ``utm_medium`` as stored.
    known : DataFrame
        As :func:`known_triples` gives it.

    Returns
    -------
    Nearest or None
        With all campaigns that carry the nearest triple.

    Examples
    --------
    >>> import admira
    >>> ads = admira.datasets.worked_example().ads_frame
    >>> found = nearest(["brnad", "google", "cpc"], known_triples(admira.campaign_map(ads)))
    >>> found.campaigns["campaign_id"].tolist(), found.similarity
    (['C-1002'], 0.8)
    >>> found.differs
    "campaign 'brnad' where the campaign has 'brand'"
    """
    if known.empty:
        return None
    by_tag = _by_text(known["utm_campaign"], partial(_alike, triple[0]))
    by_id = _by_text(known["campaign_id"], partial(_alike_id, triple[0]))
    agreed = [
        _by_text(known[name], partial(_agreeing, name, here))
        for name, here in zip(TRIPLE[1:], triple[1:], strict=True)
    ]
    similarity = np.maximum(by_tag, by_id) * np.mean(agreed, axis=0)
    best = int(similarity.argmax())
    if similarity[best] < NEAR:
        return None
    there = [str(tag) for tag in known[TRIPLE].iloc[best]]
    is_same = (known[TRIPLE].to_numpy() == there).all(axis=1)
    if by_id[best] > by_tag[best]:
        there[0] = str(known["campaign_id"].iloc[best])
        is_same &= (known["campaign_id"] == there[0]).to_numpy()
    return Nearest(known[is_same], float(similarity[best]), differences(triple, there))


def differences(here: Sequence[str], there: Sequence[str]) -> str:
    """Say in words how a triple differs from that of a campaign."""
    found = [_campaign_difference(here[0], there[0])]
    ours, theirs = (
        {name: _meant(name, tag) for name, tag in zip(TRIPLE[1:], triple[1:], strict=True)}
        for triple in (here, there)
    )
    if _is_apart(ours["utm_source"], theirs["utm_source"]):
        found.append(
            say("source '{found}' where the campaign has '{known}'", found=here[1], known=there[1])
        )
    if _is_apart(ours["utm_medium"], theirs["utm_medium"]):
        found.append(
            say("medium '{found}' where the campaign has '{known}'", found=here[2], known=there[2])
        )
    return "; ".join(filter(None, found))


def _campaign_difference(found: str, known: str) -> str:
    """Say how a campaign tag differs from the known one; nothing where it does not."""
    if found == known:
        return ""
    if _clean(found) == _clean(known):
        return say("'{found}' is '{known}' in another spelling", found=found, known=known)
    if _edits(found, known) == 1:
        return say("one letter differs: '{found}' for '{known}'", found=found, known=known)
    if found.startswith(known):
        return say("'{known}' with '{more}' behind it", known=known, more=found[len(known) :])
    return say("campaign '{found}' where the campaign has '{known}'", found=found, known=known)


def _is_apart(here: str, there: str) -> bool:
    """Tell sources or media that both sides state, and differently."""
    return bool(here and there) and here != there


def _by_text(texts: pd.Series, likeness: Callable[[str], float]) -> NDArray[np.float64]:
    """Work a likeness out once for each distinct text."""
    codes, distinct = pd.factorize(texts)
    found = [likeness(text) for text in distinct.tolist()]
    return np.array(found, dtype="float64")[codes]


@lru_cache(maxsize=65_536)
def _alike(found: str, known: str) -> float:
    """Say how alike two campaign tags are; 0 where they are surely not near."""
    ours, theirs = _clean(found), _clean(known)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    is_hopeless = not known or matcher.real_quick_ratio() < NEAR or matcher.quick_ratio() < NEAR
    return 0.0 if is_hopeless else _ratio(ours, theirs)


def _alike_id(found: str, campaign_id: str) -> float:
    """Say how much of a campaign tag the campaign's id is, where it stands whole in it."""
    written = _clean(normalize_tag(campaign_id))
    return _ratio(_clean(found), written) if written and written in _clean(found) else 0.0


def _agreeing(name: str, here: str, there: str) -> float:
    """Say how alike two sources or media are; one that is missing agrees."""
    ours, theirs = _meant(name, here), _meant(name, there)
    return _ratio(ours, theirs) if _is_apart(ours, theirs) else 1.0


@lru_cache(maxsize=65_536)
def _ratio(found: str, known: str) -> float:
    """Give twice the letters that match over all letters."""
    return SequenceMatcher(None, found, known, autojunk=False).ratio()


@lru_cache(maxsize=65_536)
def _clean(tag: str) -> str:
    """Write a tag with percent codes decoded and separators alike."""
    return normalize_tag(unquote(tag)).translate(_SEPARATORS).strip("_")


def _meant(name: str, tag: str) -> str:
    """Give what is meant by a source or a medium, after aliases."""
    return DEFAULT_ALIASES[name].get(tag, tag)


def _edits(found: str, known: str) -> int:
    """Count the letters to change, add or take away, at most as ``difflib`` blocks them."""
    matcher = SequenceMatcher(None, found, known, autojunk=False)
    return sum(
        max(end - start, last - first)
        for kind, start, end, first, last in matcher.get_opcodes()
        if kind != "equal"
    )
