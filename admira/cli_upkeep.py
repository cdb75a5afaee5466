"""The command line's part about the store itself: verify, repair, runs, archive, retain, replay."""

from typing import Annotated

import pandas as pd
import typer

import admira
from admira.config import Settings

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
def verify(store: StoreFolder = None) -> None:
    """Check every file, key and row of the store; exit code 1 when something is wrong."""
    found = opened(store).verify()
    typer.echo(str(found))
    if not found.is_sound:
        raise typer.Exit(1)


@upkeep.command()
def repair(store: StoreFolder = None) -> None:
    """Finish a commit that was cut short, work out anew what is derived, and check all."""
    found = opened(store).repair()
    typer.echo(str(found))
    if not found.is_sound:
        raise typer.Exit(1)


@upkeep.command()
def runs(store: StoreFolder = None) -> None:
    """List the ingests so far: what each fetched, rejected and changed, and which failed."""
    found = opened(store).runs()
    shown = found.assign(started_at=found["started_at"].dt.strftime("%Y-%m-%d %H:%M"))
    columns = ["run_id", "started_at", "status", "kind", "fetched", "rejected", "inserted"]
    columns += ["updated", "error"]
    typer.echo(shown[columns].to_string(index=False, na_rep="") if len(shown) else "No runs yet.")


@upkeep.command()
def replay(
    store: StoreFolder = None,
    reason: Annotated[str | None, typer.Option(help="Only rows rejected for this.")] = None,
) -> None:
    """Try the rows in quarantine again, and take in those that now pass."""
    done = opened(store).replay(reason=reason)
    typer.echo(
        f"{done.tried:,} tried: {done.accepted:,} accepted, {done.outdated:,} outdated, "
        f"{done.rejected:,} rejected again"
    )


@upkeep.command()
def archive(
    older_than: Older,
    store: StoreFolder = None,
    to: Annotated[
        str | None, typer.Option(help="The archive's folder or s3:// URL, the first time.")
    ] = None,
    *,
    execute: Execute = False,
) -> None:
    """Move partitions of older days to a second root, which is read along for ever after."""
    found = opened(store).archive(older_than, to, dry_run=not execute)
    typer.echo(_told(found, "moved to the archive", is_done=execute))


@upkeep.command()
def retain(older_than: Older, store: StoreFolder = None, *, execute: Execute = False) -> None:
    """Drop the rows of older days for good, from the archive too."""
    found = opened(store).retain(older_than, dry_run=not execute)
    typer.echo(_told(found, "dropped", is_done=execute))


def _told(found: pd.DataFrame, what: str, *, is_done: bool) -> str:
    """Say how many partitions were, or would be, moved or dropped."""
    if found.empty:
        return f"Nothing to be {what}."
    days = f"from {found['date'].min():%Y-%m-%d} to {found['date'].max():%Y-%m-%d}"
    counts = " and ".join(f"{n:,} of {kind}" for kind, n in found["kind"].value_counts().items())
    verb = "were" if is_done else "would be"
    hint = "" if is_done else " Add --execute to do it."
    return f"{counts} partitions {days} {verb} {what}.{hint}"
