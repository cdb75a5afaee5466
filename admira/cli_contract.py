"""The command line's contract: the tables as a document, and what changed since another."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import admira
from admira.cli_output import print_json
from admira.errors import OptionError

contracting = typer.Typer()


class Document(StrEnum):
    """What the contract is written as."""

    JSON = "json"
    ODCS = "odcs"


@contracting.command()
def contract(
    output: Annotated[
        Document, typer.Option("--format", help="JSON, or YAML by the Open Data Contract Standard.")
    ] = Document.JSON,
    diff: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Say what changed since this contract in JSON."),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, the changes of --diff too.")
    ] = False,
) -> None:
    """Print what the tables hold, or what changed since; exit code 1 where a change breaks users.

    Example: admira contract --diff contract.json
    """
    if diff is None:
        typer.echo(admira.contract("json" if as_json else output.value), nl=False)
        return
    changes = admira.contract_diff(_text_of(diff))
    if as_json:
        print_json([asdict(change) for change in changes])
    else:
        typer.echo("\n".join(map(str, changes)) or "Nothing changed.")
    if any(change.is_breaking for change in changes):
        raise typer.Exit(1)


def _text_of(path: Path) -> str:
    """Read a contract from a file."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        expected = f"a file that can be read ({getattr(error, 'strerror', None) or error})"
        raise OptionError("diff", str(path), [expected]) from None
