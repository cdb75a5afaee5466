"""Answers that are held while the rows, and all else that they are made of, are the same."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from admira.engines.bridges import SOURCES
from admira.overview import today_of
from admira.schemas.mending import GROUPS
from admira.schemas.metrics import metrics
from admira.stores.base import Backend
from admira.stores.records import CHANGES, RUNS

_PLAIN = (str, int, float, date, type(None))
_AT_MOST = 32


class Held:
    """The last answers, by what was asked: who looks around goes back and forth."""

    def __init__(self) -> None:
        self._answers: dict[str, Any] = {}

    def answer(self, asked: str, ask: Callable[[], Any]) -> Any:
        """Give an answer, unless it is held by asking; whoever changes a frame changes a copy."""
        found = self._answers.pop(asked) if asked in self._answers else ask()
        self._answers[asked] = found
        for oldest in [*self._answers][:-_AT_MOST]:
            del self._answers[oldest]
        return found.copy(deep=False) if hasattr(found, "copy") else found

    def clear(self) -> None:
        """Forget them."""
        self._answers.clear()


_of_stores: WeakKeyDictionary[Backend, Held] = WeakKeyDictionary()


def answered(
    question: str, store: Any, seen: Any, given: Sequence[Any], ask: Callable[[], Any]
) -> Any:
    """Give the answer to a question that was asked before of the same rows, else ask it.

    Parameters
    ----------
    question : str
        Its name.
    store : Store
        Whose answers are held.
    seen : Store
        The same as of one commit.
    given : sequence
        What it is asked with.  What is not plain, such as a frame, may change without a sign: then
        nothing is held.
    ask : callable
        Answers it.
    """
    if not _is_plain(given):
        return ask()
    tables = (*SOURCES, GROUPS, RUNS, *CHANGES.values())
    rows = seen.backend.reading(lambda reader: reader.digest(*tables))
    asked = repr((question, given, rows, today_of(store.tz, None), metrics.ratios))
    return _of_stores.setdefault(store.backend, Held()).answer(asked, ask)


def _is_plain(value: Any) -> bool:
    """Tell whether a value is all there is to it."""
    if isinstance(value, Mapping):
        return _is_plain([*value.items()])
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, _PLAIN)
