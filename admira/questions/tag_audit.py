"""Which tags lead nowhere: what is unattributed and why, what would mend it, and who has no tag."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from admira.core.campaigns import CAMPAIGN, TRIPLE
from admira.core.days import Day, as_day
from admira.core.tag_aliases import Tags
from admira.errors import OptionError
from admira.questions.near_tags import known_triples
from admira.questions.suggestions import with_nearest
from admira.questions.tag_boxes import audit_html, audit_text
from admira.schemas import UNATTRIBUTED
from admira.summary import Asked

_ADDED = ["leads", "revenue"]
_LOOKED_AT = ["match", "match_reason", "match_candidates", *CAMPAIGN, *TRIPLE, "currency"]
_BY_MONTH = ["date", "match", "channel", *TRIPLE[1:], "currency"]


@dataclass(frozen=True, slots=True, repr=False)
class TagAudit:
    """What is wrong with the tags of a period, by what it costs to know.

    Leads stand with the currency most money is in where they have none.  The leads and the revenue
    of ``unmatched`` and ``rest``, and of ``untagged`` in the channel ``(untagged)``, are those of
    the bracketed channels in ``store.metrics``.

    Attributes
    ----------
    unmatched : DataFrame, one row per utm triple that met no campaign, reason and currency
        ``reason`` (``utm_unknown``, ``utm_conflict``, …), the triple, ``currency``, ``leads``,
        ``revenue``, ``leads_share`` and ``revenue_share`` of all of the period (of revenue: in that
        currency; Float64), then the nearest known campaign: ``near_channel``,
        ``near_campaign_id``, ``near_campaign_name`` and its triple, ``near_campaigns`` (how many
        carry that triple; the most clicked one is named), ``similarity`` in [0, 1] (Float64; see
        :func:`admira.questions.near_tags.nearest`), ``differs``, in words, and two ways to mend
        it: ``mend``, a dict of columns with which ``store.add_tags(pandas.DataFrame(mend))`` makes
        these campaigns known under the triple too, and ``alias``, the old tags and the new ones,
        with which ``store.alias(*alias)`` reads them as the campaigns' own.  Where no campaign is
        near, the nearest one and both are missing.  Most leads first, then revenue; at most ``top``
        rows.
    rest : DataFrame, one row per currency
        What ``unmatched`` leaves out: ``currency``, ``triples``, ``leads``, ``revenue``.
    untagged : DataFrame, one row per month and what else is known
        Opportunities without a campaign tag: ``month``, ``channel`` (``(untagged)``, or the
        platform that a click id names), ``utm_source``, ``utm_medium``, ``currency``, ``leads``,
        ``revenue``, ``leads_share``.
    silent : DataFrame, one row per campaign with cost on days without a campaign tag
        ``channel``, ``campaign_id``, ``campaign_name``, ``currency``, ``clicks`` and ``cost`` of
        those days, ``cost_share`` of the campaign's cost (Float64), and ``is_in_sheet``: whether
        ``store.tags()`` says its tag.  Most cost first.
    ambiguous : DataFrame, one row per triple that several campaigns share, and campaign
        The triple (source and medium blank where opportunities lack one of them), ``channel``,
        ``campaign_id``, ``campaign_name``, ``currency``, ``campaigns`` (how many share it),
        ``weight`` (the campaign's part of the shared leads, 1 in all for each triple and currency;
        Float64), ``leads``, ``revenue``.  The triples with most leads first.
    start, end : Timestamp or None
        First and last day.
    currency : str or None
        The currency most money is in.
    """

    unmatched: pd.DataFrame
    rest: pd.DataFrame
    untagged: pd.DataFrame
    silent: pd.DataFrame
    ambiguous: pd.DataFrame
    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    currency: str | None = None

    @property
    def mends(self) -> pd.DataFrame:
        """All that is suggested, as one sheet for ``store.add_tags``: read it before you add it."""
        sheets = [pd.DataFrame(mend) for mend in self.unmatched["mend"].dropna()]
        blank = pd.DataFrame(columns=[*CAMPAIGN, *TRIPLE], dtype="str")
        return pd.concat([blank, *sheets]).drop_duplicates(ignore_index=True)

    @property
    def aliases(self) -> dict[Tags, Tags]:
        """All that is suggested, as one mapping for ``store.alias``: read it before you keep it."""
        return dict(self.unmatched["alias"].dropna().tolist())

    def __repr__(self) -> str:
        """Say on one line what leads nowhere."""
        return f"<TagAudit {audit_text(self)}>"

    def _repr_html_(self) -> str:
        """Show the tables that say something."""
        return audit_html(self)


class _Sums(NamedTuple):
    """The measures of a period, by all that an audit looks at, and the currency of most money."""

    kpis: pd.DataFrame
    code: str | None

    def by(self, names: Sequence[str], measures: Sequence[str]) -> pd.DataFrame:
        """Add measures up per currency; what is no money stands with that of most money."""
        keys = [*names, "currency"]
        is_free = self.kpis["currency"].isna() & (self.kpis[["cost", "revenue"]] == 0).all(axis=1)
        named = self.kpis.assign(currency=self.kpis["currency"].mask(is_free, self.code))
        return named.groupby(keys, dropna=False, as_index=False)[[*measures]].sum()

    def only(self, is_kept: pd.Series) -> "_Sums":
        """Keep some of the rows."""
        return self._replace(kpis=self.kpis[is_kept])


def tag_audit(
    store: Asked, *, start: Day = None, end: Day = None, top: int | None = 20
) -> TagAudit:
    """Say which tags lead to no campaign and what would mend them, and which campaigns have none.

    Nothing is changed: a suggestion is read by people, and kept by ``store.alias`` or
    ``store.add_tags``.

    Parameters
    ----------
    store : Store
        Where the numbers come from.
    start, end : day, optional
        The days of the opportunities and ads, both included; all by default.
    top : int, optional
        How many unmatched triples to list, the ones with most leads; None lists all.

    Returns
    -------
    TagAudit
        Tables in a notebook; ``unmatched``, ``untagged``, ``silent`` and ``ambiguous`` are frames.

    Raises
    ------
    OptionError
        When a day is no day, or ``top`` no number from 1 up.

    Examples
    --------
    >>> import admira
    >>> audit = tag_audit(admira.demo())
    >>> audit.unmatched[["utm_campaign", "leads", "near_campaign_name", "differs"]].iloc[1]
    utm_campaign                              free_trial_2024
    leads                                                14.0
    near_campaign_name                        Free Trial | UK
    differs               'free_trial' with '_2024' behind it
    Name: 1, dtype: object
    >>> audit.mends.loc[0, "utm_campaign"]
    'free_trial_2024'
    """
    if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
        raise OptionError("top", top, ["None", "a whole number from 1 up"])
    days = {"start": as_day("start", start), "end": as_day("end", end)}
    kpis = store.metrics(_LOOKED_AT, **days)
    sums = _Sums(kpis, _main_currency(kpis))
    monthly = sums._replace(kpis=store.metrics(_BY_MONTH, grain="month", **days))
    known = known_triples(store.campaigns())
    totals = sums.by([], _ADDED)
    triples = _unmatched(sums, totals)
    listed = triples.head(len(triples) if top is None else top)
    return TagAudit(
        unmatched=with_nearest(listed, known),
        rest=_rest(triples.iloc[len(listed) :]),
        untagged=_untagged(monthly, totals),
        silent=_silent(sums, known),
        ambiguous=_ambiguous(sums, known),
        currency=sums.code,
        **days,
    )


def _main_currency(kpis: pd.DataFrame) -> str | None:
    """Name the currency most money is in."""
    money = kpis.groupby("currency")[["cost", "revenue"]].sum().sum(axis="columns")
    return None if money.empty else str(money.idxmax())


def _unmatched(sums: _Sums, totals: pd.DataFrame) -> pd.DataFrame:
    """Give the triples that met no campaign, those with most leads first."""
    lost = sums.only(sums.kpis["channel"] == UNATTRIBUTED).by(["match_reason", *TRIPLE], _ADDED)
    rows = lost.rename(columns={"match_reason": "reason"})
    return _largest_first(_with_shares(rows, totals), _ADDED)


def _with_shares(rows: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Add the shares of all leads, and of all revenue in the same currency."""
    revenue = rows[["currency"]].merge(totals, how="left", on="currency", validate="m:1")["revenue"]
    leads = pd.Series(totals["leads"].sum(), index=rows.index)
    return rows.assign(
        leads_share=_quotient(rows["leads"], leads),
        revenue_share=_quotient(rows["revenue"], revenue),
    )


def _quotient(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Divide where there is something to divide by."""
    below = whole.set_axis(part.index).astype("Float64")
    return part.astype("Float64") / below.mask(below == 0)


def _rest(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up, by currency, what is not listed."""
    return rows.groupby("currency", dropna=False, as_index=False).agg(
        triples=("reason", "size"), leads=("leads", "sum"), revenue=("revenue", "sum")
    )


def _untagged(monthly: _Sums, totals: pd.DataFrame) -> pd.DataFrame:
    """Give what has no campaign tag, by month and by what else is known."""
    has_none = monthly.kpis["match"].isin(["click_id", "untagged"])
    rows = monthly.only(has_none).by(["date", "channel", *TRIPLE[1:]], _ADDED)
    shares = _with_shares(rows.rename(columns={"date": "month"}), totals)
    return shares.drop(columns="revenue_share")


def _silent(sums: _Sums, known: pd.DataFrame) -> pd.DataFrame:
    """Give the campaigns with cost on days without a campaign tag."""
    has_cost = sums.kpis["cost"] > 0
    spent = sums.only(has_cost).by([*CAMPAIGN, "utm_campaign"], ["clicks", "cost"])
    keys = [*CAMPAIGN, "currency"]
    whole = spent.groupby(keys, dropna=False)["cost"].transform("sum")
    rows = spent.assign(cost_share=_quotient(spent["cost"], whole))
    rows = rows[rows["utm_campaign"] == ""].drop(columns="utm_campaign")
    # The map gives the sheet's tag to months whose ads have none.
    blank = known.loc[known["utm_campaign"] == "", CAMPAIGN].drop_duplicates()
    rows = _named(rows, known).merge(blank, "left", CAMPAIGN, indicator=True, validate="m:1")
    rows["is_in_sheet"] = (rows.pop("_merge") == "left_only").to_numpy(dtype=bool)
    return _largest_first(rows, ["cost", "clicks"])


def _ambiguous(sums: _Sums, known: pd.DataFrame) -> pd.DataFrame:
    """Give the triples that several campaigns share, with each one's part."""
    is_shared = (sums.kpis["match_candidates"] > 1) & (sums.kpis["match"] != "none")
    shared = sums.only(is_shared).by(["match", *CAMPAIGN, *TRIPLE], _ADDED)
    is_partial = shared["match"] == "campaign"  # then the campaigns' own may differ
    blank = {name: shared[name].mask(is_partial, "") for name in TRIPLE[1:]}
    keys = [*TRIPLE, *CAMPAIGN, "currency"]
    rows = shared.assign(**blank).groupby(keys, dropna=False, as_index=False)[_ADDED].sum()
    triples = rows.groupby([*TRIPLE, "currency"], dropna=False)
    leads = triples["leads"].transform("sum")
    rows = rows.assign(
        campaigns=triples["campaign_id"].transform("size").astype("int64"),
        weight=_quotient(rows["leads"], leads),
        leads_of_triple=leads,
    )
    order = ["leads_of_triple", *TRIPLE, "leads"]
    rows = rows.sort_values(order, ascending=[False, True, True, True, False], kind="stable")
    names = [*TRIPLE, *CAMPAIGN, "campaign_name", "currency", "campaigns", "weight", *_ADDED]
    return _named(rows, known)[names].reset_index(drop=True)


def _named(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Add the campaigns' names behind their ids."""
    names = known[[*CAMPAIGN, "campaign_name"]].drop_duplicates(CAMPAIGN)
    named = rows.merge(names, how="left", on=CAMPAIGN, validate="m:1")
    named.insert(list(rows).index("campaign_id") + 1, "campaign_name", named.pop("campaign_name"))
    return named


def _largest_first(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return rows.sort_values(by, ascending=False, kind="stable", ignore_index=True)
