"""Events through the standard ``logging`` tree, silent until the application configures it."""

import logging
from typing import Any

logging.getLogger("admira").addHandler(logging.NullHandler())


def log_event(event: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Log one fact under ``admira.<first part of the event's name>``.

    The message reads ``ads.extracted rows=120``; the fields are also on the record as
    ``record.facts`` for handlers that write them flat.
    """
    logger = logging.getLogger(f"admira.{event.split('.', 1)[0]}")
    if logger.isEnabledFor(level):
        fields = " ".join(f"{name}={value}" for name, value in facts.items())
        logger.log(level, "%s %s", event, fields, extra={"event": event, "facts": facts})
