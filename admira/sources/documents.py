"""Values in a decoded document, by the paths that presets are written in."""

from collections.abc import Mapping
from typing import Any


def values_at(document: Any, path: str) -> list[Any]:
    """Give the values at a path that are there and not null.

    Steps are parted by dots: a key, a place in a list, or ``*`` for each of a list (or for the one
    object where a list could be).  A key that itself holds dots may end the path.

    Examples
    --------
    >>> values_at([{"results": [1]}, {"results": [2]}], "*.results")
    [[1], [2]]
    >>> values_at({"@odata.nextLink": "/more"}, "@odata.nextLink")
    ['/more']
    >>> values_at({"paging": {}}, "paging.next.after")
    []
    """
    if document is None or not path:
        return [] if document is None else [document]
    if isinstance(document, Mapping) and path in document:
        return values_at(document[path], "")
    step, _, rest = path.partition(".")
    if step == "*":
        items = document if isinstance(document, list | tuple) else [document]
        return [value for inner in items for value in values_at(inner, rest)]
    if isinstance(document, Mapping):
        return values_at(document.get(step), rest)
    if isinstance(document, list | tuple) and step.isdecimal() and int(step) < len(document):
        return values_at(document[int(step)], rest)
    return []


def value_at(document: Any, path: str) -> Any:
    """Give the first value at a path, ``None`` when there is none."""
    return next(iter(values_at(document, path)), None)


def items_at(document: Any, path: str | None) -> list[Any]:
    """Give the values at a path, and of lists among them each item; no path is the document itself.

    Examples
    --------
    >>> items_at([{"results": [1, 2]}, {}, {"results": [3]}], "*.results")
    [1, 2, 3]
    """
    return [
        item
        for value in values_at(document, path or "")
        for item in (value if isinstance(value, list | tuple) else [value])
    ]
