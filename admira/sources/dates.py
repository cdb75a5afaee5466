"""Days and instants as platforms and spreadsheets write them, rewritten as ISO 8601 text."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from admira.errors import AmbiguousData
from admira.sources.distinct import Cells, read_texts_once, texts_in

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Milliseconds since the epoch, from 2001 to 2286.
_EPOCH_MS = re.compile(r"[0-9]{13}")
_FIRST_MS, _LAST_MS = 10**12, 10**13

# Two numbers and a year, with the sign between them, and perhaps a clock behind.
_TIME = r"(?:,? ?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AaPp])\.?[Mm]\.?)?)?"
_SIGNED = re.compile(rf"([0-9]{{1,2}})([/.-])([0-9]{{1,2}})\2([0-9]{{4}}){_TIME}")
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})([/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}")

# Months in English, French, German, Portuguese and Spanish, without accents.
_MONTHS = (
    "january janvier januar janeiro enero",
    "february fevrier februar fevereiro febrero",
    "march mars marz maerz mrz marco marzo",
    "april avril abril",
    "may mai maio mayo",
    "june juin juni junho junio",
    "july juillet juli julho julio",
    "august aout agosto",
    "september septembre setembro septiembre",
    "october octobre oktober outubro octubre",
    "november novembre novembro noviembre",
    "december decembre dezember dezembro diciembre",
)
_SHORTEST_MONTH = 3
_LATE_HOUR = 12

# What stands between day, month and year in words.
_FILLERS = frozenset({"de", "del", "of", "the", "st", "nd", "rd", "th", "er", "o"})


def _month_words() -> dict[str, int]:
    """Give every name of a month and its abbreviations, but for those that can mean two."""
    meanings: dict[str, set[int]] = {}
    for month, names in enumerate(_MONTHS, start=1):
        for name in names.split():
            for length in range(_SHORTEST_MONTH, len(name) + 1):
                meanings.setdefault(name[:length], set()).add(month)
    return {word: months.pop() for word, months in meanings.items() if len(months) == 1}


_MONTH_OF = _month_words()


def read_dates(cells: Cells, rule: str, *, column: str) -> Cells:
    """Give the cells with what the rule can read as ISO 8601; the rest stays as received.

    Parameters
    ----------
    cells : list
        Texts, milliseconds since the epoch, or objects of year, month and day.
    rule : str
        ``"auto"``: ISO 8601, epoch milliseconds, dates in words of five languages, and dates in
        figures where day and month cannot be mistaken; ``"ymd_object"``; or a strptime format.
    column : str
        The canonical column, for messages.

    Raises
    ------
    AmbiguousData
        Under ``"auto"``, when no date of the column tells days from months.

    Examples
    --------
    >>> read_dates(["8/1/2025", "8/13/2025"], "auto", column="date")
    ['2025-08-01', '2025-08-13']
    >>> read_dates(["1 sept. 2026", 1754006400000, "soon"], "auto", column="date")
    ['2026-09-01', '2025-08-01T00:00:00+00:00', 'soon']
    >>> read_dates([{"year": 2025, "month": 8, "day": 1}], "ymd_object", column="date")
    ['2025-08-01']
    >>> read_dates(["01/08/25"], "%d/%m/%y", column="date")
    ['2025-08-01']
    """
    if rule == "ymd_object":
        return [_day_of_object(cell) for cell in cells]
    if rule != "auto":
        return read_texts_once(cells, lambda text: _by_format(text, rule))
    is_day_first = _is_day_first(texts_in(cells), column)
    read = read_texts_once(cells, lambda text: _by_shape(text, is_day_first=is_day_first))
    if set(map(type, read)) <= {str, type(None)}:
        return read
    return [_instant_of_epoch(cell) for cell in read]


def _by_shape(text: str, *, is_day_first: bool) -> str:
    """Rewrite one date of whatever shape."""
    bare = text.strip()
    if _EPOCH_MS.fullmatch(bare):
        return _instant(int(bare))
    if found := _YEAR_FIRST.fullmatch(bare):
        year, _, month, day, *clock = found.groups()
        return _iso(year, month, day, clock) or text
    if found := _SIGNED.fullmatch(bare):
        first, sign, second, year, *clock = found.groups()
        day, month = (first, second) if is_day_first or sign == "." else (second, first)
        return _iso(year, month, day, clock) or text
    return _day_in_words(bare) or text


def _is_day_first(texts: list[str], column: str) -> bool:
    """Tell from the whole column which of the two numbers in its slashed dates is the day."""
    pairs = [
        (int(found[1]), int(found[3]), text)
        for text in texts
        if (found := _SIGNED.fullmatch(text.strip())) and found[2] != "."
    ]
    day_first = [text for first, second, text in pairs if first > _LATE_HOUR >= second]
    month_first = [text for first, second, text in pairs if second > _LATE_HOUR >= first]
    if day_first and month_first:
        raise _unclear(column, f"{day_first[0]!r} is day first, {month_first[0]!r} month first")
    unclear = [text for first, second, text in pairs if first != second]
    if unclear and not day_first and not month_first:
        raise _unclear(column, f"{unclear[0]!r} may be day first or month first")
    return bool(day_first)


def _unclear(column: str, reason: str) -> AmbiguousData:
    return AmbiguousData(
        f"The dates in {column} can be read in two ways: {reason}. Say which it is with "
        f"params={{'columns.{column}.date': '%d/%m/%Y'}} or '%m/%d/%Y'."
    )


def _by_format(text: str, pattern: str) -> str:
    """Rewrite a date of a known format: its day, and its time where the format has one."""
    try:
        moment = datetime.strptime(text.strip(), pattern)  # noqa: DTZ007 - a day is never re-zoned
    except ValueError:
        return text
    has_time = any(directive in pattern for directive in ("%H", "%I", "%X", "%c"))
    return moment.isoformat() if has_time else moment.date().isoformat()


def _day_in_words(text: str) -> str | None:
    """Rewrite a day whose month is a word: 1 sept. 2026, August 1, 2025, 10 de dez. de 2022."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = [word for word in re.findall(r"[0-9]+|[^\W\d_]+|[:+]", letters) if word not in _FILLERS]
    match words:
        case [day, month, year] if month in _MONTH_OF:
            return _iso(year, str(_MONTH_OF[month]), day)
        case [month, day, year] if month in _MONTH_OF:
            return _iso(year, str(_MONTH_OF[month]), day)
    return None


def _iso(year: str, month: str, day: str, clock: list[str | None] | None = None) -> str | None:
    """Write a day, and a clock's time where there is one; ``None`` if there is no such moment."""
    hour, minute, second, half = clock or [None] * 4
    try:
        hours = int(hour or 0)
        if half and not 1 <= hours <= _LATE_HOUR:
            return None
        if half:
            hours = hours % _LATE_HOUR + (_LATE_HOUR if half in "Pp" else 0)
        day_itself = date(int(year), int(month), int(day))
        time_of_day = time(hours, int(minute or 0), int(second or 0))
    except (ValueError, OverflowError):  # a year of many digits is beyond what a date can count
        return None
    return f"{day_itself}" if hour is None else f"{day_itself}T{time_of_day}"


def _day_of_object(cell: Any) -> Any:
    """Write an object of year, month and day."""
    try:
        return f"{cell['year']:04d}-{cell['month']:02d}-{cell['day']:02d}"
    except (KeyError, IndexError, TypeError, ValueError):
        return cell


def _instant_of_epoch(cell: Any) -> Any:
    """Write an instant that is a number of milliseconds."""
    is_epoch = isinstance(cell, int) and _FIRST_MS <= cell < _LAST_MS
    return _instant(cell) if is_epoch else cell


def _instant(milliseconds: int) -> str:
    return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat()
