"""Whether a store can be used and its next ingest is likely to work: a few quick checks."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import requests

from admira.config import Settings
from admira.contents import contents_of
from admira.errors import OptionError, SourceRejected, StoreError
from admira.monitoring.gauges import folder_of
from admira.operations import operation
from admira.run_history import failures_in_a_row, outcomes
from admira.sources.addresses import is_url, label_of, urls_kept_out_of_logs
from admira.sources.files import files_meant_by
from admira.sources.request import Request
from admira.sources.source import Source, sources_in
from admira.store import Store, open_store

_GIGABYTE = 1_000_000_000
_PATIENCE_SECONDS = 5
_DOWN = (500, 502, 503, 504)
_TOO_MANY_FAILURES = 3
_HOUR_SECONDS = 3600
_PORT = r"^(\w+://[^/]*?):\d+(?=/|$)"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        ``store``, ``disk``, ``runs``, ``watermark`` or ``source``.
    is_ok : bool
        Whether it is as it should be.
    detail : str
        What was found.
    """

    name: str
    is_ok: bool
    detail: str

    def __str__(self) -> str:
        """Say all three on one line."""
        return f"{'ok ' if self.is_ok else 'BAD'} {self.name}: {self.detail}"


@dataclass(frozen=True, slots=True, repr=False)
class Health:
    """What was found.

    Attributes
    ----------
    checks : tuple of Check
        The store first; where that cannot be read, nothing else is looked at but the sources.
    """

    checks: tuple[Check, ...]

    @property
    def is_alive(self) -> bool:
        """Whether the store can be read: questions can be answered."""
        return all(check.is_ok for check in self.checks if check.name == "store")

    @property
    def is_ready(self) -> bool:
        """Whether all is well: the answers are fresh, and the next ingest can work."""
        return all(check.is_ok for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain values, ready for JSON."""
        checks = [asdict(check) for check in self.checks]
        return {"is_alive": self.is_alive, "is_ready": self.is_ready, "checks": checks}

    def __repr__(self) -> str:
        """Say how it is, and what is not well."""
        bad = [check.name for check in self.checks if not check.is_ok]
        state = "ready" if self.is_ready else "alive" if self.is_alive else "not alive"
        return f"<Health {state}{': ' + ', '.join(bad) if bad else ''}>"

    def __str__(self) -> str:
        """Give a line per check."""
        return "\n".join(map(str, self.checks))


@operation("health.run")
def health(
    store: Store | str | os.PathLike[str],
    *,
    ads: Any = None,
    crm: Any = None,
    max_run_hours: float = 26,
    max_watermark_days: int = 3,
    min_free_gigabytes: float = 1,
    now: datetime | None = None,
) -> Health:
    """Look whether a store can be used, is fresh, and can be brought up to date.

    Nothing is written or fetched.  What was never set up, such as a source or a watermark, is not
    missed; a store without any ingest is not fresh.

    Parameters
    ----------
    store : Store, or what :func:`open_store` takes
        It must be there and give its tables; ``store.verify()`` reads every file.
    ads, crm : source, or list of sources, optional
        What is asked whether it answers, with a ``HEAD`` request that carries no credentials; by
        default ``ADS_API_URL`` and ``CRM_API_URL``.  A file must be there.
    max_run_hours : float
        How long ago the last ingest that worked may be.
    max_watermark_days : int
        How many days ago the day may be up to which each source was read; an address is one
        source whatever its port, and its newest mark counts.
    min_free_gigabytes : float
        How much room there must be on the store's disk, where it is a folder.
    now : datetime, optional
        The instant to look from, with a time zone; the clock's by default.

    Returns
    -------
    Health
        ``is_alive``, ``is_ready``, and each check.

    Raises
    ------
    OptionError
        When a source is no source, or a limit no number from 0 up.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import admira
    >>> store = admira.demo()
    >>> found = admira.health(store, now=datetime(2026, 1, 1, 6, tzinfo=UTC))
    >>> found.is_alive, [check.name for check in found.checks][:2]
    (True, ['store', 'runs'])
    """
    limits = {
        "max_run_hours": max_run_hours,
        "max_watermark_days": max_watermark_days,
        "min_free_gigabytes": min_free_gigabytes,
    }
    for name, limit in limits.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0:
            raise OptionError(name, limit, ["a number from 0 up"])
    at = pd.Timestamp(now or datetime.now(UTC))
    settings = Settings()
    given = ads if ads is not None else settings.ads_api_url
    named = crm if crm is not None else settings.crm_api_url
    sources = [each for place in (given, named) if place is not None for each in sources_in(place)]
    try:
        target = store if isinstance(store, Store) else open_store(store)
        checks = [_store(target)]
        if checks[0].is_ok:
            checks += _disk(target, min_free_gigabytes)
            checks += _runs(target, at, max_run_hours)
            checks += _watermarks(target, at, max_watermark_days)
    except StoreError as error:
        checks = [Check("store", is_ok=False, detail=str(error))]
    return Health((*checks, *map(_source, sources)))


def _store(store: Store) -> Check:
    """Look whether the store is there and says what it holds."""
    if not store.backend.is_made:
        return Check("store", is_ok=False, detail="there is none yet; ingest() makes it")
    return Check("store", is_ok=True, detail="; ".join(map(str, contents_of(store.backend))))


def _disk(store: Store, least: float) -> Iterator[Check]:
    """Look how much room is left on the store's disk."""
    folder = folder_of(store)
    if folder is not None:
        free = shutil.disk_usage(folder).free / _GIGABYTE
        yield Check("disk", free >= least, f"{free:,.1f} GB free, of at least {least:g}")


def _runs(store: Store, at: pd.Timestamp, most_hours: float) -> Iterator[Check]:
    """Look when the last ingest worked, and how many failed since."""
    runs = store.runs()
    worked = runs[runs["status"] == "ok"]
    failed = failures_in_a_row(outcomes(runs, at.to_pydatetime()))
    since = f"{failed} failed since" if failed else "none failed since"
    if worked.empty:
        yield Check("runs", is_ok=False, detail=f"no ingest has worked yet; {since}")
        return
    hours = (at - worked["started_at"].max()).total_seconds() / _HOUR_SECONDS
    is_ok = hours <= most_hours and failed < _TOO_MANY_FAILURES
    told = f"the last ingest that worked began {hours:,.1f} hours ago, of at most {most_hours:g}"
    yield Check("runs", is_ok, f"{told}; {since}")


def _watermarks(store: Store, at: pd.Timestamp, most_days: float) -> Iterator[Check]:
    """Look up to which day each source was read, by the newest mark of its address at any port."""
    today = at.tz_convert("UTC").tz_localize(None).normalize()
    began = store.runs().groupby("run_id")["started_at"].max()
    marks = store.watermarks().dropna(subset="day")
    marks["began"] = marks["run_id"].map(began)
    marks["place"] = marks["source"].str.replace(_PORT, r"\1", regex=True)
    newest = marks.sort_values(["day", "began"]).drop_duplicates(["kind", "place"], keep="last")
    for mark in newest.sort_values(["kind", "place"]).to_dict("records"):
        days = (today - mark["day"]) // timedelta(days=1)
        told = f"{mark['kind']} from {mark['source']} read up to {mark['day']:%Y-%m-%d}"
        told = f"{told}, {days} days ago, of at most {most_days:g}"
        if not pd.isna(mark["began"]):
            told = f"{told}; that was on {mark['began']:%Y-%m-%d}"
        yield Check("watermark", days <= most_days, told)


def _source(source: Source) -> Check:
    """Look whether a source answers, or is there."""
    place = source.place.url if isinstance(source.place, Request) else source.place
    if not isinstance(place, str | os.PathLike):
        found = Check("source", is_ok=True, detail="in memory")
    else:
        found = (
            _answers(os.fspath(place)) if is_url(os.fspath(place)) else _is_there(os.fspath(place))
        )
    return replace(found, detail=f"{source.label}: {found.detail}")


def _answers(url: str) -> Check:
    """Ask the host, without the query and the credentials that the address may hold."""
    bare = label_of(url)
    try:
        with urls_kept_out_of_logs():
            answer = requests.head(bare, timeout=_PATIENCE_SECONDS, allow_redirects=False)
    except (requests.RequestException, OSError, ValueError) as error:
        told = f"does not answer ({type(error).__name__}); check the address and the network"
        return Check("source", is_ok=False, detail=told)
    is_ok = answer.status_code not in _DOWN
    return Check("source", is_ok, "answers" if is_ok else f"answers {answer.status_code}")


def _is_there(path: str) -> Check:
    """Look for a file, a folder or what a glob means."""
    try:
        is_ok = all(file.exists() for file in files_meant_by(path))
    except SourceRejected:
        is_ok = False
    return Check("source", is_ok, "is there" if is_ok else "is not there; check the path")
