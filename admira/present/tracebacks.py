"""Errors in a notebook cell: a sentence, a hint and the reader's own line; no traceback."""

import re
import sysconfig
from contextlib import suppress
from pathlib import Path
from traceback import FrameSummary, extract_tb, format_exception
from types import TracebackType

from admira.config import DisplaySettings
from admira.errors import SettingsError

# Code that the reader did not write: admira itself, Python and what is installed.
_OTHERS = (
    str(Path(__file__).parents[1]),
    *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
)
_SENTENCE_ENDS = re.compile(r"(?<=[.?!]) (?=[A-Z])")


def traceback_of(error: BaseException) -> list[str]:
    """Write an error as a cell should show it.

    Parameters
    ----------
    error : exception
        One of admira's, whose message says what is wrong and then what to do.

    Returns
    -------
    list of str
        The class and the first sentence, the rest of the message, and the line of the reader's
        that led to it.  With ``ADMIRA_TRACEBACK=1`` in the environment everything, causes too.

    Examples
    --------
    >>> from admira.errors import OptionError
    >>> traceback_of(OptionError("metric", "cpaa", ["cpc", "cpa"]))
    ["OptionError: metric='cpaa' is not understood; expected one of: cpc, cpa.",
     "  Did you mean 'cpa'?"]
    """
    if _is_asked_for():
        return "".join(format_exception(error)).splitlines()
    sentence, *hint = _SENTENCE_ENDS.split(str(error), maxsplit=1)
    lines = [f"{type(error).__name__}: {sentence}", *(f"  {text}" for text in hint)]
    frame = _own_frame(error.__traceback__)
    return lines if frame is None else [*lines, f"  (line {frame.lineno}: {frame.line})"]


def _is_asked_for() -> bool:
    """Tell whether the settings ask for everything; those that cannot be read hide no error."""
    with suppress(SettingsError):
        return DisplaySettings().admira_traceback
    return False


def _own_frame(trace: TracebackType | None) -> FrameSummary | None:
    """Find the innermost line that the reader wrote."""
    own = [frame for frame in extract_tb(trace) if frame.line and not _is_others(frame.filename)]
    return own[-1] if own else None


def _is_others(filename: str) -> bool:
    return filename.startswith((*_OTHERS, "<frozen"))
