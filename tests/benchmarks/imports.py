"""How long imports take in a process that has imported nothing yet."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def module(name: str) -> list[Callable[[], Any]]:
    """Import a module."""
    return [lambda: import_module(name)]


def all_of_admira() -> list[Callable[[], Any]]:
    """Import admira and load every public name."""

    def load() -> None:
        package = import_module("admira")
        for name in package.__all__:
            getattr(package, name)

    return [load]
