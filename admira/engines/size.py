"""How much memory there is, and whether the rows of a store fit into their share of it."""

import logging
import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from admira.errors import MissingExtra
from admira.log import log_event
from admira.stores.reading import Reader
from admira.stores.selection import Selection

# Up to this share of the machine's memory a store is worked on in memory, else out of core.
MEMORY_SHARE = 0.25

# Memory that a first answer takes beside the size of the partitions' files: 4 times was measured of
# a store of 1 million ad rows, 7.4 of one of 10 million.
_EXPANSION = 8

# Below this much nobody has to ask how much memory there is.
_ALWAYS_FITS = 128 * 2**20

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def default_engine(reader: Reader, *asked: Selection) -> Literal["arrow", "duckdb"]:
    """Choose by size: Arrow in memory while the rows fit their share of it, else DuckDB.

    Where DuckDB is not installed Arrow does what it can, and the log says what to install.
    """
    if fits_in_memory(reader, *asked):
        return "arrow"
    if find_spec("duckdb") is None:
        advice = MissingExtra("A store past its share of memory", "duckdb")
        log_event("engine.not_installed", level=logging.WARNING, advice=advice)
        return "arrow"
    return "duckdb"


def fits_in_memory(reader: Reader, *asked: Selection) -> bool:
    """Tell whether the rows asked for are small enough to be worked on in memory."""
    needed = _EXPANSION * sum(map(reader.bytes_stored, asked))
    if needed <= _ALWAYS_FITS:
        return True
    memory = memory_bytes()
    return memory is None or needed <= memory * MEMORY_SHARE


def memory_bytes() -> int | None:
    """Give the memory that this process may use: the machine's, or its container's where less."""
    limits = []
    with suppress(AttributeError, ValueError, OSError):  # where the system has no such names
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # there is none, or it says "max"
            limits.append(int(Path(path).read_text(encoding="ascii")))
    return min(limits, default=None)
