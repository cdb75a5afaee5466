"""The command line's quarantine: what was refused and why, and once more through the checks."""

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated, Any

import typer

from admira.cli_output import AsJson, print_json, print_rows, records
from admira.cli_upkeep import StoreFolder, opened

quarantining = typer.Typer(
    name="quarantine",
    help="List the rows that were refused, or try them again.",
    no_args_is_help=True,
)

_SHOWN = ["kind", "source", "reasons", "received", "first_seen", "first_run", "replayed_run"]


class Kind(StrEnum):
    """The table that refused a row."""

    ADS = "ads"
    CRM = "crm"


OfKind = Annotated[Kind | None, typer.Option(help="Only rows of this table.")]
OfRun = Annotated[str | None, typer.Option(metavar="RUN_ID", help="Only rows of this run.")]
OfReason = Annotated[str | None, typer.Option(help="Only rows rejected for this.")]
OfSource = Annotated[str | None, typer.Option(help="Only rows from this source.")]


@quarantining.command("list")
def list_(
    store: StoreFolder = None,
    kind: OfKind = None,
    run: OfRun = None,
    reason: OfReason = None,
    source: OfSource = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows a table shows at most.")] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """List the rows that were refused: the reasons, and the values that they name as received.

    With --json all of them, whole.

    Example: admira quarantine list --store shop --reason clicks
    """
    kept = opened(store).quarantine(**_which(kind, run, reason, source))
    if as_json:
        print_json(records(kept))
    elif kept.empty:
        typer.echo("No rows in quarantine.")
    else:
        print_rows(kept[_SHOWN].head(limit))
        if len(kept) > limit:
            typer.echo(f"{len(kept) - limit:,} more; --limit or --json shows them.")


@quarantining.command()
def replay(
    store: StoreFolder = None,
    kind: OfKind = None,
    run: OfRun = None,
    reason: OfReason = None,
    source: OfSource = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Try the rows in quarantine again, and take in those that now pass.

    Example: admira quarantine replay --store shop --reason stage
    """
    done = opened(store).replay(**_which(kind, run, reason, source))
    if as_json:
        print_json(asdict(done))
        return
    typer.echo(
        f"{done.tried:,} tried: {done.accepted:,} accepted, {done.outdated:,} outdated, "
        f"{done.rejected:,} rejected again"
    )


def _which(
    kind: Kind | None, run: str | None, reason: str | None, source: str | None
) -> dict[str, Any]:
    """Give the choice of rows as the library takes it."""
    table = None if kind is None else kind.value
    return {"kind": table, "run": run, "reason": reason, "source": source}
