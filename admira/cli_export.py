"""The command line's export: KPIs of a day or a period, signed and sent, or written to a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

import admira
from admira.cli_output import print_json
from admira.cli_upkeep import StoreFolder, asking, opened
from admira.errors import OptionError
from admira.overview import today_of

exporting = typer.Typer()


@exporting.command()
def export(
    store: StoreFolder = None,
    date: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="The day, or the period's last; else yesterday."),
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="DAY", help="The period's first day; else the same day.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Dimensions, such as channel or date,channel; channel by default."),
    ] = None,
    grain: Annotated[
        str | None, typer.Option(help="Cut date: day, week, month, quarter, year.")
    ] = None,
    scope: Annotated[str, typer.Option(help="all, or paid without bracketed channels.")] = "all",
    url: Annotated[str | None, typer.Option(help="The receiver; else SINK_URL.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a .csv, .parquet or .xlsx instead of sending.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Send KPIs to a receiver, signed with SINK_SECRET; sending them twice is harmless.

    Nothing is sent whose totals differ from the store's facts.

    Example: admira export --store shop --date 2025-12-31 --by channel
    """
    target = opened(store)
    last = f"{today_of(target.tz, None) - pd.Timedelta(days=1):%Y-%m-%d}" if date is None else date
    days: dict[str, Any] = {"start": last if start is None else start, "end": last}
    dimensions = [name.strip() for each in by or ["channel"] for name in each.split(",")]
    kpis, facts = target.at_once(
        lambda seen: (
            seen.metrics(dimensions, grain=grain, scope=scope, **days),
            seen.facts(**days) if out is None else None,
        )
    )
    if out is not None:
        _writer_of(kpis, out)(out)
        said: dict[str, Any] = {"path": str(out), "rows": len(kpis)}
        told = f"{len(kpis):,} rows written to {out}."
    else:
        receipt = admira.export_metrics(kpis, date=last, url=url, facts=facts, client=asking())
        said = receipt.to_dict()
        told = (
            f"{receipt.rows:,} rows of {last} taken by {receipt.receiver} ({receipt.status}), "
            f"key {receipt.idempotency_key}."
        )
    if as_json:
        print_json(said)
    else:
        typer.echo(told)


def _writer_of(kpis: pd.DataFrame, path: Path) -> Callable[[Path], object]:
    """Give what writes a file of that name."""
    writers: dict[str, Callable[[Path], object]] = {
        ".csv": kpis.admira.to_csv,
        ".parquet": kpis.admira.to_parquet,
        ".xlsx": kpis.admira.to_excel,
    }
    if path.suffix.lower() not in writers:
        raise OptionError("out", str(path), [f"a name that ends in {end}" for end in writers])
    return writers[path.suffix.lower()]
