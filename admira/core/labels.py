"""What campaigns are called beside their id: by their latest name, or by their group."""

import numpy as np
import pandas as pd
import pyarrow

from admira.core.campaigns import CAMPAIGN
from admira.core.groups import grouped
from admira.core.sums import Codes, renumbered
from admira.errors import OptionError

NAME = "campaign_name"


class Labels:
    """The labels of campaigns, for rows in pandas and on Arrow.

    Parameters
    ----------
    names : DataFrame, one row per campaign that has a name
        ``channel``, ``campaign_id`` and ``campaign_name``, the latest.
    rules : DataFrame
        The rules of all groups.
    """

    def __init__(self, names: pd.DataFrame, rules: pd.DataFrame) -> None:
        self._names = names
        self._rules = rules.sort_values(["name", "place"])

    def of(self, rows: pd.DataFrame, name: str) -> pd.Series:
        """Give the label of each row's campaign; missing where a campaign has no name.

        Raises
        ------
        OptionError
            When there is no group of that name.
        """
        keys = pyarrow.Table.from_pandas(rows[CAMPAIGN], preserve_index=False)
        labels = self.column(keys, name).cast(pyarrow.string()).to_pandas()
        return labels.astype("str").set_axis(rows.index).rename(name)

    def column(self, rows: pyarrow.Table, name: str) -> pyarrow.DictionaryArray:
        """Do the same on Arrow, as codes; each campaign is looked at once."""
        codes, campaigns = _numbered(rows)
        places, distinct = pd.factorize(self._of_each(campaigns, name))
        found = places[codes]
        indices = pyarrow.array(found.astype(np.int32), mask=found < 0)
        return pyarrow.DictionaryArray.from_arrays(
            indices, pyarrow.array(distinct.tolist(), pyarrow.string())
        )

    def _of_each(self, campaigns: pd.DataFrame, name: str) -> pd.Series:
        """Give the labels of distinct campaigns."""
        named = campaigns.merge(self._names, how="left", on=CAMPAIGN, validate="1:1")
        if name == NAME:
            return named[NAME]
        rules = self._rules[self._rules["name"] == name]
        if rules.empty:
            known = sorted({*self._rules["name"]})
            raise OptionError("group", name, known or ["a group, once add_group() has made one"])
        return grouped(named, rules).campaigns["group"]


def _numbered(rows: pyarrow.Table) -> tuple[Codes, pd.DataFrame]:
    """Give the campaign of each row by number, and the campaigns."""
    channels, ids = (_coded(rows[name]) for name in CAMPAIGN)
    size = len(ids.dictionary)
    pairs = channels.indices.to_numpy().astype(np.int64) * size + ids.indices.to_numpy()
    met, codes = renumbered(pairs, len(channels.dictionary) * size)
    places = np.divmod(met, max(size, 1))
    columns = {
        name: each.dictionary.take(pyarrow.array(place)).to_pandas().astype("str")
        for name, each, place in zip(CAMPAIGN, (channels, ids), places, strict=True)
    }
    return codes, pd.DataFrame(columns)


def _coded(column: pyarrow.ChunkedArray) -> pyarrow.DictionaryArray:
    """Give a column of text as codes."""
    whole = column.unify_dictionaries().combine_chunks()
    return whole if pyarrow.types.is_dictionary(whole.type) else whole.dictionary_encode()
