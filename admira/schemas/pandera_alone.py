"""Pandera, without PySpark: pandera imports it wherever it is installed, and needs none of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Let modules that are not loaded yet look as if they were not installed."""
    unseen = [name for name in names if name not in sys.modules]
    # Python raises ModuleNotFoundError for a module that is None.
    sys.modules.update(dict.fromkeys(unseen))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in unseen:
            sys.modules.pop(name, None)


with _hidden("pyspark", "pyspark.pandas"):
    import pandera.pandas as pandera
    from pandera.errors import SchemaErrors

__all__ = ["SchemaErrors", "pandera"]
