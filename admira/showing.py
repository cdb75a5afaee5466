"""How objects of the lower layers show in a notebook: by the presentation above, named here."""

from importlib import import_module
from typing import Any

import pandas as pd


class ShownFrame(pd.DataFrame):
    """A frame that says what it is on one line, and in a notebook in words; parts of it are plain.

    ``print`` writes the rows out, as of any frame.
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def __repr__(self) -> str:
        """Say what it is on one line."""
        return f"<{type(self).__name__}: {self._line()}>"

    def __str__(self) -> str:
        """Write the rows out."""
        return super().__repr__()

    def _line(self) -> str:
        """Give what there is to say."""
        return "1 row" if len(self) == 1 else f"{len(self):,} rows"

    def _repr_html_(self) -> str:
        """Say it in words, and show the first rows."""
        return html_of(self)


def html_of(thing: object) -> str:
    """Draw an object as HTML."""
    html: str = import_module("admira.present.views").html_of(thing)
    return html


def traceback_of(error: BaseException) -> list[str]:
    """Write an error, line by line, as a cell should show it."""
    lines: list[str] = import_module("admira.present.tracebacks").traceback_of(error)
    return lines
