"""Tags that opportunities carry by mistake: kept in a store, and read as others by the join."""

from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

from admira.core.tag_aliases import Tags, alias_mapping, alias_rows
from admira.errors import OptionError
from admira.schemas.mending import TAG_ALIASES
from admira.stores.base import Backend

_OLD = list(TAG_ALIASES.key)


class Kept(Protocol):
    """What is asked of a store."""

    backend: Backend


def alias(store: Kept, old: Tags | Mapping[Any, Any], new: Tags | None = None) -> int:
    """Read a tag of opportunities as another one from now on, wherever the store joins.

    The rows stay as they are, so it can be taken back: :meth:`remove_alias`.  Tags are read once,
    so that of two aliases one never follows the other, and a whole triple before a campaign tag.

    Parameters
    ----------
    old : str, or (campaign, source, medium)
        The tag that opportunities carry: a campaign tag, whatever its source and medium, or a
        triple, ``""`` for what is missing.  Or a mapping of old to new ones.
    new : str, or (campaign, source, medium)
        What it is read as; a campaign tag leaves source and medium as they are.

    Returns
    -------
    int
        How many aliases are new or changed.

    Raises
    ------
    OptionError
        When a side is neither a tag nor a triple, or both are the same.
    StoreError
        When the store cannot be written.

    Examples
    --------
    >>> import admira
    >>> store = admira.demo()
    >>> store.alias("free_trial_2024", "free_trial")
    1
    >>> store.aliases()
    {'free_trial_2024': 'free_trial'}
    >>> store.remove_alias("free_trial_2024")
    """
    if isinstance(old, Mapping) != (new is None):
        found = "a mapping and a new tag" if isinstance(old, Mapping) else new
        raise OptionError("new", found, ["a tag, a triple, or None where old is a mapping"])
    told = alias_rows(old if isinstance(old, Mapping) else {_hashable(old): new})
    with store.backend.transaction() as commit:
        stored = commit.rows(TAG_ALIASES)
        is_old = pd.concat([stored, told]).duplicated().to_numpy()[len(stored) :]
        if not is_old.all():
            together = pd.concat([stored, told[~is_old]], ignore_index=True)
            commit.replace(TAG_ALIASES, together.drop_duplicates(_OLD, keep="last"))
    return int((~is_old).sum())


def aliases(store: Kept) -> dict[Tags, Tags]:
    """Give the aliases that the store keeps, as :meth:`alias` takes them."""
    return alias_mapping(store.backend.rows(TAG_ALIASES))


def remove_alias(store: Kept, old: Tags) -> None:
    """Read a tag as it is written again.

    Parameters
    ----------
    old : str, or (campaign, source, medium)
        As it was given to :meth:`alias`.

    Raises
    ------
    OptionError
        When there is no alias of it.
    """
    with store.backend.transaction() as commit:
        known = alias_mapping(commit.rows(TAG_ALIASES))
        wanted = alias_mapping(alias_rows({_hashable(old): "any other tag"}))
        (written,) = wanted
        if written not in known:
            raise OptionError("old", old, known or ["an alias, once alias() has made one"])
        del known[written]
        commit.replace(TAG_ALIASES, alias_rows(known))


def _hashable(tags: Tags) -> Tags:
    return tuple(tags) if isinstance(tags, list) else tags
