"""A value of a plain document that knows where it stands, for messages that say so."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from admira.errors import OptionError


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a document: ``where`` names the document, ``path`` the place in it."""

    where: str
    path: str
    value: Any

    def refused(self, *expected: str) -> OptionError:
        """Give the error that says what was expected here and what was found."""
        place = f"{self.where}: {self.path}" if self.path else self.where
        is_plain = isinstance(self.value, str | int | float | None)
        return OptionError(place, self.value if is_plain else _described(self.value), expected)

    def table(self, allowed: Collection[str] | None = None) -> dict[str, "Node"]:
        """Give the values of a table by their keys, all of which must be allowed."""
        if not isinstance(self.value, Mapping):
            raise self.refused("a table of keys and values")
        for key in self.value:
            if not isinstance(key, str) or (allowed is not None and key not in allowed):
                place = f" of {self.path}" if self.path else ""
                raise OptionError(f"{self.where}: key{place}", key, allowed or ["text"])
        return {key: self._inner(key, value) for key, value in self.value.items()}

    def required(self, key: str) -> "Node":
        """Give the value of a key that must be there."""
        if key not in self.value:
            raise OptionError(f"{self.where}: {self.path or 'mapping'}", "without it", [key])
        return self._inner(key, self.value[key])

    def items(self) -> list["Node"]:
        """Give the items of a list."""
        if not isinstance(self.value, list | tuple):
            raise self.refused("a list")
        return [self._inner(str(place), value) for place, value in enumerate(self.value)]

    def pair(self, expected: str) -> tuple["Node", "Node"]:
        """Give the two items of a list that must have two."""
        match self.items():
            case [first, second]:
                return first, second
        raise self.refused(f"a list of {expected}")

    def text(self) -> str:
        """Give a text that is not blank."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refused("text")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Give one text, or a list of texts."""
        if isinstance(self.value, str):
            return (self.text(),)
        if not isinstance(self.value, list | tuple):
            raise self.refused("text or a list of texts")
        return tuple(item.text() for item in self.items())

    def pattern(self) -> str:
        """Give a regular expression."""
        try:
            re.compile(self.text())
        except (re.error, RecursionError, OverflowError):
            raise self.refused("a regular expression") from None
        return self.text()

    def scalar(self) -> str | int | float | bool:
        """Give a text, a number, or true or false."""
        if not isinstance(self.value, str | int | float):
            raise self.refused("text, a number, or true or false")
        return self.value

    def scalar_text(self) -> str:
        """Give a text, a number, or true or false as text."""
        value = self.scalar()
        return str(value).lower() if isinstance(value, bool) else str(value)

    def one_of(self, allowed: Collection[Any]) -> Any:
        """Give a value that must be one of those allowed."""
        if not isinstance(self.value, str) or self.value not in allowed:
            raise self.refused(*(repr(value) for value in allowed))
        return self.value

    def plain(self) -> dict[str, Any]:
        """Give a table as it is; whoever uses it knows its keys."""
        self.table()
        return dict(self.value)

    def _inner(self, key: str, value: Any) -> "Node":
        return Node(self.where, f"{self.path}.{key}" if self.path else key, value)


def _described(value: Any) -> str:
    """Name what a value is, without quoting all of it."""
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list | tuple) else type(value).__name__
