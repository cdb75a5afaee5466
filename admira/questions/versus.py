"""KPIs beside their targets: what each should be, and by how much it is off."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from admira.core.coverage import marked
from admira.core.days import as_day
from admira.core.filters import VALUE_FILTERS, as_stored
from admira.core.grains import begins
from admira.core.named_periods import chosen_period
from admira.core.periods import Period
from admira.core.rules import JOIN_OPTIONS
from admira.core.totals import MEASURES
from admira.log import log_event
from admira.overview import today_of
from admira.questions.targets import Targets, check_units, of_period, read_targets
from admira.schemas.metrics import metrics
from admira.summary import Asked
from admira.wanted import several

_BESIDE = ("", "_previous", "_change", "_target", "_versus")


def against_targets(
    store: Asked,
    given: Any,
    by: str | Sequence[str],
    *,
    shape: Mapping[str, Any],
    days: Mapping[str, Any],
    sums: Mapping[str, Any],
    limit: int | None,
    offset: int,
    mark_partial: bool,
) -> pd.DataFrame:
    """Put the KPIs of a store beside targets; see ``Store.metrics``.

    Parameters
    ----------
    given : mapping, DataFrame, list of dicts, or path of a CSV file or workbook
        The targets.
    shape : mapping
        ``grain``, ``week_start``, ``rolling``, ``spine``, ``compare``, ``platform``,
        ``zero_division``.
    days : mapping
        ``start``, ``end``, ``period``, ``today``.
    sums : mapping
        ``scope``, engine, values and options of the join.

    Returns
    -------
    DataFrame
        One row per group that there is, or that has a target of its own; ``attrs`` has
        ``targets_unmet``, what the targets are of for which there is no row.
    """
    dimensions = [by] if isinstance(by, str) else [*by]
    week_start = shape["week_start"]
    row_unit = (shape["grain"] or "day") if "date" in dimensions else None
    targets = read_targets(given, dimensions, row_unit or "day", week_start)
    check_units(targets, row_unit, rolling=shape["rolling"] or 1)
    today = today_of(store.tz, days["today"])
    first, last = _asked_for(days, today)
    if row_unit is None:
        one = None if first is None or last is None else Period(first, last)
        targets = of_period(targets, one, week_start)
    kpis = store.metrics(dimensions, **shape, **days, **sums)
    if targets.unit:
        last = kpis["date"].max() if last is None else min(last, today)
        first = kpis["date"].min() if first is None else first
        bounds = [begins(targets.unit, day, week_start) for day in (first, last)]
        targets = targets.within(*bounds)
    targets = _as_filtered(targets, sums)
    unmet = _unmet(kpis, targets, week_start)
    if len(unmet) and _could_be_rows(targets, dimensions, row_unit, sums):
        kpis = _with_rows(kpis, unmet[targets.on], dimensions, shape["zero_division"])
        unmet = unmet.iloc[:0]
    found = _beside(kpis, targets, week_start)
    _tell_unmet(found, targets, unmet)
    page = found.iloc[offset : None if limit is None else offset + limit].reset_index(drop=True)
    return marked(page, dimensions) if mark_partial else page


def _asked_for(
    days: Mapping[str, Any], today: pd.Timestamp
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Give the first and the last day asked for, where they are bounded."""
    if days["period"] is None:
        return as_day("start", days["start"]), as_day("end", days["end"])
    return chosen_period(days["start"], days["end"], days["period"], today).period


def _is_filter(name: str, sums: Mapping[str, Any]) -> bool:
    """Tell what keeps some groups out from how the rest is worked out."""
    others = {"scope", "engine", "session", *JOIN_OPTIONS}
    return name not in others and sums[name] is not None


def _as_filtered(targets: Targets, sums: Mapping[str, Any]) -> Targets:
    """Keep the targets of groups that the question keeps."""
    rows = targets.rows
    for name in targets.keys:
        if name in sums and _is_filter(name, sums):
            wanted = {name: sums[name]}
            kept = as_stored(wanted)[name] if name in VALUE_FILTERS else several(sums[name])
            rows = rows[rows[name].isin(kept)]
    if sums["scope"] == "paid" and "channel" in targets.keys:
        rows = rows[~rows["channel"].str.startswith("(")]
    return replace(targets, rows=rows)


def _keyed(kpis: pd.DataFrame, targets: Targets, week_start: str) -> pd.DataFrame:
    """Give what each row is of, as targets say it."""
    keys = kpis[targets.keys].reset_index(drop=True)
    if targets.unit:
        days = kpis["date"].drop_duplicates()
        firsts = {day: begins(targets.unit, day, week_start) for day in days}
        keys["date"] = kpis["date"].map(firsts).astype("datetime64[us]").to_numpy()
    return keys


def _unmet(kpis: pd.DataFrame, targets: Targets, week_start: str) -> pd.DataFrame:
    """Give the targets that no row is of."""
    if not targets.on:
        return targets.rows.iloc[:0]
    keys = _keyed(kpis, targets, week_start).drop_duplicates()
    met = targets.rows.merge(keys, how="left", on=targets.on, validate="1:1", indicator="met")
    return targets.rows[(met["met"] == "left_only").to_numpy()]


def _could_be_rows(
    targets: Targets, dimensions: Sequence[str], row_unit: str | None, sums: Mapping[str, Any]
) -> bool:
    """Tell whether each target is of one group, which nothing else keeps out of the question."""
    is_of_rows = {*targets.on} == {*dimensions} and targets.unit in (None, row_unit)
    foreign = [name for name in sums if name not in targets.keys and _is_filter(name, sums)]
    return is_of_rows and not foreign


def _with_rows(
    kpis: pd.DataFrame, groups: pd.DataFrame, by: Sequence[str], zero_division: float | None
) -> pd.DataFrame:
    """Add the groups of which there is nothing, as rows of zeros."""
    names = [str(name) for name in kpis]
    sums = [name for name in names if name.removesuffix("_previous") in MEASURES]
    rows = groups.reindex(columns=kpis.columns)
    ratios = [name for name in metrics if name in names and name not in sums]
    rows[[name for name in names if name not in by]] = pd.NA
    rows[sums] = 0
    if zero_division is not None:
        rows[ratios] = zero_division
    stacked = pd.concat([kpis, rows.astype(kpis.dtypes)], ignore_index=True)
    stacked.attrs.update(kpis.attrs)
    return stacked.sort_values([*by], kind="stable", na_position="last", ignore_index=True)


def _beside(kpis: pd.DataFrame, targets: Targets, week_start: str) -> pd.DataFrame:
    """Put the target of each row, and by how much it is off, beside its figure."""
    figures = targets.rows[targets.names].astype("Float64").add_suffix("_target")
    if targets.on:
        rows = pd.concat([targets.rows[targets.on], figures], axis="columns")
        keys = _keyed(kpis, targets, week_start)
        found = keys.merge(rows, how="left", on=targets.on, validate="m:1")[[*figures]]
    else:
        found = figures.reindex([*figures.index[:1]] * len(kpis))
        found = found.reset_index(drop=True).reindex(range(len(kpis)))
    table = pd.concat([kpis.reset_index(drop=True), found], axis="columns")
    for name in targets.names:
        aim = table[f"{name}_target"]
        table[f"{name}_versus"] = table[name].astype("Float64") / aim.mask(aim == 0) - 1
    table.attrs.update(kpis.attrs)
    return table[_in_order(table, targets.names)]


def _in_order(table: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Name the columns, each target right behind its figure and what that was before."""
    beside = {f"{name}{end}": name for name in names for end in _BESIDE[1:]}
    order = []
    for column in map(str, table):
        if column in names:
            order += [each for end in _BESIDE if (each := f"{column}{end}") in table]
        elif column not in beside:
            order.append(column)
    return order


def _tell_unmet(table: pd.DataFrame, targets: Targets, unmet: pd.DataFrame) -> None:
    """Say which targets there is no row for: in the table's ``attrs`` and in the log."""
    if unmet.empty:
        return
    names = [targets.name(row) for row in unmet.to_dict("records")]
    table.attrs["targets_unmet"] = names
    log_event("targets.unmet", level=logging.WARNING, targets=len(names), first=names[0])
