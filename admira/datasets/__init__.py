"""Data to try admira on: a realistic demo, the worked example, and tables of any size."""

from admira.datasets.crm import Origin
from admira.datasets.demo import Demo, generate, write
from admira.datasets.example import worked_example
from admira.datasets.platforms import PLATFORM_PARAMS, write_platform_files
from admira.datasets.server import Served, serve
from admira.datasets.volume import large

__all__ = [
    "PLATFORM_PARAMS",
    "Demo",
    "Origin",
    "Served",
    "generate",
    "large",
    "serve",
    "worked_example",
    "write",
    "write_platform_files",
]
