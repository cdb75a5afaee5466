"""Days as people write them in a call."""

from datetime import date

import pandas as pd

from admira.errors import OptionError

Day = str | date | None


def as_day(option: str, day: Day) -> pd.Timestamp | None:
    """Read a day as people write it.

    Raises
    ------
    OptionError
        When it is no day.
    """
    if day is None:
        return None
    read = pd.to_datetime(day, errors="coerce")
    if pd.isna(read):
        raise OptionError(option, day, ["a day such as 2025-08-31"])
    return pd.Timestamp(read).tz_localize(None).normalize()
