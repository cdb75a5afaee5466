"""Events through the standard ``logging`` tree, silent until the application configures it."""

import logging
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from math import isfinite
from numbers import Integral
from typing import Any, Protocol

logging.getLogger("admira").addHandler(logging.NullHandler())

# What a message may hold by mistake, and what is written in its place.
_PRIVATE = (
    (re.compile(r"(?<=://)[^/\s@]+@"), ""),
    (re.compile(r"(?<=\S)\?[\w.%\[\]-]+=[^\s'\"]*"), ""),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "(e-mail)"),
)


class Around(Protocol):
    """The operation that an event belongs to."""

    facts: dict[str, Any]

    def note(self, event: str) -> None:
        """Count an event that happened in it."""
        ...

    def fields(self) -> dict[str, Any]:
        """Give ``request_id``, ``endpoint``, ``status`` and ``duration_ms``."""
        ...


# The operation under way; ``admira.operations`` sets it, and copied contexts carry it to threads.
AROUND: ContextVar[Around | None] = ContextVar("admira_operation", default=None)

FIELDS = ("request_id", "endpoint", "status", "duration_ms")
_NOWHERE = dict.fromkeys(FIELDS)

Listener = Callable[[str, Mapping[str, Any], Around | None], None]
_listeners: tuple[Listener, ...] = ()


def log_event(event: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Log one fact under ``admira.<first part of the event's name>``.

    The message reads ``ads.extracted rows=120``; the fields are also on the record as
    ``record.facts``, and those of the operation around it under their own names, for handlers that
    write them flat.  Addresses of people, and queries and users of URLs, are left out.
    """
    around = AROUND.get()
    if around is not None:
        around.note(event)
    for listener in _listeners:
        listener(event, facts, around)
    logger = logging.getLogger(f"admira.{event.split('.', 1)[0]}")
    if logger.isEnabledFor(level):
        told = {name: scrubbed(value) for name, value in facts.items()}
        sentence = " ".join([event, *(f"{name}={value}" for name, value in told.items())])
        bound = _NOWHERE if around is None else around.fields()
        about = {"event": event, "facts": told, **bound}
        logger.log(level, "%s", sentence, extra=about, stacklevel=2)


def scrubbed(value: Any) -> Any:
    """Give a value as it may be logged.

    Examples
    --------
    >>> scrubbed("https://me:secret@api.example.com/ads?token=secret asked by ana@example.com")
    'https://api.example.com/ads asked by (e-mail)'
    """
    if value is None or isinstance(value, bool) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, Integral):
        return int(value)
    text = str(value)
    for private, instead in _PRIVATE:
        text = private.sub(instead, text)
    return text


def listen(listener: Listener) -> None:
    """Call a function with each event, its facts and its operation, logged or not."""
    global _listeners  # noqa: PLW0603 - replaced as a whole, so that threads see one or the other
    _listeners = (*_listeners, listener)


def stop_listening(listener: Listener) -> None:
    """Call it no more."""
    global _listeners  # noqa: PLW0603
    _listeners = tuple(each for each in _listeners if each != listener)
