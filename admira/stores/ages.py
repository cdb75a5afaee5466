"""How old is too old: a day, or a span of time before now, as people write them."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from admira.errors import OptionError

_SPAN = re.compile(r"(\d+)\s*(d|w|m|y)")
_UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}


def first_day_kept(older_than: str | date, now: datetime | None = None) -> date:
    """Give the first day that is not older than said.

    Parameters
    ----------
    older_than : str or date
        A day; or days, weeks, months or years before now, such as ``"90d"`` or ``"2y"``.
    now : datetime, optional
        The instant to count from; the clock's by default.

    Raises
    ------
    OptionError
        When it is neither.

    Examples
    --------
    >>> from datetime import datetime, UTC
    >>> first_day_kept("90d", datetime(2025, 8, 20, tzinfo=UTC))
    datetime.date(2025, 5, 22)
    """
    span = _SPAN.fullmatch(older_than.strip()) if isinstance(older_than, str) else None
    if span is not None:
        today = pd.Timestamp((now or datetime.now(UTC)).astimezone(UTC).date())
        unit: dict[str, Any] = {_UNITS[span[2]]: int(span[1])}
        return (today - pd.DateOffset(**unit)).date()
    try:
        return date.fromisoformat(str(older_than)[:10])
    except ValueError:
        raise OptionError(
            "older_than", older_than, ["a span such as '90d', '18m' or '2y'", "a day"]
        ) from None
