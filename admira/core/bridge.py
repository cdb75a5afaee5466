"""The bridge: which campaigns share an opportunity, decided once per distinct tags and month."""

from typing import Any

import numpy as np
import pandas as pd

from admira.core.campaigns import CAMPAIGN, TRIPLE
from admira.core.history import AdHistory
from admira.core.rules import Rules
from admira.core.tag_aliases import read_as
from admira.core.tiers import TIERS, meetings
from admira.schemas import UNATTRIBUTED, UNKNOWN, UNTAGGED

# Opportunities that agree on these, and on the month (or the day), are attributed alike.
LABEL = ["ad_campaign_id", *TRIPLE, "click_channel"]

# Whose a share is, under names that do not clash with the opportunity's own columns; and why.
OWNER = {name: f"share_{name}" for name in (*CAMPAIGN, "campaign_name", *TRIPLE)}
AUDIT = ["match", "match_reason", "match_candidates", "match_weight"]


def build_bridge(situations: pd.DataFrame, history: AdHistory, rules: Rules) -> pd.DataFrame:
    """Say for each situation which campaigns share its opportunities, with which weights.

    Parameters
    ----------
    situations : DataFrame, one row per distinct label and month (or day)
        ``LABEL``, ``month`` (a month number) and, where the rules need it, ``date``.
    history : AdHistory
        What the campaign map says.
    rules : Rules
        The options of the join.

    Returns
    -------
    DataFrame
        One row per situation and share: the situation's columns, the share's ``OWNER`` and
        ``AUDIT``, and ``lands`` (a day) for ``lands_on="ad_day"``.  The weights of each situation
        sum to 1.
    """
    situations = situations.reset_index(drop=True).rename_axis("situation")
    read = read_as(situations, rules.tag_aliases)
    number = read.groupby(LABEL, sort=False).ngroup().rename("label")
    labels = read[LABEL].groupby(number).first()
    found = meetings(labels, history.entities, rules.aliases or {})
    met = read.join(number).reset_index().merge(found, on="label", validate="m:m")
    met = met.join(
        history.entities[[*CAMPAIGN, "campaign", "first_month", "first_day"]], on="entity"
    )
    candidates = _candidates(_eligible(met, history, rules), history)
    shares = _weighted(candidates, rules.ambiguous)
    without = read[~read.index.isin(shares["situation"])]
    buckets = _buckets(without, met, candidates, history.known_tags)
    bridge = situations.join(
        pd.concat([shares, buckets], ignore_index=True).set_index("situation"), how="left"
    )
    is_mended = (read[TRIPLE] != situations[TRIPLE]).any(axis="columns").loc[bridge.index]
    bridge["match"] = bridge["match"].mask(is_mended & (bridge["match"] == "exact"), "alias")
    if rules.lands_on == "ad_day":
        last = history.last_ad_day(bridge["campaign"], bridge["date"])
        bridge["lands"] = last.fillna(bridge["date"])
    return bridge.drop(columns="campaign").reset_index(drop=True)


def _eligible(met: pd.DataFrame, history: AdHistory, rules: Rules) -> pd.DataFrame:
    """Keep each situation's candidates: those of its best tier that had run by its month's end.

    Where none had run by then, the one that starts first counts, as ``before_first_ad``; not so
    within a window, which asks for an ad in the past.
    """
    if rules.window_days is not None:
        last = history.last_ad_day(met["campaign"], met["date"])
        is_recent = (met["date"] - last).dt.days < rules.window_days
        met = met[is_recent & (met["first_month"] <= met["month"])]
    running = met[met["first_month"] <= met["month"]]
    is_best = running["tier"] == running.groupby("situation")["tier"].transform("min")
    running = running[is_best].assign(match_reason="")
    early = met[~met["situation"].isin(running["situation"])]
    early = early.sort_values(
        ["situation", "first_day", "tier", "campaign_id", "channel", "entity"]
    ).drop_duplicates("situation")
    early = early.assign(match_reason="before_first_ad", month=early["first_month"])
    return pd.concat([running, early])


def _candidates(eligible: pd.DataFrame, history: AdHistory) -> pd.DataFrame:
    """Give one row per situation and campaign, best first, with its clicks and cost so far.

    A campaign met under several triples is one candidate: its clicks are added, and it carries
    the most clicked triple and that triple's latest name.
    """
    so_far = history.until(eligible["entity"], eligible["month"])
    owner = history.entities.loc[eligible["entity"], [*CAMPAIGN, *TRIPLE]]
    rows = pd.concat(
        [
            eligible[["situation", "campaign", "month", "entity", "tier", "match_reason"]],
            so_far.rename(columns=OWNER),
            owner.set_axis(eligible.index).rename(columns=OWNER),
        ],
        axis=1,
    )
    most_clicks = ["situation", "clicks", "cost", OWNER["campaign_id"], OWNER["channel"], "entity"]
    best_first = [True, False, False, True, True, True]
    rows = rows.sort_values(most_clicks, ascending=best_first)
    together = rows.groupby(["situation", "campaign"])[["clicks", "cost"]].transform("sum")
    # A triple that the team's sheet adds carries the campaign's clicks a second time.
    at_most = history.campaign_until(rows["campaign"], rows["month"])
    together = together.where(together <= at_most, at_most)
    rows = rows.assign(clicks=together["clicks"], cost=together["cost"].round(6))
    rows = rows.drop_duplicates(["situation", "campaign"])
    return rows.sort_values(most_clicks, ascending=best_first, ignore_index=True)


def _weighted(candidates: pd.DataFrame, ambiguous: str) -> pd.DataFrame:
    """Share each situation out among its candidates; the weights sum to 1.

    With ``ambiguous="none"`` a situation of several candidates gets no share at all.
    """
    clicks = candidates.groupby("situation")["clicks"]
    count, total = clicks.transform("size"), clicks.transform("sum")
    if ambiguous == "winner":
        weight = (~candidates.duplicated("situation")).astype("float64")
    elif ambiguous == "none":
        weight = (count == 1).astype("float64")
    else:
        weight = 1.0 / count
        if ambiguous == "clicks":
            weight = (candidates["clicks"] / total).where(total > 0, weight)
    shares = candidates.assign(
        match=pd.array(np.array(TIERS)[candidates["tier"]], dtype="str"),
        match_candidates=count,
        match_weight=weight,
    )
    return shares.loc[weight > 0, ["situation", "campaign", *OWNER.values(), *AUDIT]]


def _buckets(
    without: pd.DataFrame, met: pd.DataFrame, candidates: pd.DataFrame, known: set[str]
) -> pd.DataFrame:
    """Put the situations without a share into the bucket that says why, with their own tags."""
    count = candidates.groupby("situation").size().reindex(without.index, fill_value=0)
    is_ambiguous, is_outside = count > 0, without.index.isin(met["situation"])
    is_tagged = without["utm_campaign"] != ""
    has_click_id = without["click_channel"] != ""
    is_known = without["utm_campaign"].isin(known)

    def first_of(*claims: tuple[Any, Any], otherwise: str) -> pd.Series:
        conditions, values = zip(*claims, strict=True)
        chosen = np.select(conditions, values, otherwise)
        return pd.Series(chosen, index=without.index, dtype="str")

    is_unattributed = is_ambiguous | is_outside | is_tagged
    reason = first_of(
        (is_ambiguous, "ambiguous"),
        (is_outside, "outside_window"),
        (is_tagged & is_known, "utm_conflict"),
        (is_tagged, "utm_unknown"),
        otherwise="",
    )
    return pd.DataFrame(
        {
            "situation": without.index,
            "campaign": -1,
            OWNER["channel"]: first_of(
                (is_unattributed, UNATTRIBUTED),
                (has_click_id, without["click_channel"].to_numpy(dtype=object)),
                otherwise=UNTAGGED,
            ),
            OWNER["campaign_id"]: first_of(
                (is_unattributed, UNATTRIBUTED), (has_click_id, UNKNOWN), otherwise=UNTAGGED
            ),
            OWNER["campaign_name"]: pd.Series(None, index=without.index, dtype="str"),
            **{OWNER[name]: without[name] for name in TRIPLE},
            "match": first_of(
                (is_unattributed, "none"), (has_click_id, "click_id"), otherwise="untagged"
            ),
            "match_reason": reason,
            "match_candidates": count,
            "match_weight": 1.0,
        }
    )
