"""Groups of campaigns: rules that put each campaign into one, by its latest name or its id."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from admira.core.tags import normalize_tag
from admira.errors import DataError, OptionError, SchemaMismatch
from admira.schemas.mending import GROUPS

UNGROUPED = "(ungrouped)"

_COLUMNS = ("group", "pattern", "campaign_id", "channel")


class Grouped(NamedTuple):
    """Campaigns with their group, and which rules match which campaigns (campaigns × rules)."""

    campaigns: pd.DataFrame
    matches: NDArray[np.bool_]


def group_rules(name: str, rules: Any) -> pd.DataFrame:
    """Read the rules of a group: a mapping of groups to patterns, or a table.

    Raises
    ------
    OptionError
        When a column means nothing.
    SchemaMismatch
        When the table lacks ``group``, or names no campaigns.
    DataError
        When a rule cannot be used; it is named.
    """
    if isinstance(rules, Mapping):
        several = {group: [one] if isinstance(one, str) else [*one] for group, one in rules.items()}
        pairs = [(group, pattern) for group, patterns in several.items() for pattern in patterns]
        rules = pd.DataFrame(pairs, columns=["group", "pattern"], dtype=object)
    for column in rules:
        if column not in _COLUMNS:
            raise OptionError("rules column", column, _COLUMNS)
    if "group" not in rules or not {"pattern", "campaign_id"} & {*rules}:
        lacking = [] if "group" in rules else ["group"]
        lacking += [] if {"pattern", "campaign_id"} & {*rules} else ["pattern or campaign_id"]
        raise SchemaMismatch("rules", missing=lacking, found=rules.columns)
    texts = {name: _texts(rules, name) for name in _COLUMNS}
    for place, rule in enumerate(zip(*texts.values(), strict=True)):
        _check(place, dict(zip(texts, rule, strict=True)))
    read = pd.DataFrame({**texts, "name": name, "place": range(len(rules))})
    return GROUPS.complete(read.assign(channel=[normalize_tag(one) for one in texts["channel"]]))


def _texts(rules: pd.DataFrame, name: str) -> list[str]:
    """Give a column as trimmed texts; blank where it is not there."""
    if name not in rules:
        return [""] * len(rules)
    return ["" if pd.isna(one) else str(one).strip() for one in rules[name].astype(object)]


def _check(place: int, rule: Mapping[str, str]) -> None:
    """Refuse a rule that names no group or no campaigns, or whose pattern is none."""
    found = ""
    if not rule["group"] or rule["group"].startswith("("):
        found = f"its group is {rule['group']!r}; give it a name that does not begin with a bracket"
    elif bool(rule["pattern"]) == bool(rule["campaign_id"]):
        found = "it should have either a pattern or a campaign_id"
    else:
        try:
            re.compile(rule["pattern"])
        except re.error as error:
            found = f"{rule['pattern']!r} is no regular expression ({error})"
    if found:
        raise DataError(f"Rule {place + 1} of the group cannot be used: {found}.")


def grouped(campaigns: pd.DataFrame, rules: pd.DataFrame) -> Grouped:
    """Put each campaign into the group of the first rule that matches.

    Parameters
    ----------
    campaigns : DataFrame, one row per campaign
        ``channel``, ``campaign_id`` and ``campaign_name``.  A pattern is searched in the name, in
        the id where there is none, whatever the case.
    rules : DataFrame
        The rules of one group, in order.

    Returns
    -------
    Grouped
        The campaigns with ``group``: ``(ungrouped)`` where no rule matches, and a bucket's own
        bracketed name.
    """
    named = campaigns["campaign_name"].fillna(campaigns["campaign_id"]).fillna("").tolist()
    matches = np.zeros((len(campaigns), len(rules)), dtype=bool)
    for place, rule in enumerate(rules.to_dict("records")):
        if rule["campaign_id"]:
            matches[:, place] = (campaigns["campaign_id"] == rule["campaign_id"]).to_numpy()
        else:
            search = re.compile(rule["pattern"], re.IGNORECASE).search
            matches[:, place] = [search(text) is not None for text in named]
        if rule["channel"]:
            matches[:, place] &= (campaigns["channel"] == rule["channel"]).to_numpy()
    is_bucket = campaigns["campaign_id"].str.startswith("(").fillna(value=False).to_numpy(bool)
    matches[is_bucket] = False
    labels = np.array([*rules["group"], UNGROUPED], dtype=object)
    first = np.where(matches.any(axis=1), matches.argmax(axis=1), len(rules)) if len(rules) else 0
    groups = pd.Series(labels[first], index=campaigns.index, dtype="str")
    groups = groups.where(~is_bucket, campaigns["campaign_id"])
    return Grouped(campaigns.assign(group=groups), matches)


def takes_all(rule: Mapping[Any, Any]) -> bool:
    """Tell a rule for whatever is left, such as ``.*``: its pattern is found even in no text."""
    is_open = not rule["campaign_id"] and not rule["channel"]
    return is_open and re.search(rule["pattern"], "") is not None
