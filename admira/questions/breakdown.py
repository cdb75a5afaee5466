"""Facts added up by dimensions, among them what campaigns are called beside their id."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import pandas as pd

from admira.answers import labels_of
from admira.core.campaigns import CAMPAIGN
from admira.core.metrics import check_shape, compute_metrics, regrouped
from admira.core.totals import MEASURES
from admira.stores.base import Backend
from admira.wanted import labels_among


class Breakdown(NamedTuple):
    """Dimensions, and what makes those of them that are labels of campaigns."""

    keys: list[str]
    labels: Mapping[str, Callable[[pd.DataFrame], pd.Series]]

    def sums(self, facts: pd.DataFrame, name: str) -> pd.DataFrame:
        """Add facts up, the measures below each other."""
        plain = [key for key in self.keys if key not in self.labels]
        finest = [*dict.fromkeys([*plain, *(CAMPAIGN if self.labels else [])])]
        kpis = self.labelled(compute_metrics(facts, by=finest))
        return measures_below(regrouped(kpis, self.keys), self.keys, name)

    def labelled(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Put the labels of campaigns beside them."""
        return rows.assign(**self.labels)


def breakdown_of(backend: Backend, dimensions: list[str]) -> Breakdown:
    """Check the dimensions asked for; money is by currency in any case.

    Raises
    ------
    OptionError
        When there is no such dimension.
    """
    names = labels_among(backend, dimensions)
    check_shape(dimensions, more=names)
    labels = {}
    if names:
        known = backend.reading(labels_of)
        labels = {name: partial(known.of, name=name) for name in names}
    return Breakdown([*dict.fromkeys([*dimensions, "currency"])], labels)


def measures_below(kpis: pd.DataFrame, keys: list[str], name: str) -> pd.DataFrame:
    """Give the measures below each other."""
    sums = kpis[[*keys, *MEASURES]].astype(dict.fromkeys(MEASURES, "Float64"))
    return sums.melt(keys, var_name="metric", value_name=name)
