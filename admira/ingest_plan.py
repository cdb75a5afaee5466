"""What a run asks each source for, and how far its watermark may move."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from admira.errors import OptionError
from admira.schemas import Kind
from admira.sources.coverage import Coverage
from admira.sources.source import Source
from admira.sources.window import Window

Since = str | date | None
Marks = dict[tuple[str, str], date]


def marks_in(watermarks: pd.DataFrame) -> Marks:
    """Give the day up to which each source was read, by table and label."""
    known = watermarks[watermarks["by"] != ""].dropna(subset="day")
    pairs = zip(known["kind"], known["source"], strict=True)
    return dict(zip(pairs, known["day"].dt.date, strict=True))


def windows(
    sources: dict[Kind, list[Source]],
    since: Since,
    until: str | date | None,
    *,
    marks: Marks,
    lookback_days: int,
) -> Callable[[Kind, Source], Window]:
    """Say which days each source is asked for.

    With ``"auto"``, ads are asked for from ``lookback_days`` before their watermark on, since
    platforms restate; opportunities for what changed from their watermark on.  A source without
    one is read whole.
    """
    if isinstance(lookback_days, bool) or not isinstance(lookback_days, int) or lookback_days < 0:
        raise OptionError("lookback_days", lookback_days, ["a whole number from 0 up"])
    if since != "auto":
        window = Window.of(since, until)
        return lambda *_: window
    end = Window.of(None, until).until
    labels = [(kind, source.label) for kind, each in sources.items() for source in each]

    def window_of(kind: Kind, source: Source) -> Window:
        mark = marks.get((kind, source.label))
        is_one_of_several = labels.count((kind, source.label)) > 1
        if mark is None or is_one_of_several or not source.is_elsewhere:
            return Window(None, end)
        first = mark - timedelta(days=lookback_days if kind == "ads" else 0)
        return Window(first if end is None else min(first, end), end)

    return window_of


def moved(kind: Kind, coverage: Iterable[Coverage], marks: Marks, now: datetime) -> pd.DataFrame:
    """Give the watermarks of one table after a run: ``kind``, ``source``, ``by`` and ``day``.

    A watermark never passes the last complete day (UTC), the end of the window or the last day
    that the rows speak of; it never goes back, and never jumps over days that were not read.
    """
    last_complete = now.astimezone(UTC).date() - timedelta(days=1)
    rows = []
    for each in coverage:
        before = marks.get((kind, each.source))
        rows.append((kind, each.source, each.by, _mark(each, before, last_complete)))
    frame = pd.DataFrame(rows, columns=["kind", "source", "by", "day"])
    repeated = frame.duplicated("source", keep=False)
    frame.loc[repeated, ["by", "day"]] = ["", None]
    return frame.drop_duplicates("source")


def _mark(coverage: Coverage, before: date | None, last_complete: date) -> date | None:
    """Give one source's watermark after a run."""
    if not coverage.by:
        return None
    window = coverage.window
    next_day = None if before is None else before + timedelta(days=1)
    leaves_gap = next_day is not None and window.since is not None and window.since > next_day
    if coverage.latest is None or leaves_gap:
        return before
    bounds = [coverage.latest, last_complete]
    if window.until is not None:
        bounds.append(window.until - timedelta(days=1))
    reached = min(bounds)
    return reached if before is None else max(before, reached)


def described(coverage: Coverage) -> str:
    """Say in a few words which part of a source was read."""
    window = coverage.window
    if window.is_open:
        return "everything" if coverage.by else "everything (nothing tells what is new)"
    since = f" from {window.since}" if window.since else ""
    until = f" to before {window.until}" if window.until else ""
    return f"days{since}{until}"
