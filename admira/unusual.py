"""What is unusual about one run's table, beside the median of the runs before it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from admira.ingest_report import Anomaly, TableReport

_ENOUGH_RUNS = 3
_RUNS = 14
_FEW, _DEVIATIONS = 0.5, 2.0
_HIGH = 3.0
_REJECT_RATE, _REJECT_TIMES = 0.05, 2.0

_DIGITS = re.compile(r"\d")


def unusual(table: TableReport, past: Sequence[Mapping[str, Any]]) -> tuple[Anomaly, ...]:
    """Flag no rows, half the usual rows, three times the usual spend a day, and many rejects.

    Usual is the median of the last 14 runs that read the same source in the same way; digits in
    names and days do not count, so that ``ads-2025-08-01.csv`` is like ``ads-2025-08-02.csv``.
    With fewer than 3 such runs only the reject rate is judged: over 5 %, and over twice the usual.
    A small table's rows must also be 2 standard deviations of a count below the usual.

    Examples
    --------
    >>> today = TableReport("ads", "api", fetched=40, accepted=40)
    >>> before = [asdict(TableReport("ads", "api", fetched=n, accepted=n)) for n in (100, 98, 103)]
    >>> [str(each) for each in unusual(today, before)]
    ['40 rows accepted; usually 100']
    """
    likeness = _likeness(asdict(table))
    alike = [each for each in past if _likeness(each) == likeness][-_RUNS:]
    known = alike if len(alike) >= _ENOUGH_RUNS else []
    return (*_of_rows(table, known), *_of_spend(table, known), *_of_rejects(table, known))


def _likeness(table: Mapping[str, Any]) -> str:
    """Describe what a run read and how, with every digit alike."""
    return _DIGITS.sub("#", f"{table['kind']} {table['source']} {table.get('windows')}")


def _of_rows(table: TableReport, known: Sequence[Mapping[str, Any]]) -> list[Anomaly]:
    """Flag a table with no rows, or with far fewer than usual."""
    if not known:
        return []
    usual = float(median(each["accepted"] for each in known))
    if not table.accepted and usual:
        return [Anomaly("zero_rows", 0, usual)]
    lowest = min(_FEW * usual, usual - _DEVIATIONS * usual**0.5)
    return [Anomaly("few_rows", table.accepted, usual)] if table.accepted < lowest else []


def _of_spend(table: TableReport, known: Sequence[Mapping[str, Any]]) -> list[Anomaly]:
    """Flag each currency of which far more was spent on a day than usual."""
    found = []
    for currency, spend in table.daily_spend.items():
        past = [each.get("daily_spend", {}).get(currency) for each in known]
        usual = median(each for each in past if each is not None) if any(past) else 0.0
        if usual > 0 and spend >= _HIGH * usual:
            found.append(Anomaly("high_spend", spend, usual, currency))
    return found


def _of_rejects(table: TableReport, known: Sequence[Mapping[str, Any]]) -> list[Anomaly]:
    """Flag a table of which many rows were rejected."""
    if not table.fetched:
        return []
    rate = table.rejected_rows / table.fetched
    past = [sum(each["rejected"].values()) / each["fetched"] for each in known if each["fetched"]]
    usual = float(median(past)) if past else 0.0
    is_high = rate > _REJECT_RATE and rate > _REJECT_TIMES * usual
    return [Anomaly("reject_rate", rate, usual)] if is_high else []
