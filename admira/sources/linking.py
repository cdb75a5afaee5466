"""Leads and the deals they became: one record under the lead's id."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from admira.sources.pulls import Pull
from admira.sources.records import objects

# What a lead's record takes from its deal: how far it came, what it is worth, and when.
_OF_THE_DEAL = ("stage", "amount", "currency", "closed_at", "updated_at")

# Leads and deals may count their ids alike; linked deals that stay records get names of their own.
_PREFIX = "deal:"


def linked(pulls: Sequence[Pull]) -> list[Pull]:
    """Join deals to the leads they came from, where the platform says how.

    A lead that became a deal is one record: the lead's id, day and tags, the deal's stage and
    amount.  Further deals of the same lead stay records that entered as opportunities, and so do
    deals without a lead; their ids are prefixed with ``deal:``.  Where only one side was pulled,
    nothing changes.

    Parameters
    ----------
    pulls : sequence of Pull
        Pulls of crm.  Those of a platform's form are leads or deals by their ``entry_stage``; one
        side at least has ``links`` to the other: ``deal_id`` of a lead, ``lead_id`` of a deal.

    Returns
    -------
    list of Pull
        The same pulls in the same order; deals that were joined are gone from theirs.
    """
    leads = [_side(pull, "lead", "deal_id") for pull in pulls]
    deals = [_side(pull, "opportunity", "lead_id") for pull in pulls]
    both = [[rows for rows in side if rows is not None and len(rows)] for side in (leads, deals)]
    if not all(both):
        return list(pulls)
    all_leads, all_deals = map(pd.concat, both)
    if all_leads["deal_id"].isna().all() and all_deals["lead_id"].isna().all():
        return list(pulls)
    pairs = _pairs(all_leads, all_deals)
    deal_of_lead = dict(zip(pairs["lead"], pairs["deal"], strict=True))
    by_id = all_deals.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")
    return [
        _of_leads(pull, deal_of_lead, by_id)
        if lead is not None
        else _of_deals(pull, set(pairs["deal"]))
        if deal is not None
        else pull
        for pull, lead, deal in zip(pulls, leads, deals, strict=True)
    ]


def _side(pull: Pull, entry_stage: str, link: str) -> pd.DataFrame | None:
    """Give the rows of a pull on one side, with ids and links as text, or None if it is not."""
    entered = pull.frame.get("entry_stage")
    if not pull.form or entered is None or not (entered == entry_stage).all():
        return None
    links = None if pull.links is None else pull.links.get(link)
    return pull.frame.assign(
        opportunity_id=_texts(pull.frame["opportunity_id"]),
        **{link: None if links is None else _texts(links)},
    )


def _texts(values: pd.Series) -> pd.Series:
    """Write ids as text, None where there is none."""
    return _each(values, lambda value: None if value is None else str(value).strip() or None)


def _each(values: pd.Series, change: Callable[[Any], Any]) -> pd.Series:
    """Change each value, and keep it an object: JSON can spell text that no column can hold."""
    return objects(list(map(change, values))).set_axis(values.index)


def _pairs(leads: pd.DataFrame, deals: pd.DataFrame) -> pd.DataFrame:
    """Pair each lead with its first deal: the one that it names, else the first that names it."""
    named = leads.loc[leads["deal_id"].isin(deals["opportunity_id"]), ["opportunity_id", "deal_id"]]
    naming = deals.loc[
        deals["lead_id"].isin(leads["opportunity_id"]), ["lead_id", "opportunity_id"]
    ]
    pairs = pd.concat(
        [named.set_axis(["lead", "deal"], axis=1), naming.set_axis(["lead", "deal"], axis=1)]
    )
    return pairs.dropna().drop_duplicates("lead").drop_duplicates("deal")


def _of_leads(pull: Pull, deal_of_lead: dict[str, str], deals: pd.DataFrame) -> Pull:
    """Give leads the stage and amount of their deals."""
    frame = pull.frame.copy()
    deal = _each(_texts(frame["opportunity_id"]), deal_of_lead.get)
    has_deal = deal.notna().to_numpy()
    for name in _OF_THE_DEAL:
        if name not in deals:
            continue
        if name not in frame:
            frame[name] = pd.Series([None] * len(frame), dtype=object, index=frame.index)
        frame.loc[has_deal, name] = deals.loc[deal[has_deal], name].to_numpy()
    return replace(pull, frame=frame)


def _of_deals(pull: Pull, joined: set[str]) -> Pull:
    """Leave out the deals that are joined to a lead, and mark the ids of the others."""
    ids = _texts(pull.frame["opportunity_id"])
    left = pull.frame[~ids.isin(joined).to_numpy()].copy()
    others = ids[~ids.isin(joined)]
    left["opportunity_id"] = _each(others, lambda t: None if t is None else f"{_PREFIX}{t}")
    return replace(pull, frame=left.reset_index(drop=True))
