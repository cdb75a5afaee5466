"""The widgets of an explorer's sections: each opens by click, and is asked only then."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets  # type: ignore[import-untyped]

from admira.errors import OptionError
from admira.explorer.sections import Section, section_titles


class Folds:
    """Titles that open one at a time.

    Parameters
    ----------
    ask : callable
        Given the name of a section, gives what is to be shown there.

    Attributes
    ----------
    section : Section or None
        The one that is open.
    """

    def __init__(self, ask: Callable[[str], Section]) -> None:
        self._ask = ask
        self.section: Section | None = None
        titles = section_titles()
        self._panes = {name: widgets.HTML() for name in titles}
        self.box = widgets.Accordion(
            children=[*self._panes.values()], titles=[*titles.values()], selected_index=None
        )
        self.box.observe(self._listen, names="selected_index")

    def open(self, name: str) -> Section:
        """Open one, or stay where it is open, and give it.

        Raises
        ------
        OptionError
            When there is no such section.
        """
        names = [*self._panes]
        if name not in names:
            raise OptionError("section", name, names)
        self.box.selected_index = names.index(name)
        return self.section or self._ask(name)

    def draw(self) -> None:
        """Ask the one that is open, if one is, and show it."""
        place = self.box.selected_index
        name = None if place is None else [*self._panes][place]
        self.section = None if name is None else self._ask(name)
        for each, pane in self._panes.items():
            pane.value = self.section.html() if self.section and each == name else ""

    def _listen(self, _: dict[str, Any]) -> None:
        self.draw()
