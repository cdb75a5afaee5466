"""The command line's KPIs: metrics, and reconcile, which proves that they add up."""

from enum import StrEnum
from typing import Annotated, Any

import pandas as pd
import typer
from rich.table import Table

import admira
from admira.cli_asking import dimensions
from admira.cli_output import AsJson, Day, console, empty_table, print_json, records
from admira.cli_upkeep import StoreFolder, opened
from admira.present.partial import MARK, partial_note
from admira.present.text import KpiTable, kpi_table

kpi_commands = typer.Typer()


class Format(StrEnum):
    """How a KPI table is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@kpi_commands.command()
def metrics(
    store: StoreFolder = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Dimensions, such as channel or date,channel; channel by default."),
    ] = None,
    start: Day = None,
    end: Day = None,
    grain: Annotated[
        str | None, typer.Option(help="Cut date: day, week, month, quarter, year.")
    ] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel.")] = None,
    campaign_id: Annotated[list[str] | None, typer.Option(help="Only this campaign.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many rows.")] = None,
    output: Annotated[
        Format, typer.Option("--format", help="A table to read, or CSV or JSON in full.")
    ] = Format.TABLE,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print KPIs: one row per group.

    Example: admira metrics --by channel --start 2025-12-01 --end 2025-12-31
    """
    target = opened(store)
    asked = dimensions(by, "channel")
    filters: dict[str, Any] = {
        "start": start,
        "end": end,
        "channel": channel,
        "campaign_id": campaign_id,
    }
    if output is Format.TABLE and not as_json:
        print_kpis(target, by=asked, grain=grain, limit=limit, **filters)
        return
    kpis = target.metrics(asked, grain=grain, limit=limit, **filters)
    if output is Format.CSV and not as_json:
        typer.echo(kpis.to_csv(index=False), nl=False)
    else:
        print_json(records(kpis))


@kpi_commands.command()
def reconcile(
    store: StoreFolder = None,
    funnel: Annotated[
        str, typer.Option(help="cumulative, or snapshot: each record in its stage only.")
    ] = "cumulative",
    *,
    as_json: AsJson = False,
) -> None:
    """Show that what went into the join came out of it; exit code 1 where a total differs.

    Example: admira reconcile --store shop
    """
    totals = opened(store).reconcile(funnel=funnel)
    if as_json:
        print_json(records(totals))
    else:
        typer.echo(totals_text(totals))


def totals_text(totals: pd.DataFrame) -> str:
    """Write a reconciliation's rows."""
    shown = totals.drop(columns="tolerance")
    shown["difference"] = shown["difference"].round(6) + 0.0  # no -0.0
    return shown.to_string(index=False)


def print_kpis(
    store: admira.Store,
    *,
    by: list[str],
    grain: str | None = None,
    limit: int | None = None,
    **filters: Any,
) -> None:
    """Print a KPI table that ends in two named totals: what was paid for, and everything."""
    facts = store.facts(**filters)
    days: dict[str, Any] = {name: filters.get(name) for name in ("start", "end")}
    kpis = admira.compute_metrics(facts, by=by, grain=grain, limit=limit, **days)
    table = kpi_table(
        kpis,
        totals={
            "Paid": admira.compute_metrics(facts, by=[], scope="paid"),
            "All (blended)": admira.compute_metrics(facts, by=[]),
        },
    )
    console().print(_drawn(table))
    note = partial_note(kpis["date"], kpis.attrs) if "date" in kpis else ""
    if note:
        console().print(f"{MARK} {note}")


def _drawn(table: KpiTable) -> Table:
    """Draw a KPI table for the terminal."""
    drawn = empty_table()
    for position, title in enumerate(table.titles):
        is_figure = position >= table.dimensions
        drawn.add_column(title, justify="right" if is_figure else "left", no_wrap=True)
    last_group = len(table.rows) - table.totals - 1
    for position, cells in enumerate(table.rows):
        style = "bold" if position > last_group else None
        drawn.add_row(*cells, style=style, end_section=position == last_group)
    return drawn
