"""How objects of the lower layers show in a notebook: by the presentation above, named here."""

from importlib import import_module


def html_of(thing: object) -> str:
    """Draw an object as HTML."""
    html: str = import_module("admira.present.views").html_of(thing)
    return html


def traceback_of(error: BaseException) -> list[str]:
    """Write an error, line by line, as a cell should show it."""
    lines: list[str] = import_module("admira.present.tracebacks").traceback_of(error)
    return lines
