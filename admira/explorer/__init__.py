"""The explorer: every KPI of a store by click, and why each number is so."""

import os
from typing import Any

from admira.explorer.choice import choice_of
from admira.explorer.known import known_of
from admira.explorer.panel import Explorer
from admira.summary import Asked as Store

__all__ = ["Explorer", "explore"]


def explore(store: Store, *, budgets: Any = None, **initial: Any) -> Explorer:
    """Explore the KPIs of a store by click: metric, days, channels, split, grain, comparison.

    Chart and table follow, with the formula, the same in code, and *Why?*, which opens the rows
    behind a number.  Below, *What moved*, *Pacing*, *Tags* and *Unusual days* open by click.  The
    first days shown are the last 90 with ads, of all paid channels.

    Parameters
    ----------
    store : Store
        What :func:`admira.open_store`, :func:`admira.load` or :func:`admira.demo` give.
    budgets : DataFrame, list of dicts, or path of a CSV file or workbook, optional
        What *Pacing* looks at, as of ``store.pacing``.
    **initial
        ``metric``; ``start`` and ``end``, or ``preset`` (``"7"``, ``"28"``, ``"90"``, ``"all"``);
        ``channels``; ``split`` (``"channel"``, ``"campaign_id"``, ``"campaign_name"``,
        ``"utm_source"``, ``"utm_medium"``, ``"currency"`` or None); ``grain`` (``"day"``,
        ``"week"``, ``"month"``); ``search``, a part of a campaign's name; ``compare``
        (``"previous"``, ``"year"`` or None); ``currency``, where there are several.

    Returns
    -------
    Explorer
        Widgets in a notebook; each choice can be set in code as well.

    Raises
    ------
    OptionError
        When something is chosen that does not exist.
    DataError
        When the store has no rows.
    MissingExtra
        When ipywidgets or plotly is not installed.

    Examples
    --------
    >>> import admira
    >>> explorer = explore(admira.demo(), metric="roas", split="channel", grain="month")
    >>> explorer
    <Explorer: ROAS by channel, monthly; Oct 3 – Dec 31, 2025 · 6 rows>
    >>> explorer.choose(channels=["meta_ads"], preset="all")
    >>> print(explorer.code)
    kpis = store.metrics(by=["date", "channel"], grain="month", channel=["meta_ads"])
    >>> explorer.choose(start="2025-11-01", end="2025-11-30")
    >>> explorer.section("movers")
    <Section What moved: 1 row>
    """
    given = os.fspath(budgets) if isinstance(budgets, os.PathLike) else budgets
    return Explorer(store, choice_of(known_of(store), **initial), given)
