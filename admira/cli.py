"""The command line: demo, ingest, extract and presets here, the rest in a file per subject."""

import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console

import admira
from admira import datasets
from admira.cli_contract import contracting
from admira.cli_export import exporting
from admira.cli_kpis import kpi_commands, print_kpis, totals_text
from admira.cli_mending import aliasing, grouping
from admira.cli_ops import ops, sources_named, watched
from admira.cli_outlook import outlook
from admira.cli_output import AsJson, print_json, print_rows, records
from admira.cli_quarantine import quarantining
from admira.cli_questions import questions
from admira.cli_report import reporting
from admira.cli_upkeep import StoreFolder, asking, named_store, opened, upkeep
from admira.errors import AdmiraError, OptionError, SourceRejected
from admira.exit_codes import exit_code_of
from admira.explaining import explained
from admira.sources.fan_out import extract_all
from admira.sources.presets import load_preset

app = typer.Typer(
    name="admira",
    help="Which ad spend brought which sale: CPC, CPA, conversion rates and ROAS that reconcile.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _part in (
    kpi_commands,
    questions,
    outlook,
    grouping,
    aliasing,
    reporting,
    exporting,
    upkeep,
    quarantining,
    ops,
    contracting,
):
    app.add_typer(_part)


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
    *,
    as_json: AsJson = False,
) -> None:
    """Serve the demo data over HTTP on this machine, ingest it, show KPIs by channel.

    A second run finds nothing to change, and says so.

    Example: admira demo --store admira-demo
    """
    target = admira.open_store(store)
    with datasets.serve(datasets.generate()) as api:
        report = admira.ingest(target, ads=api.ads_url, crm=api.crm_url)
    if as_json:
        kpis, totals = target.metrics("channel"), target.reconcile()
        print_json(
            {
                "store": str(store.resolve()),
                "report": report.to_dict(),
                "metrics": records(kpis),
                "reconciliation": records(totals),
            }
        )
        return
    typer.echo(f"{report}\n")
    print_kpis(target, ["channel"])
    typer.echo("\nWhat went into the join came out of it:")
    typer.echo(totals_text(target.reconcile()))
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
    log: Annotated[
        Path | None, typer.Option(help="Append events to this file, one JSON object a line.")
    ] = None,
    metrics_file: Annotated[
        Path | None, typer.Option(help="Add counters for Prometheus to this .prom file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch ads and CRM rows and bring the store up to date; running it twice changes nothing.

    Sources are those given, else ADS_API_URL and CRM_API_URL.  A platform's form is recognised by
    the headers of a file, or named: --ads google_ads_csv=exports/google.csv

    Example: admira ingest --store shop --ads ads.json --crm crm.json
    """
    with watched(named_store(store), log=log, metrics_file=metrics_file):
        report = admira.ingest(
            opened(store, tz=tz),
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
    if as_json:
        print_json(report.to_dict())
    else:
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
    as_json: AsJson = False,
) -> None:
    """Turn an export of a platform into canonical rows, and show what was made of it.

    Example: admira extract google_ads_csv report.csv --out rows.csv --explain
    """
    params = dict(_param(each) for each in param or [])
    form = load_preset(preset, params)
    source = admira.Source(place, preset=preset, params=params)
    (pulled,) = extract_all({form.kind: [source]}).values()
    rows = admira.normalize(pulled.frame, kind=form.kind)
    said = explained(form, pulled, rows) if explain or out is None else None
    if out is not None:
        pulled.frame.to_csv(out, index=False)
    if as_json:
        path = None if out is None else str(out)
        print_json({"kind": form.kind, "rows": len(rows), "path": path, "explained": said})
        return
    if said is not None:
        typer.echo(said)
    if out is not None:
        typer.echo(f"{len(pulled.frame):,} rows written to {out}.")


def _param(text: str) -> tuple[str, str]:
    """Read ``PATH=VALUE``."""
    path, sign, value = text.partition("=")
    if not sign:
        raise OptionError("param", text, ["PATH=VALUE"])
    return path, value


@app.command()
def presets(*, as_json: AsJson = False) -> None:
    """List the forms of platforms that admira reads.

    Example: admira presets --json
    """
    forms = admira.presets()
    if as_json:
        print_json(records(forms))
    else:
        print_rows(forms)
