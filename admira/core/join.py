"""The join: ad rows and opportunity shares, stacked at one grain, so that money just adds up."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from admira.core.bridge import AUDIT, LABEL, OWNER, build_bridge
from admira.core.campaigns import MAP_COLUMNS, map_of
from admira.core.frames import Frame, collect, lift, month_number, on_arrow, stack, unwrap, wrap
from admira.core.funnel import FUNNEL_MEASURES, funnel_measures
from admira.core.history import AdHistory
from admira.core.rules import DEFAULT_ALIASES, Aliases, Rules
from admira.core.tag_aliases import TagAliases
from admira.errors import AmbiguousData
from admira.log import log_event
from admira.schemas import ADS, CAMPAIGNS, CLICK_ID_CHANNELS, CRM, FACTS

_AD_COLUMNS = [
    "date",
    "channel",
    "campaign_id",
    "campaign_name",
    "utm_campaign",
    "utm_source",
    "utm_medium",
    "currency",
    "clicks",
    "impressions",
    "cost",
]
# What of an opportunity decides which campaigns share it.
SITUATION_COLUMNS = [
    "date",
    "utm_campaign",
    "utm_source",
    "utm_medium",
    "ad_campaign_id",
    *CLICK_ID_CHANNELS,
]
_CRM_COLUMNS = [
    "opportunity_id",
    "stage",
    "amount",
    "currency",
    "entry_stage",
    *SITUATION_COLUMNS,
]


def join_utm(
    ads: Any,
    crm: Any,
    *,
    campaigns: Any = None,
    funnel: str = "cumulative",
    ambiguous: str = "clicks",
    lands_on: str = "created",
    window_days: int | None = None,
    aliases: Aliases | None = DEFAULT_ALIASES,
    tag_aliases: TagAliases | None = None,
) -> Any:
    """Join ads and CRM on their UTM tags so that every opportunity counts exactly once.

    The result is a fact table: the ad rows as they are, and beside them each opportunity, shared
    among the campaigns that its tags name.  All its measures can simply be summed: cost, clicks and
    impressions are those of ``ads``, leads and revenue those of ``crm``, for any set of days.

    An opportunity goes to the campaigns of the first of these tiers that has one which ran by the
    end of the opportunity's month: ``id`` (its ``ad_campaign_id``), ``exact`` (campaign, source and
    medium as stored), ``alias`` (the same after ``aliases``), ``id`` (``utm_campaign`` is a
    campaign's id), ``campaign`` (campaign equal, source and medium equal or missing on one side).
    Else it lands in ``(unattributed)``, with its click id's channel, or in ``(untagged)``.

    Weights allocate; they prove nothing about what made anyone buy.

    Parameters
    ----------
    ads : DataFrame of any engine, one row per day, campaign and channel
        Columns used: those of the ads table that the result carries; ``cost`` in account currency.
    crm : DataFrame of the same engine, one row per opportunity
        Columns used: ``opportunity_id``, ``date``, ``stage``, ``amount``, the utm triple and, where
        they exist, ``currency``, ``entry_stage``, ``ad_campaign_id``, ``closed_date``, click ids.
    campaigns : DataFrame, optional
        The :func:`campaign_map` of all ads; by default of the ads given.  With the whole map a
        day's number does not depend on which days of ads are passed.
    funnel : {"cumulative", "snapshot"}
        Count a record in every stage it has passed, or in its present stage alone.
    ambiguous : {"clicks", "equal", "winner", "none"}
        How several candidate campaigns share an opportunity: by their clicks up to the end of its
        month (equally if there are none), equally, all to the one with most clicks (then cost, then
        lowest campaign_id and channel), or not at all.
    lands_on : {"created", "ad_day", "closed"}
        The day a share lands on: the opportunity's ``date``; the campaign's last ad day up to it;
        or, for wins, losses and revenue, ``closed_date``, in a second row of ``match_weight`` 0.
    window_days : int, optional
        Only campaigns with an ad row on one of that many days, up to and including the
        opportunity's, are candidates.
    aliases : mapping of mappings, optional
        For ``utm_source`` and ``utm_medium``, what is written to what is meant; ``None`` compares
        as stored.
    tag_aliases : mapping, optional
        Tags that opportunities carry by mistake to what they are read as: a campaign tag, whatever
        its source and medium, or a triple of all three.  They are read once, a triple before a
        campaign tag; what is ``exact`` only so is ``alias``.

    Returns
    -------
    DataFrame of the caller's engine
        One row per ad row and one per share of an opportunity, with the columns of the facts table
        in its order.  In pandas: ad rows first, both in the order given, with a fresh index; other
        engines promise no order.

    Raises
    ------
    SchemaMismatch
        When a required column is missing, or ``closed_date`` for ``lands_on="closed"``.
    OptionError
        When an option has a value that does not exist.
    AmbiguousData
        When an ``opportunity_id`` occurs twice in an eager frame (upsert first), since it would
        count twice.  Lazy frames are checked by :func:`reconcile`.

    Examples
    --------
    >>> import admira
    >>> example = admira.datasets.worked_example()
    >>> facts = admira.join_utm(example.ads_frame, example.crm_frame)
    >>> facts.groupby("channel")[["cost", "leads", "revenue"]].sum().round(4)
                       cost   leads  revenue
    channel
    (unattributed)     0.00  1.0000      0.0
    (untagged)         0.00  1.0000    900.0
    google_ads       650.75  3.7333   5000.0
    meta_ads         200.00  0.2667      0.0
    """
    rules = Rules(ambiguous, lands_on, window_days, aliases, tag_aliases)
    ad_rows = wrap(ads, ADS, _AD_COLUMNS)
    records = _records(crm, funnel_measures(funnel), rules)
    known = map_of(ad_rows.select(MAP_COLUMNS)) if campaigns is None else _given(campaigns)
    shares = _shares(records, known, rules)
    facts = ad_facts(on_arrow(ad_rows), FACTS.names)
    return stack([facts, *shares], FACTS, like=ad_rows)


def ad_facts(ads: Frame, columns: Sequence[str]) -> Frame:
    """Give columns of the facts that ad rows are."""
    nothing: dict[str, nw.Expr] = {
        **{name: nw.lit(0.0) for name in FUNNEL_MEASURES},
        "opportunity_id": nw.lit(None, dtype=nw.String),
        "match": nw.lit("ad"),
        "match_reason": nw.lit(""),
        "match_candidates": nw.lit(0, dtype=nw.Int64),
        "match_weight": nw.lit(0.0),
    }
    wanted = {name: value for name, value in nothing.items() if name in columns}
    return (ads.with_columns(**wanted) if wanted else ads).select(columns)


def share_facts(
    crm: Any,
    campaigns: Any,
    *,
    funnel: str = "cumulative",
    ambiguous: str = "clicks",
    lands_on: str = "created",
    window_days: int | None = None,
    aliases: Aliases | None = DEFAULT_ALIASES,
    tag_aliases: TagAliases | None = None,
) -> Any:
    """Give the facts that the opportunities' shares are; :func:`join_utm` without its ad rows."""
    rules = Rules(ambiguous, lands_on, window_days, aliases, tag_aliases)
    records = _records(crm, funnel_measures(funnel), rules)
    return unwrap(nw.concat(_shares(records, _given(campaigns), rules), how="vertical"))


def bridged_facts(
    ads: Any, crm: Any, bridge: Any, rules: Rules, *, funnel: str = "cumulative"
) -> Any:
    """Give the facts of :func:`join_utm` where :func:`bridge_of` has decided who shares what.

    All three frames are of one engine; ads and crm are read once each, and nothing is read yet.
    """
    facts = ad_facts(wrap(ads, ADS, _AD_COLUMNS), FACTS.names)
    records = _records(crm, funnel_measures(funnel), rules)
    shares = records.join(nw.from_native(bridge), on=[*LABEL, rules.time], how="left")
    return unwrap(nw.concat([facts, *_share_facts(shares, rules)], how="vertical"))


def situations_of(crm: Any, rules: Rules) -> pd.DataFrame:
    """Give each distinct set of tags and month (or day) of opportunities, once."""
    records = _labelled(wrap(crm, CRM, SITUATION_COLUMNS, required=["date"]))
    return collect(records.select(*LABEL, "month", *_day(rules)).unique())


def bridge_of(situations: pd.DataFrame, campaigns: Any, rules: Rules) -> pd.DataFrame:
    """Say which campaigns share the opportunities of each situation, in what the join needs."""
    size = SITUATIONS_A_TURN
    turns = (situations.iloc[at:][:size] for at in range(0, len(situations) or 1, size))
    return pd.concat(bridges_of(turns, history_of(campaigns), rules), ignore_index=True)


def history_of(campaigns: Any) -> AdHistory:
    """Give what a campaign map of any engine says, which takes less memory than the map."""
    return AdHistory(_given(campaigns))


def bridges_of(
    turns: Iterable[pd.DataFrame], history: AdHistory, rules: Rules
) -> Iterator[pd.DataFrame]:
    """Do as ``bridge_of`` for some situations at a time: what is compared meanwhile stays small."""
    utm_campaigns, situations = set[str](), 0
    for turn in turns:
        bridge = build_bridge(turn, history, rules)
        loose = bridge[bridge["match"] == "campaign"]
        utm_campaigns |= {*loose["utm_campaign"]}
        situations += len(loose[[*LABEL, "month", *_day(rules)]].drop_duplicates())
        yield bridge[[*LABEL, rules.time, *OWNER.values(), *AUDIT, *_lands(rules)]]
    if situations:
        log_event(
            "join.matched_by_campaign_only",
            level=logging.WARNING,
            utm_campaigns=len(utm_campaigns),
            situations=situations,
        )


SITUATIONS_A_TURN = 100_000


def _shares(records: Frame, known: pd.DataFrame, rules: Rules) -> list[Frame]:
    """Join the records to the campaigns that share them."""
    situations = collect(records.select(*LABEL, "month", *_day(rules)).unique())
    bridge = lift(bridge_of(situations, known, rules), like=records)
    shares = records.join(bridge, on=[*LABEL, rules.time], how="left")
    return _share_facts(shares, rules)


def _day(rules: Rules) -> list[str]:
    return ["date"] if rules.time == "date" else []


def _lands(rules: Rules) -> list[str]:
    return ["lands"] if rules.lands_on == "ad_day" else []


def _given(campaigns: Any) -> Any:
    """Bring a campaign map of any engine into pandas."""
    return collect(wrap(campaigns, CAMPAIGNS, CAMPAIGNS.names))


def _records(crm: Any, measures: dict[str, nw.Expr], rules: Rules) -> Frame:
    """Give the CRM rows with what the bridge is keyed by and what each row counts for."""
    closed = ["closed_date"] if rules.lands_on == "closed" else []
    records = wrap(crm, CRM, [*_CRM_COLUMNS, *closed], required=["date", *closed])
    if isinstance(records, nw.DataFrame):
        repeated = len(records) - records["opportunity_id"].n_unique()
        if repeated:
            message = (
                f"{repeated} crm rows repeat an opportunity_id and would count twice; "
                "keep one row per opportunity first, for instance with upsert()."
            )
            raise AmbiguousData(message)
    counted = _labelled(records).with_columns(**measures)
    kept = ["opportunity_id", "date", *closed, "currency", *LABEL, "month", *FUNNEL_MEASURES]
    return counted.select(kept)


def _labelled(records: Frame) -> Frame:
    """Add what the bridge is keyed by."""
    click_channel = nw.lit("")
    for column, channel in reversed(CLICK_ID_CHANNELS.items()):
        has_id = nw.col(column).fill_null("") != ""
        click_channel = nw.when(has_id).then(nw.lit(channel)).otherwise(click_channel)
    return records.with_columns(
        nw.col("ad_campaign_id").fill_null(""),
        month=month_number(nw.col("date")),
        click_channel=click_channel,
    )


def _share_facts(shares: Frame, rules: Rules) -> list[Frame]:
    """Give the shares in the columns of the facts; late wins and losses as rows of their own."""
    weighted = shares.with_columns(
        *(nw.col(theirs).alias(ours) for ours, theirs in OWNER.items()),
        *((nw.col(name) * nw.col("match_weight")).alias(name) for name in FUNNEL_MEASURES),
        nw.col("match_candidates").cast(nw.Int64),
        clicks=nw.lit(0, dtype=nw.Int64),
        impressions=nw.lit(0, dtype=nw.Int64),
        cost=nw.lit(0.0),
    )
    if rules.lands_on == "ad_day":
        weighted = weighted.with_columns(date=nw.col("lands"))
    if rules.lands_on != "closed":
        return [weighted.select(FACTS.names)]
    is_closed = ~nw.col("closed_date").is_null() & (
        nw.col("closed_won") + nw.col("closed_lost") > 0
    )
    late = [name for name in FUNNEL_MEASURES if name in _ON_CLOSING]
    entry = [name for name in FUNNEL_MEASURES if name not in _ON_CLOSING]
    created = weighted.with_columns(
        nw.when(is_closed).then(nw.lit(0.0)).otherwise(nw.col(name)).alias(name) for name in late
    )
    closed = weighted.filter(is_closed).with_columns(
        *(nw.lit(0.0).alias(name) for name in entry),
        date=nw.col("closed_date"),
        match_weight=nw.lit(0.0),
    )
    return [created.select(FACTS.names), closed.select(FACTS.names)]


_ON_CLOSING = ("closed_won", "closed_lost", "revenue")
