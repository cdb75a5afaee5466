"""Groups of campaigns: rules kept in a store, and dimensions of its KPIs like any other."""

from collections.abc import Mapping
from inspect import signature
from typing import Any, Protocol

import pandas as pd

from admira.core.campaigns import CAMPAIGN, latest_names
from admira.core.groups import group_rules, grouped, takes_all
from admira.core.rules import JOIN_OPTIONS
from admira.errors import OptionError
from admira.mending.grouping import Grouping
from admira.questions.given import rows_given
from admira.schemas import FACTS
from admira.schemas.mending import GROUPS
from admira.schemas.metrics import metrics
from admira.stores.base import Backend

_SHOWN = ["name", "group", "channel", "campaign_id", "pattern"]
# What questions put beside the dimensions.
_BESIDE = (
    "age_days basis before budget cohort contribution difference direction expected forecast high "
    "is_complete is_equal low metric mix_effect month note now pace previous projected rate_effect "
    "rows spent stated status stored value verdict z"
)
_VERBS = ("cohorts", "compare", "facts", "lags", "metrics", "movers")


class Kept(Protocol):
    """What is asked of a store."""

    backend: Backend

    def campaigns(self) -> pd.DataFrame:
        """Give the campaign map."""


def add_group(store: Kept, name: str, rules: Any) -> Grouping:
    """Put campaigns into groups, which are a dimension and a filter of every question from now on.

    Each campaign is in one group, by the first rule that matches; a renamed one goes by its latest
    name, for all of its days.  So groups part the rows: their sums add up to those of all.  Rules
    of a name take the place of those that it had.

    Parameters
    ----------
    name : str
        What ``by=`` calls it, such as ``"brand"``.
    rules : mapping, DataFrame, list of dicts, or path of a CSV file or workbook
        Groups to a regular expression or several, searched in the campaign's name whatever the
        case, and in its id where it has none.  Or a table, one row per rule: ``group``, and either
        ``pattern`` or ``campaign_id``; ``channel`` where a rule is only for one.

    Returns
    -------
    Grouping
        Which campaigns are where, which are in no group or fit several, which rules match none.

    Raises
    ------
    OptionError
        When the name is a column's, a metric's or an option's, or a column of the table is unknown.
    SchemaMismatch
        When the table lacks a column.
    DataError
        When a rule cannot be used.
    StoreError
        When the store cannot be written.

    Examples
    --------
    >>> import admira
    >>> store = admira.demo()
    >>> store.add_group("brand", {"brand": "brand|marca", "non-brand": ".*"})
    <Grouping brand: campaigns in brand: 9, campaigns in non-brand: 51>
    >>> store.metrics("brand", scope="paid")[["brand", "cost", "roas"]].round(2)
           brand       cost   roas
    0  (unknown)       0.00   <NA>
    1      brand   27098.21  11.91
    2  non-brand  151887.57   3.73
    >>> store.remove_group("brand")
    """
    _check_name(store, name)
    table = rules if isinstance(rules, Mapping) else rows_given("rules", rules)
    read = group_rules(name, table)
    if read.empty:
        raise OptionError("rules", "no rule", ["at least one group and its pattern"])
    with store.backend.transaction() as commit:
        stored = commit.rows(GROUPS)
        if not stored[stored["name"] == name].reset_index(drop=True).equals(read):
            commit.replace(GROUPS, pd.concat([stored[stored["name"] != name], read]))
    return grouping(store, name)


def groups(store: Kept) -> pd.DataFrame:
    """Give the rules of all groups that the store keeps.

    Returns
    -------
    DataFrame
        One row per rule, those of a name in their order: ``name``, ``group``, ``channel``,
        ``campaign_id`` and ``pattern``, blank where a rule does not say it.
    """
    return _sorted(store.backend.rows(GROUPS))[_SHOWN]


def grouping(store: Kept, name: str) -> Grouping:
    """Say which campaigns are in which group now, and what the rules leave out.

    Parameters
    ----------
    name : str
        As it was given to :meth:`add_group`.

    Returns
    -------
    Grouping

    Raises
    ------
    OptionError
        When there is no group of that name.
    """
    stored = store.backend.rows(GROUPS)
    rules = _sorted(stored[stored["name"] == name])
    if rules.empty:
        raise _unknown(name, stored)
    found = grouped(_campaigns(store.campaigns()), rules)
    first = found.matches.argmax(axis=1)
    is_matched = found.matches.any(axis=1)
    counts = pd.Series(first[is_matched]).value_counts().reindex(range(len(rules)), fill_value=0)
    is_open = [takes_all(rule) for rule in rules.to_dict("records")]
    labels = rules["group"].to_numpy()
    also = [
        ", ".join(dict.fromkeys(one for one in labels[row & ~pd.array(is_open)] if one != own))
        for row, own in zip(found.matches, found.campaigns["group"], strict=True)
    ]
    return Grouping(
        name=name,
        rules=rules[_SHOWN[1:]].assign(
            campaigns=counts.to_numpy(), matches=found.matches.sum(axis=0)
        ),
        campaigns=found.campaigns.assign(also=pd.array(also, dtype="str")),
    )


def remove_group(store: Kept, name: str) -> None:
    """Forget the rules of a group; no row changes.

    Parameters
    ----------
    name : str
        As it was given to :meth:`add_group`.

    Raises
    ------
    OptionError
        When there is no group of that name.
    """
    with store.backend.transaction() as commit:
        stored = commit.rows(GROUPS)
        if name not in set(stored["name"]):
            raise _unknown(name, stored)
        commit.replace(GROUPS, stored[stored["name"] != name])


def _unknown(name: str, stored: pd.DataFrame) -> OptionError:
    known = sorted({*stored["name"]})
    return OptionError("group", name, known or ["a group, once add_group() has made one"])


def _sorted(rules: pd.DataFrame) -> pd.DataFrame:
    return rules.sort_values(list(GROUPS.key), ignore_index=True)


def _check_name(store: Kept, name: str) -> None:
    """Refuse a name that no option can have, or that means something already."""
    options = {each for verb in _VERBS for each in signature(getattr(store, verb)).parameters}
    taken = {*FACTS.names, *metrics.columns, *options, *JOIN_OPTIONS, *_BESIDE.split()}
    if not isinstance(name, str) or not name.isidentifier() or name in taken:
        raise OptionError("name", name, ["a word that is no column, metric or option yet"])
    for end in ("_previous", "_change"):
        if name.endswith(end):
            raise OptionError("name", name, [f"a word that does not end in {end}"])


def _campaigns(known: pd.DataFrame) -> pd.DataFrame:
    """Give each campaign once with its latest name and its clicks, the most clicked first."""
    own = known[known["known_by"] == "ads"].groupby(CAMPAIGN, as_index=False)["clicks"].sum()
    named = own.merge(latest_names(known), how="left", on=CAMPAIGN, validate="1:1")
    ordered = named[[*CAMPAIGN, "campaign_name", "clicks"]]
    return ordered.sort_values("clicks", ascending=False, kind="stable", ignore_index=True)
