"""The tiers of the match: how well an opportunity's tags meet those of a campaign."""

import numpy as np
import pandas as pd

from admira.core.campaigns import CAMPAIGN, TRIPLE
from admira.core.rules import Aliases
from admira.core.tags import normalize_tag

# Best first: the opportunity's own campaign id; the triple as stored; the triple after aliases; a
# campaign id written into utm_campaign; the campaign tag, where no source or medium disagrees.
TIERS = ("id", "exact", "alias", "id", "campaign")
_OWN_ID, _EXACT, _ALIAS, _ID_AS_TAG, _CAMPAIGN_TAG = range(len(TIERS))


def meetings(labels: pd.DataFrame, entities: pd.DataFrame, aliases: Aliases) -> pd.DataFrame:
    """Give every label and entity that some tier lets meet, once, with the best such tier.

    Parameters
    ----------
    labels : DataFrame indexed by label number
        ``ad_campaign_id`` and the utm triple of opportunities; ``""`` where missing.
    entities : DataFrame indexed by entity number
        ``channel``, ``campaign_id``, the utm triple of campaigns and ``id_as_tag``.
    aliases : mapping
        For ``utm_source`` and ``utm_medium``, what is written to what is meant.

    Returns
    -------
    DataFrame
        ``label``, ``entity`` and ``tier`` (a position in ``TIERS``).
    """
    asked = _compared(labels, aliases).reset_index(names="label")
    there = _compared(entities[[*CAMPAIGN, *TRIPLE, "id_as_tag"]], aliases)
    there = there.reset_index(names="entity")
    tagged = asked[asked["utm_campaign"] != ""]

    own_id = asked[asked["ad_campaign_id"] != ""].merge(
        there, left_on="ad_campaign_id", right_on="campaign_id"
    )
    by_id = _agreeing(tagged.merge(there, left_on="utm_campaign", right_on="id_as_tag"))
    by_tag = _agreeing(tagged.merge(there, on="utm_campaign"))
    found = pd.concat(
        [
            own_id[["label", "entity"]].assign(tier=_OWN_ID),
            by_id[["label", "entity"]].assign(tier=_ID_AS_TAG),
            by_tag[["label", "entity"]].assign(tier=_tag_tier(by_tag)),
        ]
    )
    return found.sort_values("tier", kind="stable").drop_duplicates(["label", "entity"])


def _compared(tagged: pd.DataFrame, aliases: Aliases) -> pd.DataFrame:
    """Add ``source`` and ``medium`` as they are compared, after aliases."""

    def meant(name: str) -> pd.Series:
        table = {
            normalize_tag(written): normalize_tag(meant)
            for written, meant in aliases.get(name, {}).items()
        }
        tags = [table.get(tag, tag) for tag in tagged[name]]
        return pd.Series(tags, index=tagged.index, dtype="str")

    return tagged.assign(source=meant("utm_source"), medium=meant("utm_medium"))


def _agreeing(met: pd.DataFrame) -> pd.DataFrame:
    """Keep the meetings whose source and medium are each equal, or missing on one side."""
    agrees = np.full(len(met), fill_value=True)
    for name in ("source", "medium"):
        here, there = met[f"{name}_x"], met[f"{name}_y"]
        agrees &= ((here == there) | (here == "") | (there == "")).to_numpy()
    return met[agrees]


def _tag_tier(met: pd.DataFrame) -> pd.Series:
    """Tell exact from alias from campaign, among meetings whose campaign tag is the same."""
    sides = ["utm_source_x", "utm_medium_x", "utm_source_y", "utm_medium_y"]
    is_complete = (met[sides] != "").all(axis=1)
    is_same = (met["utm_source_x"] == met["utm_source_y"]) & (
        met["utm_medium_x"] == met["utm_medium_y"]
    )
    tier = np.select([is_complete & is_same, is_complete], [_EXACT, _ALIAS], _CAMPAIGN_TAG)
    return pd.Series(tier, index=met.index)
