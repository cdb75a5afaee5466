"""The command line's KPIs: metrics, and reconcile, which proves that they add up."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pandas as pd
import typer
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

import admira
from admira.cli_asking import By, Named, Today, dimensions
from admira.cli_output import AsJson, Day, console, empty_table, print_json, records
from admira.cli_upkeep import StoreFolder, opened
from admira.present.cells import Cell, has_currencies
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
    by: By = None,
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
    """Print KPIs: one row per group, by channel where nothing is said.

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
    texts = [[_text(cell) for cell in row.cells] for row in table.rows]
    widths = [_width(head, column) for head, *column in zip(table.heads, *texts, strict=True)]
    screen = console()
    for places in _parts(table, widths, screen.width):
        screen.print(_drawn(table, texts, widths, places))
    for note in table.notes:
        screen.print(Text(note))


def _totals(
    store: admira.Store, kpis: pd.DataFrame, asked: dict[str, Any]
) -> dict[str, pd.DataFrame]:
    """Work out the totals; money in several currencies has none."""
    if has_currencies(kpis):
        return {}
    return {
        say("Paid"): store.metrics([], **asked | {"scope": "paid"}),
        say("All (blended)"): store.metrics([], **asked),
    }


def _width(head: Cell, column: list[Text]) -> int:
    """Give the room that a column takes: its cells, or the longest word above them."""
    lines = [line for text in column for line in text.plain.splitlines()]
    return max(map(cell_len, [*str(head.text).split(), *lines]))


def _parts(table: MetricTable, widths: list[int], room: int) -> list[list[int]]:
    """Part the columns so that each part fits, names in all of them: no figure is cut off."""
    names = [place for place, head in enumerate(table.heads) if head.align == "left"]
    free = beside_names = room - sum(widths[place] + _GAP for place in names)
    parts = [[*names]]
    for place in range(len(names), len(widths)):
        taken = widths[place] + _GAP
        if taken > free and parts[-1] != names:
            parts.append([*names])
            free = beside_names
        parts[-1].append(place)
        free -= taken
    return parts


def _drawn(
    table: MetricTable, texts: list[list[Text]], widths: list[int], places: list[int]
) -> Table:
    """Draw some columns of a KPI table for the terminal."""
    drawn = empty_table()
    for place in places:
        head = table.heads[place]
        justify: Literal["left", "right"] = "left" if head.align == "left" else "right"
        drawn.add_column(Text(str(head.text)), justify=justify, width=widths[place])
    groups = sum(not row.is_total for row in table.rows)
    for number, (row, cells) in enumerate(zip(table.rows, texts, strict=True), 1):
        style = "bold" if row.is_total else None
        is_last_group = number == groups
        drawn.add_row(*(cells[place] for place in places), style=style, end_section=is_last_group)
    return drawn


def _text(cell: Cell) -> Text:
    """Write a figure, and below it how it changed and how far it is from its target."""
    lines = [(str(cell.text), ""), (cell.note, cell.note_colour), (cell.aim, cell.aim_colour)]
    return Text("\n").join([Text(line, _TINTS.get(tint, "")) for line, tint in lines if line])
