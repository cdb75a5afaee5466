"""What the command line's questions share: the options they take, and how answers are printed."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import pandas as pd
import typer

from admira.cli_output import print_json, print_rows, records
from admira.present.formats import NOT_AVAILABLE, metric_text
from admira.present.text import Written

Metric = Annotated[str, typer.Option(help="A measure or a ratio, such as cost, cpa or roas.")]
By = Annotated[
    list[str] | None, typer.Option(help="What makes a group, or date,channel; may be repeated.")
]
Named = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The days by a name: last month, mtd, 2025-Q3, 2025-08."),
]
Today = Annotated[
    str | None, typer.Option(metavar="DAY", help="What counts as today in a period's name.")
]
Currency = Annotated[
    str | None, typer.Option(metavar="CODE", help="The money to look at, where there are several.")
]


def dimensions(by: list[str] | None, default: str | None = None) -> list[str]:
    """Give the dimensions asked for, those between commas too."""
    given = by or ([] if default is None else [default])
    return [name.strip() for each in given for name in each.split(",")]


def in_metric(metric: str, columns: Sequence[str]) -> dict[str, Any]:
    """Write columns that hold a metric in its unit."""
    return dict.fromkeys(columns, partial(metric_text, metric, is_exact=True))


def print_answer(
    found: pd.DataFrame,
    written: Written | None = None,
    *,
    by_metric: Sequence[str] = (),
    nothing: str = "Nothing found.",
    as_json: bool,
) -> None:
    """Print an answer.

    Parameters
    ----------
    found : DataFrame
        What a question gave.
    written : mapping of str to callable, optional
        How the figures of a column are written.
    by_metric : sequence of str
        Columns that hold, in each row, the metric that its column ``metric`` names.
    nothing : str
        What to say where there are no rows.
    as_json : bool
        Whether to print the rows as they are.
    """
    if as_json:
        print_json(records(found))
    elif found.empty:
        typer.echo(nothing)
    else:
        shown = found.assign(**{name: _in_own_metric(found, name) for name in by_metric})
        print_rows(shown, written=written, right=by_metric)


def _in_own_metric(found: pd.DataFrame, name: str) -> list[str]:
    """Write the figures of a column, each in the unit of the row's metric."""
    pairs = zip(found["metric"], found[name], strict=True)
    return [
        NOT_AVAILABLE if pd.isna(value) else metric_text(metric, value, is_exact=True)
        for metric, value in pairs
    ]
