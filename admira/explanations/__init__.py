"""Why a number is what it is: the rows behind one cell of a KPI table, and its arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from admira.core.days import Day, as_day
from admira.core.grains import STEPS, begins, checked_grain
from admira.core.metrics import check_shape, compute_metrics
from admira.core.rules import JOIN_OPTIONS
from admira.errors import OptionError
from admira.explanations.code import code_text
from admira.explanations.rows import ads_of, funnel_terms, matches_of, opportunities_of
from admira.explanations.tables import tables_of
from admira.explanations.words import (
    Asked,
    arithmetic,
    cell_text,
    count_sentence,
    figure_text,
    nothing_added,
    why_no_value,
)
from admira.present.html import render
from admira.present.language import say
from admira.schemas import FACTS
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure, Ratio
from admira.summary import Asked as Store
from admira.wanted import labels_among


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """One number, and everything it is made of.

    Attributes
    ----------
    metric : str
        The metric.
    value : float or None
        Its value; None where its denominator is 0.
    cell : str
        Which rows are meant, in words.
    currency : str or None
        The money of all figures, where it is known.
    kpis : DataFrame of one row
        All metrics of the cell.
    frame : DataFrame, one row per ad row and per share of an opportunity
        The facts of the cell; ``admira.compute_metrics(frame, by=[])`` gives ``kpis``.
    ads : DataFrame, one row per ad row
        Those of the cell, the most expensive first.
    opportunities : DataFrame, one row per share of an opportunity
        Its own day, stage, amount and tags; whom it was credited to, how it met that campaign and
        with which weight; and what it adds to each measure of the formula, the most first.
    matches : DataFrame, one row per match and reason
        How the opportunities that add to the formula were matched, in numbers and in words.
    code : str
        The same by hand.
    """

    metric: str
    value: float | None
    cell: str
    currency: str | None
    kpis: pd.DataFrame
    frame: pd.DataFrame
    ads: pd.DataFrame
    opportunities: pd.DataFrame
    matches: pd.DataFrame
    code: str

    @property
    def arithmetic(self) -> str:
        """The formula with its sums filled in."""
        return arithmetic(self.metric, self.kpis.iloc[0].to_dict(), self.currency)

    @property
    def label(self) -> str:
        """What the metric is called."""
        return say(metrics[self.metric].label)

    @property
    def text(self) -> str:
        """The value, written."""
        return figure_text(self.metric, self.value, self.currency)

    @property
    def sentences(self) -> list[str]:
        """What there is to say: how many rows make the number up, or why there is none."""
        sentences = [count_sentence(self.frame)]
        terms = funnel_terms(metrics[self.metric])
        if terms and self.matches.empty and not self.opportunities.empty:
            sentences.append(nothing_added(terms))
        if self.value is None and not self.frame.empty:
            sentences.append(why_no_value(self.metric))
        return sentences

    def __repr__(self) -> str:
        """Give the number on one line."""
        return f"<Explanation {self.cell}: {self.arithmetic}>"

    def _repr_html_(self) -> str:
        """Show the number, its formula, the matches and the first rows."""
        tables = tables_of(self.metric, self.ads, self.opportunities, self.matches, self.currency)
        shown = [Markup(table._repr_html_()) for table in tables]  # noqa: S704 - escaped already
        return render("explain", explanation=self, tables=shown)


def explain(
    store: Store,
    metric: str,
    *,
    date: Day = None,
    grain: str | None = None,
    start: Day = None,
    end: Day = None,
    scope: str = "all",
    **cell: Any,
) -> Explanation:
    """Explain one number: the ad rows and opportunities behind it, and the arithmetic.

    The value is that of ``store.metrics`` for the same cell, and the sums of ``ads`` and
    ``opportunities`` are those that it is divided from.

    Parameters
    ----------
    store : Store
        What :func:`admira.open_store`, :func:`admira.load` or :func:`admira.demo` give.
    metric : str
        A measure or a ratio of ``admira.metrics``.
    date : day, optional
        One day; with ``grain`` the week, month, quarter or year that holds it.
    grain : {"day", "week", "month", "quarter", "year"}, optional
        What ``date`` is a day of.
    start, end : day, optional
        First and last day, both included.
    scope : {"all", "paid"}
        As in :meth:`admira.Store.metrics`.
    **cell
        Values of dimensions, one or a list: ``channel``, ``campaign_id``, ``campaign_name``,
        ``utm_campaign``, ``utm_source``, ``utm_medium``, ``currency``, ``match``, …, or a
        group; NaN asks for the rows where it is missing.  And the options of the join.

    Returns
    -------
    Explanation

    Raises
    ------
    OptionError
        When the metric, a dimension, an option or a day does not exist.
    AmbiguousData
        When money in several currencies would be added; then give ``currency``.

    Examples
    --------
    >>> import admira
    >>> why = explain(admira.demo(), "cpa", channel="tiktok_ads", start="2025-11-01")
    >>> why.arithmetic
    'cpa = cost / leads = €8,610.82 / 124.9951 = €68.89'
    >>> why.opportunities[["opportunity_id", "stage", "match", "match_weight"]].tail(2)
        opportunity_id        stage     match  match_weight
    125     OPP-003561  closed_lost  campaign       0.12634
    126     OPP-003874         lead  campaign       0.12634
    """
    found = metrics[metric]
    asked = _asked(store, _period(date, grain, start, end), scope, cell)
    facts, opportunities = store.at_once(lambda seen: _rows(seen, found, asked))
    kpis = compute_metrics(facts, by=[])
    value = kpis[metric].iloc[0]
    return Explanation(
        metric=metric,
        value=None if pd.isna(value) else float(value),
        cell=cell_text(asked),
        currency=kpis.attrs.get("currency"),
        kpis=kpis,
        frame=facts,
        ads=ads_of(facts),
        opportunities=opportunities,
        matches=matches_of(opportunities, found),
        code=code_text(metric, asked),
    )


def _period(date: Day, grain: str | None, start: Day, end: Day) -> dict[str, pd.Timestamp]:
    """Give the first and the last day of the cell, as far as they are bounded."""
    checked_grain(grain)
    day, first, last = as_day("date", date), as_day("start", start), as_day("end", end)
    if grain is not None and day is None:
        raise OptionError("date", None, ["a day, which grain makes a week, a month, … of"])
    if day is not None:
        begin = begins(grain or "day", day)
        finish = begin + STEPS[grain or "day"] - pd.Timedelta(days=1)
        first = begin if first is None else max(first, begin)
        last = finish if last is None else min(last, finish)
    bounds = {"start": first, "end": last}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _asked(
    store: Store, period: Mapping[str, pd.Timestamp], scope: str, cell: Mapping[str, Any]
) -> Asked:
    """Part the values of dimensions from the options of the join, and refuse all else."""
    check_shape([], scope=scope)
    labels = labels_among(store.backend, [name for name in cell if name not in JOIN_OPTIONS])
    dimensions = [name for name in FACTS.names if name not in {*metrics, "match_weight", "date"}]
    dimensions += [name for name in labels if name not in dimensions]
    given = {name: value for name, value in cell.items() if value is not None}
    for name in cell:
        if name not in dimensions and name not in JOIN_OPTIONS:
            raise OptionError(
                "cell", name, ["date", "grain", "start", "end", "scope", *dimensions, *JOIN_OPTIONS]
            )
    return Asked(
        period=dict(period),
        filters={name: given[name] for name in dimensions if name in given},
        options={name: cell[name] for name in JOIN_OPTIONS if name in cell},
        scope=scope,
        labels=tuple(labels),
    )


def _rows(store: Store, metric: Measure | Ratio, asked: Asked) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the facts of the cell, and the opportunities among them."""
    facts = _facts(store, asked)
    return facts, opportunities_of(store, facts, metric, asked)


def _facts(store: Store, asked: Asked) -> pd.DataFrame:
    """Give the facts of the cell."""
    facts = store.facts(**asked.period, **asked.of_store, **asked.options)
    for name, wanted in asked.filters.items():
        if name not in asked.of_store:
            facts = facts[_has(facts[name], wanted)]
    if asked.scope == "paid":
        facts = facts[~facts["channel"].str.startswith("(")]
    return facts.reset_index(drop=True)


def _has(values: pd.Series, wanted: Any) -> pd.Series:
    """Tell the rows that have one of the values wanted; NaN among them means missing."""
    several: Sequence[Any] = [*wanted] if pd.api.types.is_list_like(wanted) else [wanted]
    known = [value for value in several if not pd.isna(value)]
    has_one = values.isin(known)
    return has_one | values.isna() if len(known) < len(several) else has_one
