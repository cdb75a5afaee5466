"""Which campaigns are in which group, and what the rules leave out, as people see it."""

from dataclasses import dataclass

import pandas as pd

from admira.core.groups import UNGROUPED, takes_all
from admira.present.boxes import ALARMING, WELL, Box, Listing, listing
from admira.present.formats import count_text, dimension_text
from admira.present.language import say

_LISTED = 20


@dataclass(frozen=True, slots=True, repr=False)
class Grouping:
    """The campaigns of a store, put into groups.

    Attributes
    ----------
    name : str
        What ``by=`` calls it.
    rules : DataFrame, one row per rule, in order
        ``group``, ``channel``, ``campaign_id``, ``pattern``, ``campaigns`` (those that it took) and
        ``matches`` (those that it fits, earlier rules' included).
    campaigns : DataFrame, one row per campaign, the most clicked first
        ``channel``, ``campaign_id``, ``campaign_name`` (the latest), ``clicks``, ``group``, and
        ``also``: the other groups whose rules it fits.  A rule such as ``.*``, which takes what is
        left, is not counted among these.
    """

    name: str
    rules: pd.DataFrame
    campaigns: pd.DataFrame

    @property
    def unmatched(self) -> pd.DataFrame:
        """The campaigns that no rule fits: their group is ``(ungrouped)``."""
        return self._of(self.campaigns["group"] == UNGROUPED)

    @property
    def overlapping(self) -> pd.DataFrame:
        """The campaigns that rules of several groups fit; they are in that of the first."""
        return self._of(self.campaigns["also"] != "")

    @property
    def idle(self) -> pd.DataFrame:
        """The rules that took no campaign: none fits, or earlier rules took all that do.

        A rule such as ``.*`` is not among them: it waits for campaigns to come.
        """
        is_open = [takes_all(rule) for rule in self.rules.to_dict("records")]
        is_idle = (self.rules["campaigns"] == 0) & ~pd.Series(is_open, dtype=bool)
        return self.rules[is_idle].reset_index(drop=True)

    def _of(self, is_kept: pd.Series) -> pd.DataFrame:
        return self.campaigns[is_kept].reset_index(drop=True)

    @property
    def is_clear(self) -> bool:
        """Whether every campaign is in one group by one group's rules, and every rule is of use."""
        return self.unmatched.empty and self.overlapping.empty and self.idle.empty

    def __repr__(self) -> str:
        """Say how many campaigns are where, and what is not clear."""
        return f"<Grouping {self.name}: {grouping_text(self)}>"

    def _repr_html_(self) -> str:
        """Show the rules, and the campaigns that are in no group or fit several."""
        tables = [
            _rules(self.rules),
            _campaigns(self.unmatched, say("Campaigns in no group")),
            _campaigns(self.overlapping, say("Campaigns that fit several groups")),
        ]
        return Box(
            say("Groups by {name}", name=self.name),
            _facts(self),
            WELL if self.is_clear else ALARMING,
            listings=[table for table in tables if table.rows],
        ).html()


def grouping_text(found: Grouping) -> str:
    """Say on one line how many campaigns are where."""
    return ", ".join(_facts(found))


def _facts(found: Grouping) -> list[str]:
    """Say how many campaigns are where."""
    sizes = found.campaigns["group"].value_counts()
    groups = dict.fromkeys(found.rules["group"])
    facts = [
        say("campaigns in {group}: {count}", group=group, count=count_text(sizes.get(group, 0)))
        for group in groups
    ]
    if len(found.unmatched):
        facts.append(say("in no group: {count}", count=count_text(len(found.unmatched))))
    if len(found.overlapping):
        facts.append(say("in several: {count}", count=count_text(len(found.overlapping))))
    if len(found.idle):
        facts.append(say("rules that took none: {count}", count=count_text(len(found.idle))))
    return facts


def _rules(rules: pd.DataFrame) -> Listing:
    """Show the rules in order."""
    heads = [say("Group"), say("Rule"), say("Channel"), say("Took"), say("Fits")]
    rows = [
        [
            rule["group"],
            rule["pattern"] or rule["campaign_id"],
            dimension_text(rule["channel"]) if rule["channel"] else say("any"),
            count_text(rule["campaigns"]),
            count_text(rule["matches"]),
        ]
        for rule in rules.to_dict("records")
    ]
    return listing(heads, rows, right=[3, 4], title=say("Rules, the first that fits counts"))


def _campaigns(rows: pd.DataFrame, title: str) -> Listing:
    """Show campaigns with their group and the others they fit."""
    heads = [say("Channel"), say("Campaign"), say("Clicks"), say("Group"), say("Fits also")]
    texts = [
        [
            dimension_text(row["channel"]),
            row["campaign_id"] if pd.isna(row["campaign_name"]) else row["campaign_name"],
            count_text(row["clicks"]),
            row["group"],
            row["also"],
        ]
        for row in rows.head(_LISTED).to_dict("records")
    ]
    table = listing(heads, texts, right=[2], title=title)
    if len(rows) > _LISTED:
        table.notes.append(say("… and {count} more", count=count_text(len(rows) - _LISTED)))
    return table
