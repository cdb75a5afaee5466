"""What a question asks of a store: columns, days, values, labels, and options of the join."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow
import pyarrow.compute as pc

from admira.core.campaigns import CAMPAIGN
from admira.core.filters import VALUE_FILTERS
from admira.core.labels import NAME, Labels
from admira.core.rules import JOIN_OPTIONS
from admira.engines.bridges import by_value
from admira.errors import OptionError
from admira.schemas import AD_MEASURES, FACTS
from admira.schemas.mending import GROUPS
from admira.stores.base import Backend
from admira.stores.selection import coded


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts a question needs: columns, days, values by column, options of the join.

    ``labels`` are what campaigns are to be called beside their id, ``labelled`` the labels that are
    kept, by name.  Facts that are only summed come with their text as codes, and each measure where
    it is not 0.
    """

    columns: tuple[str, ...]
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    texts: dict[str, list[str]]
    options: Mapping[str, Any]
    labels: tuple[str, ...] = ()
    labelled: dict[str, list[Any]] = field(default_factory=dict)
    are_summed: bool = False

    @property
    def has_labels(self) -> bool:
        """Whether campaigns must be called by anything but their id."""
        return bool(self.labels or self.labelled)

    @property
    def needed(self) -> list[str]:
        """The columns to read: those asked for, and those that the filters look at."""
        days = [] if self.start is None and self.end is None else ["date"]
        campaign = CAMPAIGN if self.has_labels else []
        needed = {*self.columns, *self.texts, *days, *campaign}
        return [name for name in FACTS.names if name in needed]

    @property
    def schema(self) -> pyarrow.Schema:
        """The columns of the shares to read, as they are to come."""
        left_out = AD_MEASURES if self.are_summed else ()
        names = [name for name in self.needed if name not in left_out]
        plain = pyarrow.schema([FACTS.arrow().field(name) for name in names])
        return coded(plain) if self.are_summed else plain

    @property
    def question(self) -> tuple[object, ...]:
        """What tells it from other questions to the same rows, but for the options of the join."""
        return (self.columns, self.start, self.end, self.texts, self.labels, self.labelled)

    def with_labels(self, rows: pyarrow.Table, labels: Labels | None) -> pyarrow.Table:
        """Keep the rows with the labels wanted, and put the labels asked for beside them."""
        if labels is None:
            return rows
        names = dict.fromkeys([*self.labelled, *self.labels])
        columns = {name: labels.column(rows, name) for name in names}
        for name, values in self.labelled.items():
            is_kept = _has_one_of(columns[name], values)
            rows = rows.filter(is_kept)
            columns = {each: column.filter(is_kept) for each, column in columns.items()}
        for name in self.labels:
            rows = rows.append_column(name, columns[name])
        return rows


def group_names(backend: Backend) -> list[str]:
    """Name the groups that a store keeps."""
    return sorted(backend.rows(GROUPS)["name"].drop_duplicates())


def labels_among(backend: Backend, names: Iterable[str]) -> list[str]:
    """Tell which of some dimensions are labels of campaigns; groups are looked up if need be."""
    others = [name for name in names if name == NAME or name not in FACTS.names]
    if not any(name != NAME for name in others):
        return others
    known = {NAME, *group_names(backend)}
    return [name for name in others if name in known]


def known_labels(backend: Backend, given: Iterable[str]) -> list[str]:
    """Name the filters by label among what is given.

    Raises
    ------
    OptionError
        When something is no filter and no option of the join.
    """
    rest = [name for name in given if name not in (*VALUE_FILTERS, *JOIN_OPTIONS)]
    labels = labels_among(backend, rest)
    for name in rest:
        if name not in labels:
            known = [*VALUE_FILTERS, NAME, *group_names(backend), *JOIN_OPTIONS]
            raise OptionError("option", name, known)
    return labels


def parted(
    backend: Backend, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, list[Any]], dict[str, Any]]:
    """Part filters by value, filters by label, and the options of the join.

    Raises
    ------
    OptionError
        When something is none of them.
    """
    labels = known_labels(backend, given)
    labelled = {name: several(given[name]) for name in labels if given[name] is not None}
    filters, options = by_value({name: given[name] for name in given if name not in labels})
    return filters, labelled, options


def has_label(labels: pd.Series, wanted: Sequence[Any]) -> pd.Series:
    """Tell the rows in pandas that have one of the labels."""
    is_one = labels.isin([value for value in wanted if value is not None])
    return is_one | labels.isna() if None in wanted else is_one


def several(wanted: Any) -> list[Any]:
    """Give labels as they are written; None is a campaign that has none."""
    several = [*wanted] if pd.api.types.is_list_like(wanted) else [wanted]
    return [None if pd.isna(value) else str(value).strip() for value in several]


def _has_one_of(column: pyarrow.DictionaryArray, values: Sequence[Any]) -> pyarrow.Array:
    """Tell the rows on Arrow that have one of the labels."""
    known = pyarrow.array([value for value in values if value is not None], pyarrow.string())
    is_one = pc.is_in(column.dictionary, value_set=known).take(column.indices)
    return pc.fill_null(is_one, fill_value=None in values)
