"""The command line's part about the store itself: verify, repair, runs, archive, retain."""

from typing import Annotated

import pandas as pd
import typer

import admira
from admira.cli_output import AsJson, print_json, print_rows, records
from admira.config import Settings
from admira.stores.verification import Verification

upkeep = typer.Typer()

StoreFolder = Annotated[
    str | None,
    typer.Option(help="Its folder or s3:// URL; else ADMIRA_STORE, else ./admira-store."),
]
Older = Annotated[
    str, typer.Argument(metavar="OLDER_THAN", help="Such as 90d, 18m, 2y, or a day to stay.")
]
Execute = Annotated[
    bool, typer.Option("--execute", help="Do it; otherwise only list what would be done.")
]


def named_store(store: str | None) -> str:
    """Give the store named, else the one that the settings name."""
    return store or Settings().admira_store


def opened(store: str | None, *, tz: str | None = None) -> admira.Store:
    """Open the store named, else the one that the settings name."""
    patience = Settings().admira_lock_timeout_seconds
    return admira.open_store(named_store(store), tz=tz, lock_timeout_seconds=patience)


def asking() -> admira.HttpClient:
    """Give the HTTP client of commands, with the time that the settings grant."""
    settings = Settings()
    return admira.HttpClient(settings.admira_timeout_seconds, settings.admira_deadline_seconds)


@upkeep.command()
def verify(store: StoreFolder = None, *, as_json: AsJson = False) -> None:
    """Check every file, key and row of the store; exit code 1 when something is wrong.

    Example: admira verify --store shop
    """
    _tell(opened(store).verify(), as_json=as_json)


@upkeep.command()
def repair(store: StoreFolder = None, *, as_json: AsJson = False) -> None:
    """Finish a commit that was cut short, work out anew what is derived, and check all.

    Exit code 1 when something is wrong that this cannot mend.

    Example: admira repair --store shop
    """
    _tell(opened(store).repair(), as_json=as_json)


def _tell(found: Verification, *, as_json: bool) -> None:
    """Print what a check found; it ends with exit code 1 where that is a problem."""
    if as_json:
        said = {"is_sound": found.is_sound, "problems": list(found.problems)}
        print_json({**said, "partitions": records(found.partitions)})
    else:
        typer.echo(str(found))
    if not found.is_sound:
        raise typer.Exit(1)


@upkeep.command()
def runs(store: StoreFolder = None, *, as_json: AsJson = False) -> None:
    """List the ingests so far: what each fetched, rejected and changed, and which failed.

    Example: admira runs --store shop
    """
    found = opened(store).runs()
    columns = ["run_id", "started_at", "status", "kind", "fetched", "rejected", "inserted"]
    columns += ["updated", "anomalies", "error"]
    if as_json:
        print_json(records(found))
    elif found.empty:
        typer.echo("No runs yet.")
    else:
        print_rows(found[columns])


@upkeep.command()
def archive(
    older_than: Older,
    store: StoreFolder = None,
    to: Annotated[
        str | None, typer.Option(help="The archive's folder or s3:// URL, the first time.")
    ] = None,
    *,
    execute: Execute = False,
    as_json: AsJson = False,
) -> None:
    """Move partitions of older days to a second root, which is read along for ever after.

    Example: admira archive 90d --store shop --to old --execute
    """
    found = opened(store).archive(older_than, to, dry_run=not execute)
    _list(found, "moved to the archive", is_done=execute, as_json=as_json)


@upkeep.command()
def retain(
    older_than: Older,
    store: StoreFolder = None,
    *,
    execute: Execute = False,
    as_json: AsJson = False,
) -> None:
    """Drop the rows of older days for good, from the archive too.

    Example: admira retain 3y --store shop --execute
    """
    found = opened(store).retain(older_than, dry_run=not execute)
    _list(found, "dropped", is_done=execute, as_json=as_json)


def _list(found: pd.DataFrame, what: str, *, is_done: bool, as_json: bool) -> None:
    """Print which partitions were, or would be, moved or dropped."""
    if as_json:
        print_json({"is_done": is_done, "partitions": records(found)})
    else:
        typer.echo(_told(found, what, is_done=is_done))


def _told(found: pd.DataFrame, what: str, *, is_done: bool) -> str:
    """Say how many partitions were, or would be, moved or dropped."""
    if found.empty:
        return f"Nothing to be {what}."
    days = f"from {found['date'].min():%Y-%m-%d} to {found['date'].max():%Y-%m-%d}"
    counts = " and ".join(f"{n:,} of {kind}" for kind, n in found["kind"].value_counts().items())
    verb = "were" if is_done else "would be"
    hint = "" if is_done else " Add --execute to do it."
    return f"{counts} partitions {days} {verb} {what}.{hint}"
