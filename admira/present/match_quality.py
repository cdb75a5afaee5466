"""How well the joined facts are attributed: which share of leads and revenue was matched how."""

from collections.abc import Mapping

import pandas as pd

from admira.present.language import say
from admira.schemas import FACTS

# Best first. A match that is not named here is no attribution.
WAYS = {
    "id": "exact",
    "exact": "exact",
    "alias": "exact",
    "campaign": "campaign",
    "click_id": "click_id",
    "none": "unattributed",
    "untagged": "untagged",
}
_MEASURES = ("leads", "revenue")


def quality_frame(facts: pd.DataFrame) -> pd.DataFrame:
    """Say how much of the leads and of the revenue was matched in which way.

    The leads and the revenue of the ways add up to those of the facts.

    Parameters
    ----------
    facts : DataFrame, one row per ad row and per share of an opportunity
        Columns used: ``match``, ``match_candidates``, ``leads``, ``revenue``.

    Returns
    -------
    DataFrame
        One row per way, best first: ``exact`` (tags or id), ``campaign`` (only the campaign's
        name), ``click_id``, ``unattributed``, ``untagged``.  ``leads`` and ``revenue``;
        ``leads_share`` and ``revenue_share`` of all; ``leads_ambiguous`` and
        ``revenue_ambiguous``, the share of the way's own that fits several campaigns.  A share
        of nothing is missing.

    Raises
    ------
    SchemaMismatch
        When the facts lack one of the columns.

    Examples
    --------
    >>> import admira
    >>> example = admira.datasets.worked_example()
    >>> facts = admira.join_utm(example.ads_frame, example.crm_frame)
    >>> quality_frame(facts)[["way", "leads", "leads_share", "leads_ambiguous"]].round(2)
                way  leads  leads_share  leads_ambiguous
    0         exact    3.0          0.5              0.0
    1      campaign    1.0         0.17              1.0
    2      click_id    0.0          0.0             <NA>
    3  unattributed    1.0         0.17              0.0
    4      untagged    1.0         0.17              0.0
    """
    FACTS.require(facts.columns, ["match", "match_candidates", *_MEASURES])
    shares = facts[facts["match"] != "ad"]
    way = shares["match"].map(WAYS).fillna("unattributed").rename("way")
    names = pd.Index(dict.fromkeys(WAYS.values()), name="way")
    is_ambiguous = shares["match_candidates"] > 1
    measures = list(_MEASURES)
    sums = shares.groupby(way)[measures].sum().reindex(names, fill_value=0.0)
    unsure = shares[is_ambiguous].groupby(way)[measures].sum().reindex(names, fill_value=0.0)
    for name in _MEASURES:
        sums[f"{name}_share"] = _quotient(sums[name], pd.Series(sums[name].sum(), names))
    for name in _MEASURES:
        sums[f"{name}_ambiguous"] = _quotient(unsure[name], sums[name])
    return sums.reset_index()


def ambiguous_share(quality: pd.DataFrame, measure: str) -> float | None:
    """Give the share of all leads or of all revenue that fits several campaigns."""
    total = quality[measure].sum()
    unsure = (quality[measure] * quality[f"{measure}_ambiguous"].fillna(0.0)).sum()
    return float(unsure / total) if total else None


def way_labels() -> Mapping[str, str]:
    """Say what the ways are called."""
    return {
        "exact": say("Exact tags or id"),
        "campaign": say("By campaign name only"),
        "click_id": say("By click id"),
        "unattributed": say("Unattributed"),
        "untagged": say("Untagged"),
    }


def _quotient(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Divide where there is something to divide by."""
    below = whole.astype("Float64")
    return part.astype("Float64") / below.mask(below == 0)
