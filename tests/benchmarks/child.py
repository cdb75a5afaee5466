"""The measured process: it loads what a job needs, then times its steps and prints them as JSON."""

import json
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any

_KILOBYTES_PER_MEGABYTE = 1000.0


def peak_megabytes() -> float:
    """Give the most memory that this process has held so far."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * 1.024 / _KILOBYTES_PER_MEGABYTE


def lap(step: Callable[[], Any]) -> dict[str, Any]:
    """Time one step; numbers and texts that it gives go into the answer."""
    start_megabytes = peak_megabytes()
    begun = perf_counter()
    found = step()
    return {
        "seconds": perf_counter() - begun,
        "start_megabytes": start_megabytes,
        "peak_megabytes": peak_megabytes(),
        "found": found if isinstance(found, int | float | str) else None,
    }


def main(job: str, options: str) -> None:
    """Run a job, named ``module:function``, with options given as JSON."""
    module, function = job.split(":")
    steps = getattr(import_module(f"tests.benchmarks.{module}"), function)(**json.loads(options))
    laps = [lap(step) for step in steps]
    print(json.dumps(laps))  # noqa: T201 - the answer to the process that measures


if __name__ == "__main__":
    main(*sys.argv[1:])
