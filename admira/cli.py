"""The command line: demo, ingest and metrics, each one call of the library."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import admira
from admira import datasets
from admira.config import Settings
from admira.errors import AdmiraError
from admira.pipeline import Progress as Tell
from admira.present import KpiTable, kpi_table

app = typer.Typer(
    name="admira",
    help="Which ad spend brought which sale: CPC, CPA, conversion rates and ROAS that reconcile.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

StoreFolder = Annotated[
    str | None, typer.Option(help="The store's folder; else ADMIRA_STORE, else ./admira-store.")
]
Day = Annotated[str | None, typer.Option(metavar="DAY", help="Such as 2025-08-31; included.")]


class Format(StrEnum):
    """How a KPI table is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def run() -> None:
    """Run the command line: an error is one sentence and exit code 1, wrong usage exit code 2."""
    try:
        app()
    except AdmiraError as error:
        Console(stderr=True, soft_wrap=True).print(f"admira: {error}", markup=False)
        sys.exit(1)


def _show_version(*, is_asked: bool) -> None:
    """Print the version and leave."""
    if is_asked:
        typer.echo(f"admira {admira.__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and leave.",
            is_eager=True,
            callback=lambda value: _show_version(is_asked=value),
        ),
    ] = False,
) -> None:
    """Hold the options that concern no command."""


@app.command()
def demo(
    store: Annotated[Path, typer.Option(help="Folder for the demo store.")] = Path("admira-demo"),
) -> None:
    """Serve the demo data over HTTP on this machine, ingest it, show KPIs by channel.

    A second run finds nothing to change, and says so.
    """
    target = admira.open_store(store)
    with datasets.serve(datasets.generate()) as api, _progress() as tell:
        report = admira.ingest(target, ads=api.ads_url, crm=api.crm_url, progress=tell)
    typer.echo(f"{report}\n")
    _print_kpis(target, by=["channel"])
    typer.echo("\nWhat went into the join came out of it:")
    typer.echo(target.reconcile().drop(columns="tolerance").to_string(index=False))
    typer.echo(
        f"\n{report.partitions_rewritten:,} partitions rewritten. The store is at "
        f"{store.resolve()}: plain Parquet, by date and channel.\n"
        f"Next: admira metrics --store {store} --by campaign_id --start 2025-12-01"
    )


@app.command()
def ingest(
    store: StoreFolder = None,
    ads: Annotated[str | None, typer.Option(help="URL, file or glob; else ADS_API_URL.")] = None,
    crm: Annotated[str | None, typer.Option(help="URL, file or glob; else CRM_API_URL.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DAY", help="First day to fetch, such as 2025-08-01.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="The day after the last one to fetch.")
    ] = None,
    tz: Annotated[
        str | None, typer.Option(help="Reporting time zone of a new store, such as Europe/Madrid.")
    ] = None,
) -> None:
    """Fetch ads and CRM rows and bring the store up to date; running it twice changes nothing.

    Example: admira ingest --store shop --ads ads.json --crm crm.json
    """
    target = admira.open_store(store or Settings().admira_store, tz=tz)
    with _progress() as tell:
        report = admira.ingest(target, ads=ads, crm=crm, since=since, until=until, progress=tell)
    typer.echo(repr(report))


@app.command()
def metrics(
    store: StoreFolder = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Dimensions, such as channel or date,channel; channel by default."),
    ] = None,
    start: Day = None,
    end: Day = None,
    grain: Annotated[str | None, typer.Option(help="day, week or month; cuts date.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only this channel.")] = None,
    campaign_id: Annotated[list[str] | None, typer.Option(help="Only this campaign.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most this many rows.")] = None,
    output: Annotated[
        Format, typer.Option("--format", help="A table to read, or CSV or JSON in full.")
    ] = Format.TABLE,
) -> None:
    """Print KPIs: one row per group.

    Example: admira metrics --by channel --start 2025-12-01 --end 2025-12-31
    """
    target = admira.open_store(store or Settings().admira_store)
    dimensions = [name.strip() for each in by or ["channel"] for name in each.split(",")]
    filters: dict[str, Any] = {
        "start": start,
        "end": end,
        "channel": channel,
        "campaign_id": campaign_id,
    }
    if output is Format.TABLE:
        _print_kpis(target, by=dimensions, grain=grain, limit=limit, **filters)
        return
    kpis = target.metrics(dimensions, grain=grain, limit=limit, **filters)
    if output is Format.CSV:
        typer.echo(kpis.to_csv(index=False), nl=False)
    else:
        if "date" in dimensions:
            kpis["date"] = kpis["date"].dt.strftime("%Y-%m-%d")
        typer.echo(kpis.to_json(orient="records", double_precision=15, force_ascii=False))


def _print_kpis(
    store: admira.Store,
    *,
    by: list[str],
    grain: str | None = None,
    limit: int | None = None,
    **filters: Any,
) -> None:
    """Print a KPI table that ends in two named totals: what was paid for, and everything."""
    facts = store.facts(**filters)
    table = kpi_table(
        admira.compute_metrics(facts, by=by, grain=grain, limit=limit),
        totals={
            "Paid": admira.compute_metrics(facts, by=[], scope="paid"),
            "All (blended)": admira.compute_metrics(facts, by=[]),
        },
    )
    _console().print(_drawn(table))


def _drawn(table: KpiTable) -> Table:
    """Draw a KPI table for the terminal."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, title in enumerate(table.titles):
        is_figure = position >= table.dimensions
        drawn.add_column(title, justify="right" if is_figure else "left", no_wrap=True)
    last_group = len(table.rows) - table.totals - 1
    for position, cells in enumerate(table.rows):
        style = "bold" if position > last_group else None
        drawn.add_row(*cells, style=style, end_section=position == last_group)
    return drawn


def _console() -> Console:
    """Give a console as wide as the table needs where the output is no terminal."""
    return Console() if sys.stdout.isatty() else Console(width=200)


@contextmanager
def _progress() -> Iterator[Tell]:
    """Show a progress bar while attached to a terminal, and nothing elsewhere."""
    columns = (BarColumn(bar_width=24), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda step, done, steps: bar.update(
            task, description=step, completed=done, total=steps
        )
