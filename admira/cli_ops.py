"""The command line's part about watching: doctor, and what an ingest leaves behind for it."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

import admira
from admira.cli_output import AsJson, print_json
from admira.cli_upkeep import StoreFolder, named_store
from admira.exit_codes import ExitCode

ops = typer.Typer()


def sources_named(places: list[str] | None) -> list[admira.Source] | None:
    """Read ``PRESET=PLACE``, or a place alone."""
    if not places:
        return None
    known = set(admira.presets()["name"])
    parts = [place.partition("=") for place in places]
    return [
        admira.Source(place, preset=name) if name in known else admira.Source(whole)
        for (name, _, place), whole in zip(parts, places, strict=True)
    ]


@contextmanager
def watched(store: str, *, log: Path | None, metrics_file: Path | None) -> Iterator[None]:
    """Write events and counters to the files that are named while a block runs."""
    with ExitStack() as stack:
        if log is not None:
            handler = admira.configure_logging(path=log)
            stack.callback(handler.close)
            stack.callback(logging.getLogger("admira").removeHandler, handler)
        if metrics_file is not None:
            stack.enter_context(admira.metrics_file(metrics_file, store=store))
        yield


@ops.command()
def doctor(
    store: StoreFolder = None,
    ads: Annotated[
        list[str] | None, typer.Option(help="A source of ads to look for; else ADS_API_URL.")
    ] = None,
    crm: Annotated[
        list[str] | None, typer.Option(help="A source of the CRM; else CRM_API_URL.")
    ] = None,
    max_run_hours: Annotated[
        float, typer.Option(help="How long ago the last ingest that worked may be.")
    ] = 26,
    max_watermark_days: Annotated[
        int, typer.Option(help="How old the last day may be that was read completely.")
    ] = 3,
    min_free_gigabytes: Annotated[
        float, typer.Option(help="How much room there must be on the store's disk.")
    ] = 1,
    *,
    as_json: AsJson = False,
) -> None:
    """Say whether the store can be read, is fresh, and can be brought up to date.

    Exit code 0: all is well.  1: the store can be read, but something is not as it should be.
    3: the store cannot be read.

    Example: admira doctor --store shop --max-run-hours 2
    """
    found = admira.health(
        named_store(store),
        ads=sources_named(ads),
        crm=sources_named(crm),
        max_run_hours=max_run_hours,
        max_watermark_days=max_watermark_days,
        min_free_gigabytes=min_free_gigabytes,
    )
    if as_json:
        print_json(found.to_dict())
    else:
        typer.echo(str(found))
    if not found.is_ready:
        raise typer.Exit(ExitCode.FAILED if found.is_alive else ExitCode.NOT_ALIVE)
