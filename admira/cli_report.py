"""The command line's report: a period in one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from admira.cli_output import AsJson, Day, print_json
from admira.cli_upkeep import StoreFolder, opened
from admira.present.language import set_language
from admira.reporting import report as write_report

reporting = typer.Typer()


@reporting.command()
def report(
    store: StoreFolder = None,
    start: Day = None,
    end: Day = None,
    days: Annotated[
        int, typer.Option(help="How long the period is when --start is not given.")
    ] = 28,
    against: Annotated[
        str, typer.Option(help="Compare with the previous period, or with the same of last year.")
    ] = "previous",
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("report.html"),
    title: Annotated[str | None, typer.Option(help="The line on top.")] = None,
    currency: Annotated[
        str | None, typer.Option(help="Which money, where there is more than one.")
    ] = None,
    budgets: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="CSV or workbook: channel or campaign_id, budget, month."
        ),
    ] = None,
    language: Annotated[str | None, typer.Option(help="en or es; else ADMIRA_LANGUAGE.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write a period's KPIs, charts and their ground to one HTML file that opens offline.

    Example: admira report --store shop --start 2025-11-01 --end 2025-11-30 --out november.html
    """
    if language is not None:
        set_language(language)
    made = write_report(
        opened(store),
        start=start,
        end=end,
        days=days,
        against=against,
        path=out,
        title=title,
        currency=currency,
        budgets=budgets,
    )
    if as_json:
        print_json({"path": str(made.path), "period": made.summary.period_text})
    else:
        typer.echo(f"{made.summary.period_text}: written to {made.path}.")
