"""The same work for many subjects, in a few threads."""

import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
R = TypeVar("R")

# The work waits for disks and networks, or is Arrow's: neither holds the interpreter.
_THREADS = min(4, os.cpu_count() or 1)


def side_by_side(
    work: Callable[[S], R], subjects: Collection[S], *, at_least: int = _THREADS
) -> list[R]:
    """Give what the work makes of each subject, in their order; the first error is raised.

    Fewer than ``at_least`` are worked on one after the other.
    """
    if len(subjects) < at_least:
        return list(map(work, subjects))
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, subjects))
