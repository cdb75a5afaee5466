"""What commands print: tables as wide as they need, or with --json the same as plain values."""

import json
import sys
from collections.abc import Collection
from typing import Annotated, Any

import pandas as pd
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from admira.present.text import Written, row_texts

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Day = Annotated[str | None, typer.Option(metavar="DAY", help="Such as 2025-08-31; included.")]

_PAGE_COLUMNS = 200  # of what is not read in a terminal


def console() -> Console:
    """Give a console; where the output is no terminal, it has a width of its own."""
    return Console() if sys.stdout.isatty() else Console(width=_PAGE_COLUMNS)


def empty_table() -> Table:
    """Give a table without columns, in the style of all."""
    return Table(box=box.SIMPLE_HEAD, pad_edge=False)


def print_rows(
    rows: pd.DataFrame, *, written: Written | None = None, right: Collection[str] = ()
) -> None:
    """Print rows as a table, figures and the columns named on the right; nothing is cut off."""
    drawn = empty_table()
    for name, dtype in rows.dtypes.items():
        is_number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
        is_figure = is_number or name in right
        drawn.add_column(
            Text(str(name)),
            justify="right" if is_figure else "left",
            no_wrap=is_figure,
            overflow="fold",
        )
    for cells in row_texts(rows, written=written):
        drawn.add_row(*map(Text, cells))
    console().print(drawn)


def print_json(said: object) -> None:
    """Print a value as one line of JSON."""
    typer.echo(json.dumps(said, ensure_ascii=False))


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Give rows as plain values: days and instants as text, what is missing as None."""
    days = rows.select_dtypes("datetime")
    instants = rows.select_dtypes("datetimetz")
    times = {str(name): days[name].dt.strftime("%Y-%m-%d") for name in days}
    times |= {str(name): instants[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for name in instants}
    text = rows.assign(**times).to_json(orient="records", double_precision=15)
    plain: list[dict[str, Any]] = json.loads(text)
    return plain
