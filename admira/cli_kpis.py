"""The command line's KPIs: metrics, and reconcile, which proves that they add up."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pandas as pd
import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

import admira
from admira.cli_asking import Named, Today, dimensions
from admira.cli_output import AsJson, Day, console, empty_table, print_json, records
from admira.cli_upkeep import StoreFolder, opened
from admira.present.cells import Cell
from admira.present.html import BAD, GOOD, MUTED
from admira.present.language import say
from admira.present.tables import MetricTable, metric_table

kpi_commands = typer.Typer()

_TINTS = {GOOD: "green", BAD: "red", MUTED: "dim"}
_GAP = 3


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
    period: Named = None,
    today: Today = None,
    compare: Annotated[
        str | None, typer.Option(help="Put it beside the previous period, or that of a year ago.")
    ] = None,
    versus: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Targets, CSV or workbook: metrics, by group and period."
        ),
    ] = None,
    grain: Annotated[
        str | None, typer.Option(help="Cut date: day, week, month, quarter, year.")
    ] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel.")] = None,
    campaign_id: Annotated[list[str] | None, typer.Option(help="Only this campaign.")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most this many rows.")] = None,
    output: Annotated[
        Format, typer.Option("--format", help="A table to read, or CSV or JSON in full.")
    ] = Format.TABLE,
    *,
    platform: Annotated[
        bool, typer.Option("--platform", help="What platforms claim of themselves, beside ours.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Print KPIs: one row per group.

    Example: admira metrics --by channel --period 2025-12 --compare previous
    """
    target = opened(store)
    asked: dict[str, Any] = {
        "by": dimensions(by, "channel"),
        "grain": grain,
        "limit": limit,
        "versus": versus,
        "compare": compare,
        "platform": platform,
        "start": start,
        "end": end,
        "period": period,
        "today": today,
        "channel": channel,
        "campaign_id": campaign_id,
    }
    if output is Format.TABLE and not as_json:
        print_kpis(target, **asked)
        return
    kpis = target.metrics(**asked)
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
    by: list[str],
    *,
    grain: str | None = None,
    limit: int | None = None,
    versus: str | None = None,
    **asked: Any,
) -> None:
    """Print a KPI table that ends in two named totals: what was paid for, and everything."""
    kpis = store.metrics(by, grain=grain, versus=versus, **asked)
    table = metric_table(kpis, limit=limit, totals=_totals(store, kpis, asked), is_exact=True)
    screen = console()
    for places in _parts(table, screen.width):
        screen.print(_drawn(table, places))
    for note in table.notes:
        screen.print(Text(note))


def _totals(
    store: admira.Store, kpis: pd.DataFrame, asked: dict[str, Any]
) -> dict[str, pd.DataFrame]:
    """Work out the totals; money in several currencies has none."""
    if "currency" in kpis and len(kpis["currency"].drop_duplicates()) > 1:
        return {}
    return {
        say("Paid"): store.metrics([], **asked | {"scope": "paid"}),
        say("All (blended)"): store.metrics([], **asked),
    }


def _parts(table: MetricTable, room: int) -> list[list[int]]:
    """Part the columns so that each part fits, names in all of them: no figure is cut off."""
    names = [place for place, head in enumerate(table.heads) if head.align == "left"]
    free = beside_names = room - sum(_width(table, place) for place in names)
    parts = [[*names]]
    for place in range(len(names), len(table.heads)):
        width = _width(table, place)
        if width > free and parts[-1] != names:
            parts.append([*names])
            free = beside_names
        parts[-1].append(place)
        free -= width
    return parts


def _width(table: MetricTable, place: int) -> int:
    """Give the room that a column takes: its cells, or the longest word above them, and a gap."""
    lines = [line for row in table.rows for line in _text(row.cells[place]).plain.splitlines()]
    return max(map(cell_len, [*str(table.heads[place].text).split(), *lines])) + _GAP


def _drawn(table: MetricTable, places: list[int]) -> Table:
    """Draw some columns of a KPI table for the terminal."""
    drawn = empty_table()
    for place in places:
        head = table.heads[place]
        justify: Literal["left", "right"] = "left" if head.align == "left" else "right"
        drawn.add_column(Text(str(head.text)), justify=justify, width=_width(table, place) - _GAP)
    groups = sum(not row.is_total for row in table.rows)
    for number, row in enumerate(table.rows, 1):
        style = "bold" if row.is_total else None
        cells = [_text(row.cells[place]) for place in places]
        drawn.add_row(*cells, style=style, end_section=number == groups)
    return drawn


def _text(cell: Cell) -> Text:
    """Write a figure, and below it how it changed and how far it is from its target."""
    lines = [(str(cell.text), ""), (cell.note, cell.note_colour), (cell.aim, cell.aim_colour)]
    return Text("\n").join([Text(line, _TINTS.get(tint, "")) for line, tint in lines if line])
