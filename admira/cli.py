"""The command line: demo, ingest, extract, presets and metrics, each one call of the library."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer
from rich import box
from rich.console import Console
from rich.table import Table

import admira
from admira import datasets
from admira.cli_export import exporting
from admira.cli_ops import ops, sources_named
from admira.cli_report import reporting
from admira.cli_upkeep import StoreFolder, asking, opened, upkeep
from admira.errors import AdmiraError, OptionError, SourceRejected
from admira.exit_codes import exit_code_of
from admira.explaining import explained
from admira.present.text import KpiTable, kpi_table
from admira.sources.extract import extract_all
from admira.sources.presets import load_preset

app = typer.Typer(
    name="admira",
    help="Which ad spend brought which sale: CPC, CPA, conversion rates and ROAS that reconcile.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(upkeep)
app.add_typer(ops)
app.add_typer(reporting)
app.add_typer(exporting)

Day = Annotated[str | None, typer.Option(metavar="DAY", help="Such as 2025-08-31; included.")]


class Format(StrEnum):
    """How a KPI table is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def run() -> None:
    """Run the command line: an error is one sentence, and its exit code says if it may pass."""
    try:
        app()
    except AdmiraError as error:
        Console(stderr=True, soft_wrap=True).print(f"admira: {error}", markup=False)
        sys.exit(exit_code_of(error))


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
    with datasets.serve(datasets.generate()) as api:
        report = admira.ingest(target, ads=api.ads_url, crm=api.crm_url)
    typer.echo(f"{report}\n")
    _print_kpis(target, by=["channel"])
    typer.echo("\nWhat went into the join came out of it:")
    totals = target.reconcile().drop(columns="tolerance")
    totals["difference"] = totals["difference"].round(6) + 0.0  # no -0.0
    typer.echo(totals.to_string(index=False))
    typer.echo(
        f"\n{report.partitions_rewritten:,} partitions rewritten. The store is at "
        f"{store.resolve()}: plain Parquet, by date and channel.\n"
        f"Next: admira metrics --store {store} --by campaign_id --start 2025-12-01"
    )


Places = Annotated[
    list[str] | None,
    typer.Option(metavar="[PRESET=]PLACE", help="URL, file, folder or glob; may be repeated."),
]


@app.command()
def ingest(
    store: StoreFolder = None,
    ads: Places = None,
    crm: Places = None,
    tags: Annotated[
        Path | None, typer.Option(help="The team's UTM sheet, a CSV with campaign_id and tags.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="First day to fetch, or auto: what can be new."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="The day after the last one to fetch.")
    ] = None,
    lookback_days: Annotated[
        int, typer.Option(help="With --since auto, how far back ads are read again.")
    ] = 30,
    max_reject_rate: Annotated[
        float | None, typer.Option(help="Write nothing when more of a table's rows are rejected.")
    ] = None,
    unknown_columns: Annotated[
        str, typer.Option(help="ignore: leave out and count what the contract lacks; or fail.")
    ] = "ignore",
    tz: Annotated[
        str | None, typer.Option(help="Reporting time zone of a new store, such as Europe/Madrid.")
    ] = None,
    *,
    crm_complete: Annotated[
        bool | None,
        typer.Option(
            "--crm-complete", help="The CRM read is all there is: remove what is no longer in it."
        ),
    ] = None,
) -> None:
    """Fetch ads and CRM rows and bring the store up to date; running it twice changes nothing.

    Sources are those given, else ADS_API_URL and CRM_API_URL.  A platform's form is recognised by
    the headers of a file, or named: --ads google_ads_csv=exports/google.csv

    Example: admira ingest --store shop --ads ads.json --crm crm.json
    """
    target = opened(store, tz=tz)
    report = admira.ingest(
        target,
        ads=sources_named(ads),
        crm=sources_named(crm),
        tags=None if tags is None else _utm_sheet(tags),
        since=since,
        until=until,
        lookback_days=lookback_days,
        crm_complete=crm_complete,
        max_reject_rate=max_reject_rate,
        unknown_columns=unknown_columns,
        client=asking(),
    )
    typer.echo(str(report))


def _utm_sheet(path: Path) -> pd.DataFrame:
    """Read the team's UTM sheet from a CSV file; ids stay text."""
    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise SourceRejected(f"{path} cannot be read: {error}.") from None


@app.command()
def extract(
    preset: Annotated[str, typer.Argument(help="A form, such as google_ads_csv; see presets.")],
    place: Annotated[str, typer.Argument(metavar="SOURCE", help="URL, file, folder or glob.")],
    out: Annotated[Path | None, typer.Option(help="Write canonical rows to this CSV file.")] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH=VALUE", help='What differs, such as decimal=","; repeatable.'),
    ] = None,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what was found, dropped and made of it.")
    ] = False,
) -> None:
    """Turn an export of a platform into canonical rows, and show what was made of it.

    Example: admira extract google_ads_csv report.csv --out rows.csv --explain
    """
    params = dict(_param(each) for each in param or [])
    form = load_preset(preset, params)
    source = admira.Source(place, preset=preset, params=params)
    (pulled,) = extract_all({form.kind: [source]}).values()
    rows = admira.normalize(pulled.frame, kind=form.kind)
    if explain or out is None:
        typer.echo(explained(form, pulled, rows))
    if out is not None:
        pulled.frame.to_csv(out, index=False)
        typer.echo(f"{len(pulled.frame):,} rows written to {out}.")


def _param(text: str) -> tuple[str, str]:
    """Read ``PATH=VALUE``."""
    path, sign, value = text.partition("=")
    if not sign:
        raise OptionError("param", text, ["PATH=VALUE"])
    return path, value


@app.command()
def presets() -> None:
    """List the forms of platforms that admira reads."""
    listing = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    forms = admira.presets()
    for name in forms:
        listing.add_column(str(name), no_wrap=True)
    for cells in forms.itertuples(index=False):
        listing.add_row(*cells)
    _console().print(listing)


@app.command()
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
) -> None:
    """Print KPIs: one row per group.

    Example: admira metrics --by channel --start 2025-12-01 --end 2025-12-31
    """
    target = opened(store)
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
