"""The figures of a report: KPIs of its period in one currency, as tables to be looked at."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from admira.core.grains import Grain
from admira.core.metrics import regrouped
from admira.core.periods import Period, beside
from admira.present.cards import Summary
from admira.present.cells import OVERVIEW
from admira.present.language import say
from admira.present.tables import MetricTable, Row, metric_table
from admira.schemas.metrics import metrics
from admira.store import Store

CAMPAIGNS = 10
MOVERS = 8

_DAILY_UP_TO = 31
_WEEKLY_UP_TO = 200
_CAMPAIGN = ["channel", "campaign_id"]
_OF_CHANNELS = [name for name in OVERVIEW if name != "clicks"]
_OF_CAMPAIGNS = ["cost", "leads", "cpa", "closed_won", "revenue", "roas"]
_OF_MOVERS = ["cost", "leads", "cpa", "clicks", "cpc"]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a store says about a period, and about the one before it, in one currency.

    Money without a currency counts as that one, as in ``store.summary``.
    """

    store: Store
    period: Period
    before: Period
    currency: str | None

    def kpis(
        self,
        by: Sequence[str],
        *,
        grain: str | None = None,
        scope: str = "all",
        period: Period | None = None,
    ) -> pd.DataFrame:
        """Give the KPIs of the period, or of the other one."""
        start, end = period or self.period
        rows = self.store.metrics([*by, "currency"], grain=grain, start=start, end=end, scope=scope)
        if self.currency is not None:
            rows = rows[rows["currency"].isna() | (rows["currency"] == self.currency)]
        return regrouped(rows, by)

    def compared(self, by: Sequence[str], *, scope: str = "all") -> pd.DataFrame:
        """Put the KPIs of both periods side by side, as both stand today."""
        now, past = (self.kpis(by, scope=scope, period=days) for days in (self.period, self.before))
        return beside(now, past, by, metrics)

    @property
    def grain(self) -> Grain:
        """The steps that suit the period's length."""
        if self.period.days <= _DAILY_UP_TO:
            return "day"
        return self.coarse_grain

    @property
    def coarse_grain(self) -> Grain:
        """The steps for ratios, which a day has too few records for."""
        return "week" if self.period.days <= _WEEKLY_UP_TO else "month"

    def named(self, kpis: pd.DataFrame, *, is_alone: bool = False) -> pd.DataFrame:
        """Write campaigns by their names instead of their ids.

        A name that several have says which is which: by channel, unless that stands beside it, and
        by id.
        """
        keys = pd.MultiIndex.from_frame(kpis[_CAMPAIGN])
        names = self._campaign_names(is_alone=is_alone).reindex(keys).to_numpy()
        place = list(kpis).index("campaign_id")
        shown = kpis.drop(columns="campaign_id")
        shown.insert(place, "campaign_name", names)
        return shown

    def _campaign_names(self, *, is_alone: bool) -> pd.Series:
        """Name each campaign of both periods, by channel and id."""
        both = Period(self.before.start, self.period.end)
        found = self.kpis([*_CAMPAIGN, "campaign_name"], period=both).sort_values("cost")
        last = found.drop_duplicates(_CAMPAIGN, keep="last").sort_values(_CAMPAIGN)
        names = last["campaign_name"].mask(last["campaign_name"] == "").fillna(last["campaign_id"])
        for more in _CAMPAIGN if is_alone else ["campaign_id"]:
            beside_it = pd.Series("", last.index) if is_alone else last["channel"]
            is_shared = pd.DataFrame({"beside": beside_it, "name": names}).duplicated(keep=False)
            names = names.mask(is_shared, names + " · " + last[more])
        return names.set_axis(pd.MultiIndex.from_frame(last[_CAMPAIGN]))


def channel_table(figures: Figures, summary: Summary) -> MetricTable | None:
    """Show the KPIs of each channel and how they changed, the dearest channel first."""
    kpis = figures.compared(["channel"])
    if kpis.empty:
        return None
    table = metric_table(
        kpis, columns=_OF_CHANNELS, top=len(kpis), bar="cost", currency=figures.currency
    )
    young = unripe(summary)
    if young:
        table.notes.append(
            say("No change is shown of what sales still to come will raise; see the cards above.")
        )
    return _without_changes(table, young)


def campaign_table(figures: Figures) -> MetricTable | None:
    """Show the campaigns with most cost, and their cost over time."""
    kpis = figures.kpis(["date", *_CAMPAIGN], grain=figures.grain, scope="paid")
    if kpis.empty:
        return None
    return metric_table(
        figures.named(kpis),
        columns=_OF_CAMPAIGNS,
        sparkline="cost",
        bar="cost",
        top=CAMPAIGNS,
        currency=figures.currency,
    )


def mover_table(figures: Figures) -> MetricTable | None:
    """Show the campaigns whose cost changed most, up or down."""
    kpis = figures.compared(_CAMPAIGN, scope="paid")
    moved = (kpis["cost"] - kpis["cost_previous"]).abs()
    order = moved[moved > 0].sort_values(ascending=False, kind="stable").index[:MOVERS]
    if order.empty:
        return None
    most = figures.named(kpis.loc[order])
    table = metric_table(most, columns=_OF_MOVERS, currency=figures.currency)
    # A total of these rows alone would be taken for that of all.
    return replace(table, rows=[row for row in table.rows if not row.is_total], notes=[])


def unripe(summary: Summary) -> set[str]:
    """Name the metrics whose change would say little but that the period is young."""
    held_back = set(summary.frame.loc[summary.frame["basis"] != "as is", "metric"])
    if "roas" in held_back:
        held_back |= {"closed_won", "revenue"}
    if "cvr_lead_to_opp" in held_back:
        held_back.add("opportunities")
    return held_back


def _without_changes(table: MetricTable, names: Collection[str]) -> MetricTable:
    """Leave out the changes of some metrics from the table of channels."""
    first = len(table.heads) - len(_OF_CHANNELS)
    places = {first + place for place, name in enumerate(_OF_CHANNELS) if name in names}
    rows = [
        Row(
            [
                replace(cell, note="") if place in places else cell
                for place, cell in enumerate(row.cells)
            ],
            row.is_total,
            row.is_first_total,
        )
        for row in table.rows
    ]
    return replace(table, rows=rows)
