"""Where admira's events are written, for an application that has no logging of its own."""

import logging
import os
import time
from datetime import UTC, datetime
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from admira.errors import OptionError
from admira.log import FIELDS

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def configure_logging(
    *,
    json: bool = True,
    path: str | os.PathLike[str] | None = None,
    level: str = "INFO",
    keep_days: int = 30,
) -> logging.Handler:
    """Write admira's events to a file or to standard error; nothing does so unless it is called.

    A second call replaces what the first one set.  Handlers that the application has on the root
    logger get the events as before.

    Parameters
    ----------
    json : bool
        One JSON object a line: ``timestamp`` (UTC, ISO 8601), ``level``, ``event``,
        ``request_id``, ``endpoint``, ``status`` (``ok``, or ``error`` once the operation failed)
        and ``duration_ms`` (since it began; these four are null outside an operation), then the
        event's own fields.  Otherwise a line to read.
    path : str or path, optional
        The file to append to; a new one is begun each day (UTC), and its folder is made.
    level : {"DEBUG", "INFO", "WARNING", "ERROR"}
        The least that is written.
    keep_days : int
        How many days' files are kept besides today's.

    Returns
    -------
    logging.Handler
        What writes; ``logging.getLogger("admira").removeHandler(…)`` ends it.

    Raises
    ------
    OptionError
        When the level does not exist, ``keep_days`` is no count, or the file cannot be written.

    Examples
    --------
    >>> import json, logging, pathlib, tempfile
    >>> import admira
    >>> path = pathlib.Path(tempfile.mkdtemp(), "admira.log")
    >>> handler = admira.configure_logging(path=path)
    >>> example = admira.datasets.worked_example()
    >>> report = admira.ingest("memory:", ads=example.ads, crm=example.crm, run_id="monday")
    >>> last = json.loads(path.read_text().splitlines()[-1])
    >>> last["event"], last["endpoint"], last["status"], last["request_id"]
    ('operation.finished', 'ingest.run', 'ok', 'monday')
    >>> logging.getLogger("admira").removeHandler(handler)
    >>> handler.close()
    """
    if level not in _LEVELS:
        raise OptionError("level", level, _LEVELS)
    if isinstance(keep_days, bool) or not isinstance(keep_days, int) or keep_days < 1:
        raise OptionError("keep_days", keep_days, ["a whole number, 1 or more"])
    handler = logging.StreamHandler() if path is None else _file(Path(path), keep_days)
    handler.setFormatter(_JsonLines(json_ensure_ascii=False) if json else _Lines())
    handler.set_name("admira")
    logger = logging.getLogger("admira")
    for before in [each for each in logger.handlers if each.get_name() == "admira"]:
        logger.removeHandler(before)
        before.close()
    logger.addHandler(handler)
    logger.setLevel(level)
    return handler


def _file(path: Path, keep_days: int) -> logging.Handler:
    """Open the file, so that one that cannot be written is told of at once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _DailyFiles(path, when="midnight", utc=True, backupCount=keep_days, encoding="utf-8")
    except OSError as error:
        expected = f"a file that can be written ({error.strerror or error})"
        raise OptionError("path", str(path), [expected]) from None


class _DailyFiles(TimedRotatingFileHandler):
    """A file a day that several processes may write to."""

    def doRollover(self) -> None:  # noqa: N802 - the base class calls it so
        """Begin the new day's file; what another process moved aside stays as it is.

        The base class would put today's lines in the place of yesterday's.
        """
        begins = time.gmtime(self.rolloverAt - self.interval)
        yesterday = f"{self.baseFilename}.{time.strftime(self.suffix, begins)}"
        if not Path(yesterday).exists():
            super().doRollover()
            return
        if self.stream is not None:
            self.stream.close()
        self.stream = self._open()
        self.rolloverAt = self.computeRollover(int(time.time()))


class _JsonLines(JsonFormatter):
    """One JSON object a line."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put what every line has first, then the event's own fields."""
        always = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.message),
            **{name: getattr(record, name, None) for name in FIELDS},
        }
        own = {**message_dict, **getattr(record, "facts", {})}
        log_data.update({**always, **own, **always})


class _Lines(logging.Formatter):
    """A line to read: when, how grave, in which operation, what."""

    def format(self, record: logging.LogRecord) -> str:
        """Put the operation at the end of the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        line = f"{at} {record.levelname} {super().format(record)}"
        told = [f"{name}={value}" for name in FIELDS if (value := getattr(record, name, None))]
        return " ".join([line, *told])
