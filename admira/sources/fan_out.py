"""Many sources side by side: what each gives, put together in their order, whatever the timing."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import pandas as pd

from admira.errors import AmbiguousData, OptionError, SourceError
from admira.log import log_event
from admira.operations import operation
from admira.schemas import Kind
from admira.sources.coverage import Coverage, coverage_of
from admira.sources.http import HttpClient
from admira.sources.linking import linked
from admira.sources.pulls import OUTSIDE, Pull, pulls_of
from admira.sources.records import stacked
from admira.sources.source import Source
from admira.sources.window import Window

OnSourceError = Literal["raise", "skip"]


@dataclass(frozen=True)
class Extracted:
    """What the sources of one table gave, pull by pull, in the order of the sources.

    Of one natural key, a later pull replaces an earlier one.  ``merged`` counts the deals that
    were joined to their leads, ``skipped`` holds the sources that failed, with the reason,
    ``coverage`` how far each of the others reaches.
    """

    kind: Kind
    source_label: str
    pulls: tuple[Pull, ...]
    merged: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    coverage: tuple[Coverage, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """The raw rows of all pulls, one pull after the other."""
        return stacked([pull.frame for pull in self.pulls], self.kind)

    @property
    def fetched(self) -> int:
        """How many rows the sources gave."""
        return sum(pull.fetched for pull in self.pulls)

    @property
    def out_of_window(self) -> int:
        """How many of them were of other days."""
        return sum(pull.dropped.get(OUTSIDE, 0) for pull in self.pulls)


def _ignore(*_: object) -> None:
    """Do nothing with what is told."""


@operation("extract.run")
def extract_all(
    tables: Mapping[Kind, Sequence[Source]],
    *,
    window_of: Callable[[Kind, Source], Window] = lambda *_: Window(),
    client: HttpClient | None = None,
    max_workers: int = 8,
    on_source_error: OnSourceError = "raise",
    on_start: Callable[[str], None] = _ignore,
    on_done: Callable[[], None] = _ignore,
) -> dict[Kind, Extracted]:
    """Pull the sources of several tables side by side; the result does not depend on timing.

    Parameters
    ----------
    tables : mapping of table to sources
        What to pull.
    window_of : callable, optional
        Gives the days to ask a source of a table for; by default all.
    client : HttpClient, optional
        How URLs are asked.
    max_workers : int
        How many sources are pulled at a time.
    on_source_error : {"raise", "skip"}
        Whether a source that cannot be read fails the call, or is left out and named.
    on_start, on_done : callable, optional
        Called before each source with its table and label, and after it.

    Returns
    -------
    dict of table to Extracted
        Pulls in the order of the sources.

    Raises
    ------
    SourceUnavailable, SourceRejected
        The first failure in the order of the sources.
    """
    asking = client or HttpClient()
    if on_source_error not in ("raise", "skip"):
        raise OptionError("on_source_error", on_source_error, ["raise", "skip"])
    if isinstance(max_workers, bool) or not isinstance(max_workers, int) or max_workers < 1:
        raise OptionError("max_workers", max_workers, ["a whole number from 1 up"])

    def pull(kind: Kind, source: Source) -> list[Pull] | SourceError:
        on_start(f"{kind}: extract {source.label}")
        try:
            with operation(f"extract.{kind}", source=source.label):
                return pulls_of(kind, source, window_of(kind, source), asking)
        except SourceError as error:
            return error
        finally:
            on_done()

    jobs = [(kind, source) for kind, sources in tables.items() for source in sources]
    with ThreadPoolExecutor(max_workers) as pool:
        running = [pool.submit(copy_context().run, partial(pull, *job)) for job in jobs]
        try:
            results = [each.result() for each in running]
        except BaseException:  # whoever stops waiting wants no more sources asked
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    failed = [result for result in results if isinstance(result, SourceError)]
    if failed and on_source_error == "raise":
        raise failed[0]
    found = list(zip(jobs, results, strict=True))
    return {
        kind: _extracted(kind, [f for f in found if f[0][0] == kind], window_of) for kind in tables
    }


def _extracted(
    kind: Kind,
    found: Sequence[tuple[tuple[Kind, Source], list[Pull] | SourceError]],
    window_of: Callable[[Kind, Source], Window],
) -> Extracted:
    """Put together what the sources of one table gave."""
    pulls: list[Pull] = []
    skipped: dict[str, str] = {}
    coverage = []
    for (_, source), result in found:
        if isinstance(result, SourceError):
            skipped[source.label] = str(result)
        else:
            pulls += result
            coverage.append(coverage_of(kind, source, window_of(kind, source), result))
    _refuse_mixed_touches(pulls)
    tied = linked(pulls) if kind == "crm" else pulls
    label = ", ".join(dict.fromkeys(source.label for (_, source), _ in found))
    extracted = Extracted(
        kind,
        label,
        tuple(tied),
        merged=sum(len(pull.frame) for pull in pulls) - sum(len(pull.frame) for pull in tied),
        skipped=skipped,
        coverage=tuple(coverage),
    )
    log_event(
        f"{kind}.extracted",
        rows=sum(len(pull.frame) for pull in tied),
        out_of_window=extracted.out_of_window,
        pulls=len(tied),
        skipped=len(skipped),
        source=label,
    )
    return extracted


def _refuse_mixed_touches(pulls: Sequence[Pull]) -> None:
    """Raise when tags of first and of last visits would stand in one table."""
    touches = {pull.touch: pull.source for pull in pulls if pull.touch}
    if len(touches) > 1:
        raise AmbiguousData(
            f"The tags of {touches['first']} are of the first visit, those of {touches['last']} of "
            "the last; map both to the same visit's fields with params={'utm.fields…': …, "
            "'touch': …}."
        )
