"""How objects of the lower layers show in a notebook: by the presentation above, named here."""

from importlib import import_module
from typing import Any

import pandas as pd


class Answer(pd.DataFrame):
    """What a question gave: a frame that a notebook shows as a table; parts of it are plain."""

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Answer":
        """Make a frame one, with all that it says of itself."""
        answer = cls(frame)
        answer.attrs = frame.attrs
        return answer

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        """Show the rows, each figure in its unit."""
        return html_of(self)


class ShownFrame(Answer):
    """A frame that says what it is on one line, and in a notebook in words; parts of it are plain.

    ``print`` writes the rows out, as of any frame.
    """

    def __repr__(self) -> str:
        """Say what it is on one line."""
        return f"<{type(self).__name__}: {self._line()}>"

    def __str__(self) -> str:
        """Write the rows out."""
        return super().__repr__()

    def _line(self) -> str:
        """Give what there is to say."""
        return "1 row" if len(self) == 1 else f"{len(self):,} rows"


def html_of(thing: object) -> str:
    """Draw an object as HTML."""
    html: str = import_module("admira.present.views").html_of(thing)
    return html


def traceback_of(error: BaseException) -> list[str]:
    """Write an error, line by line, as a cell should show it."""
    lines: list[str] = import_module("admira.present.tracebacks").traceback_of(error)
    return lines
