"""The answers that an explorer keeps: who looks around goes back and forth."""

from collections.abc import Callable
from typing import Any

_HELD = 16


class Held:
    """The last answers, by what was asked."""

    def __init__(self) -> None:
        self._answers: dict[str, Any] = {}

    def answer(self, asked: str, ask: Callable[[], Any]) -> Any:
        """Give an answer, unless it is held by asking; whoever changes a frame changes a copy."""
        if asked not in self._answers:
            found = ask()
            self._answers = dict([*self._answers.items()][1 - _HELD :]) | {asked: found}
        found = self._answers[asked]
        return found.copy(deep=False) if hasattr(found, "copy") else found

    def clear(self) -> None:
        """Forget them."""
        self._answers.clear()
