"""The small tables that every answer needs, worked out month by month and kept: map and bridge."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd
import pyarrow

from admira.core.bridge import AUDIT, LABEL, OWNER
from admira.core.campaigns import (
    CAMPAIGN,
    MAP_COLUMNS,
    campaign_map,
    joined_maps,
    latest_names,
)
from admira.core.filters import VALUE_FILTERS
from admira.core.frames import collect, on_plain_arrow, typed
from admira.core.join import (
    SITUATION_COLUMNS,
    SITUATIONS_A_TURN,
    bridges_of,
    history_of,
    situations_of,
)
from admira.core.rules import DEFAULT_ALIASES, JOIN_OPTIONS, Rules
from admira.core.tag_aliases import alias_mapping
from admira.errors import OptionError
from admira.schemas import ADS, CAMPAIGNS, CRM, TAGS
from admira.schemas.mending import TAG_ALIASES
from admira.stores.cache import digest
from admira.stores.reading import Reader
from admira.stores.records import HISTORY

# All that an answer of a store is made of.
SOURCES = (ADS, CRM, TAGS, HISTORY, TAG_ALIASES)

_SLOTS = 8


def by_value(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part filters by value from the options of the join.

    Raises
    ------
    OptionError
        When something is neither.
    """
    for name in given:
        if name not in (*VALUE_FILTERS, *JOIN_OPTIONS):
            raise OptionError("option", name, [*VALUE_FILTERS, *JOIN_OPTIONS])
    filters = {name: value for name, value in given.items() if name in VALUE_FILTERS}
    return filters, {name: value for name, value in given.items() if name in JOIN_OPTIONS}


class Joining(NamedTuple):
    """The options of the join, as a store's facts take them."""

    rules: Rules
    funnel: str = "cumulative"
    campaigns: Any = None
    has_stored_aliases: bool = True

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Joining":
        """Part what decides who shares an opportunity from what a share counts for."""
        given = {"aliases": DEFAULT_ALIASES, **options}
        funnel, campaigns = given.pop("funnel", "cumulative"), given.pop("campaigns", None)
        return cls(Rules(**given), funnel, campaigns, "tag_aliases" not in options)

    def in_store(self, reader: Reader) -> "Joining":
        """Give it with the aliases of tags that the store keeps, unless the caller gave others."""
        if not self.has_stored_aliases:
            return self
        kept = alias_mapping(reader.rows(TAG_ALIASES))
        return self._replace(rules=replace(self.rules, tag_aliases=kept))


def campaigns_of(reader: Reader) -> pd.DataFrame:
    """Give the campaign map of all ads that the store holds or held, and of its UTM sheet."""
    sheet = reader.rows(TAGS)
    return joined_maps(_maps_of(reader), tags=sheet if len(sheet) else None)


def _maps_of(reader: Reader) -> pd.DataFrame:
    """Give the maps of all months, also of those whose ads are no longer kept."""
    maps, history = monthly_maps(reader), reader.rows(HISTORY)
    return pd.concat([maps, history], ignore_index=True) if len(history) else maps


def names_of(reader: Reader) -> pd.DataFrame:
    """Give the latest name of each campaign that has one; kept while the map is the same."""
    columns, made_of = [*CAMPAIGN, "campaign_name"], reader.digest(*SOURCES)
    names = reader.derived("names", made_of, columns)
    if names is None:
        latest = latest_names(campaigns_of(reader))
        names = pyarrow.Table.from_pandas(latest[columns], preserve_index=False)
        reader.keep("names", made_of, names, *SOURCES)
    return _as_text(names).to_pandas().astype("str")


def monthly_maps(reader: Reader) -> pd.DataFrame:
    """Give the campaign map of all ads that the store holds, without its UTM sheet."""
    return typed(reader.by_month(ADS, MAP_COLUMNS, "campaigns", _map_of_month), CAMPAIGNS)


_ROWS_A_TURN = 500_000


def _map_of_month(ads: pyarrow.Table) -> pyarrow.Table:
    """Give the map of a month, some rows at a time, so that what is grouped stays small."""
    if len(ads) <= _ROWS_A_TURN:
        return campaign_map(ads)
    turns = range(0, len(ads), _ROWS_A_TURN)
    maps = [typed(campaign_map(ads.slice(first, _ROWS_A_TURN)), CAMPAIGNS) for first in turns]
    whole = joined_maps(pd.concat(maps, ignore_index=True))
    return on_plain_arrow(whole.assign(cost=whole["cost"].round(6)))


class Makings(NamedTuple):
    """The bridge, or what it is made of, as of one commit."""

    reader: Reader
    joining: Joining
    made_of: str
    bridge: pyarrow.Table | None = None
    situations: Any = None
    history: Any = None

    def finished(self) -> pyarrow.Table:
        """Give the bridge; one that had to be worked out is kept."""
        if self.bridge is not None:
            return self.bridge
        found = bridges_of(self._turns(), self.history, self.joining.rules)
        bridge = pyarrow.concat_tables(map(on_plain_arrow, found))
        if self.made_of:
            self.reader.keep(_slot(self.joining.rules), self.made_of, bridge, *SOURCES)
        return bridge

    def _turns(self) -> Iterator[pd.DataFrame]:
        """Give the situations in pandas, some at a time."""
        situations, size = self.situations, SITUATIONS_A_TURN
        for first in range(0, len(situations) or 1, size):
            yield collect(nw.from_native(situations.slice(first, size)))


def makings(reader: Reader, joining: Joining) -> Makings:
    """Read the bridge where it is kept, else what it is made of."""
    joining = joining.in_store(reader)
    rules, given = joining.rules, joining.campaigns
    made_of = "" if given is not None else digest((reader.digest(*SOURCES), rules))
    if made_of:
        held = reader.derived(_slot(rules), made_of, _columns(rules))
        if held is not None:
            return Makings(reader, joining, made_of, _as_text(held))
    make = partial(_situations, rules=rules)
    situations = reader.by_month(CRM, SITUATION_COLUMNS, f"situations/{rules.time}", make)
    history = history_of(campaigns_of(reader) if given is None else given)
    return Makings(reader, joining, made_of, None, situations, history)


def _situations(crm: pyarrow.Table, rules: Rules) -> pyarrow.Table:
    return on_plain_arrow(situations_of(crm, rules))


def _columns(rules: Rules) -> list[str]:
    """Name the columns of a bridge."""
    lands = ["lands"] if rules.lands_on == "ad_day" else []
    return [*LABEL, rules.time, *OWNER.values(), *AUDIT, *lands]


def _as_text(rows: pyarrow.Table) -> pyarrow.Table:
    """Give text that was kept as codes as text, which is what engines join by."""
    for place, field in enumerate(rows.schema):
        if pyarrow.types.is_dictionary(field.type):
            text = rows[field.name].cast(pyarrow.string())
            rows = rows.set_column(place, field.name, text)
    return rows


def _slot(rules: Rules) -> str:
    """Give the place where the bridge of these rules is kept; there are few places."""
    return f"bridges/{int(digest([rules]), 16) % _SLOTS}"
