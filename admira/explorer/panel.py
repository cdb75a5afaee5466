"""The explorer itself: what is chosen, what the store says to it, and what is shown of that."""

from contextlib import suppress
from functools import partial
from typing import Any

import pandas as pd

from admira.core.days import Day, as_day
from admira.errors import AdmiraError
from admira.explanations import Explanation, explain
from admira.explorer.answers import Answers, answers_of
from admira.explorer.choice import Choice, Chosen
from admira.explorer.sections import Section, section_of
from admira.explorer.views import (
    chart_of,
    compared,
    facts_line,
    part_html,
    pictures_of,
    problem_text,
    questions_of,
    table_of,
    title_line,
)
from admira.present.html import render
from admira.questions.held import Held
from admira.schemas.metrics import metrics
from admira.summary import Asked as Store


class Explorer:
    """A store's KPIs to click through; :func:`admira.explore` makes it.

    ``metric``, ``start``, ``end``, ``preset``, ``channels``, ``split``, ``grain``, ``search``,
    ``compare`` and ``currency`` can be read, and set in code as well as by click.

    Attributes
    ----------
    answers : Answers
        The KPIs that are drawn: per group, and the leading groups over time.
    frame : DataFrame, one row per period and group
        All KPIs over time; asked for when it is read.
    before : DataFrame or None
        Those of the period that they are compared with.
    compared : DataFrame or None
        The groups of both side by side.
    code : str
        What gives ``frame``, and ``before``, as code.
    figure, table
        What is drawn of them.
    explanation : Explanation or None
        Why the number asked about is so.
    """

    metric = Chosen()
    start = Chosen()
    end = Chosen()
    preset = Chosen()
    channels = Chosen()
    split = Chosen()
    grain = Chosen()
    search = Chosen()
    compare = Chosen()
    currency = Chosen()

    def __init__(self, store: Store, choice: Choice, budgets: Any = None) -> None:
        from admira.explorer.controls import Controls, Panes, Why
        from admira.explorer.folds import Folds

        self.store = store
        self.budgets = budgets
        self.choice = choice
        self.explanation: Explanation | None = None
        self._held = Held()
        self._asked: Store = store.following_commits()
        self.controls = Controls(choice, self.choose)
        self.why = Why(self._explain)
        self.folds = Folds(self._section)
        self.panes = Panes(self.controls, self.why, self.folds.box)
        self._draw()

    def choose(self, **changes: Any) -> None:
        """Choose several things at once.

        Parameters
        ----------
        **changes
            As of :func:`admira.explore`.

        Raises
        ------
        OptionError
            When what is chosen does not exist; then nothing changes.
        """
        self.choice = self.choice.changed(**changes)
        self.controls.show(self.choice)
        self._draw()

    def refresh(self) -> None:
        """Ask the store anew, which may have got other rows since."""
        self._held.clear()
        self._asked = self.store.following_commits()
        self._draw()

    def ask_why(self, group: str | None = None, when: Day = None) -> Explanation | None:
        """Explain the metric of a group shown, as *Why?* does by click.

        Parameters
        ----------
        group : str, optional
            The group, as it is written in the table; by default all that is shown.
        when : day, optional
            The day that a period shown begins with; by default all of them.

        Returns
        -------
        Explanation or None

        Raises
        ------
        OptionError
            When the group or the period is not shown.
        """
        day = as_day("when", when)
        self.why.choose("all" if group is None else f"={group}", "" if day is None else str(day))
        return self.explanation

    def section(self, name: str) -> Section:
        """Open one of the sections below, as a click on its title does.

        Parameters
        ----------
        name : {"movers", "pacing", "tags", "anomalies"}
            Which one.

        Returns
        -------
        Section
            ``answer`` is what the store gave, ``code`` the same in code.  While it is open,
            ``opened`` follows the choice.

        Raises
        ------
        OptionError
            When there is no such section.
        """
        return self.folds.open(name)

    @property
    def opened(self) -> Section | None:
        """The section that is open below: what moved, pacing, tags, or unusual days."""
        return self.folds.section

    @property
    def frame(self) -> pd.DataFrame:
        """The KPIs over time, as ``code`` gives them."""
        return self._rows(self.choice.question)

    @property
    def before(self) -> pd.DataFrame | None:
        """The same of the period compared with."""
        return self._rows(self.choice.question_before) if self.choice.compare else None

    @property
    def compared(self) -> pd.DataFrame | None:
        """The groups of both periods side by side."""
        if self.answers.before is None:
            return None
        return compared(self.choice, self.answers.groups, self.answers.before)

    @property
    def code(self) -> str:
        """The same in code."""
        return self.choice.code

    def _draw(self) -> None:
        """Ask the store, and show what it says."""
        self.problem, self.answers = self._answers()
        self.figure = chart_of(self.choice, self.answers, self.problem)
        self.table = None if self.problem else table_of(self.choice, self.answers)
        self.panes.line.value = self._part("line")
        self.panes.code.value = self._part("code")
        self.panes.table.value = "" if self.table is None else self.table._repr_html_()
        self.panes.draw(self.figure)
        shown = None if self.table is None else self.table.frame
        self.why.offer(*questions_of(self.choice, self.answers, shown))
        self._explain()
        self.folds.draw()

    def _answers(self) -> tuple[str, Answers]:
        """Give what is wrong, and what there is to draw."""
        choice, empty = self.choice, Answers(self._nothing(), self._nothing())
        if choice.problem:
            return problem_text(choice), empty
        try:
            answers = self._asked.at_once(lambda seen: answers_of(choice, partial(self._ask, seen)))
        except AdmiraError as error:
            return str(error), empty
        return problem_text(choice) if answers.groups.empty else "", answers

    def _ask(self, store: Store, question: dict[str, Any]) -> pd.DataFrame:
        """Ask the store, unless that is one of the questions it was asked last."""
        kpis: pd.DataFrame = self._held.answer(repr(question), lambda: store.metrics(**question))
        return kpis

    def _section(self, name: str) -> Section:
        """Ask what a section asks of what is chosen, likewise."""
        return section_of(
            name,
            self.choice,
            self.budgets,
            lambda asked, ask: self._held.answer(asked, lambda: self._asked.at_once(ask)),
        )

    def _rows(self, question: dict[str, Any]) -> pd.DataFrame:
        """Give all rows that a question has; none where it cannot be asked."""
        if not self.choice.problem:
            with suppress(AdmiraError):
                return self.choice.kept(self._ask(self._asked, question))
        return self._nothing()

    def _nothing(self) -> pd.DataFrame:
        """Give KPIs without rows."""
        return pd.DataFrame(columns=[*self.choice.dimensions(), *metrics])

    def _explain(self) -> None:
        """Explain the number that is asked about."""
        self.explanation, text = None, ""
        if self.why.cell is not None and not self.problem:
            try:
                cell = {**self.choice.cell, **self.why.cell}
                self.explanation = explain(self._asked, self.choice.metric, **cell)
                text = self.explanation._repr_html_()
            except AdmiraError as error:
                text = render("explorer", part="sentence", problem=str(error))
        self.panes.reasons.value = text

    def _part(self, part: str) -> str:
        """Write a part of what is shown; all of it as HTML that needs no kernel."""
        shown = [one for one in (self.table, self.explanation, self.opened) if one is not None]
        parts = pictures_of(self.choice, self.figure, shown) if part == "static" else []
        return part_html(part, self.choice, self.answers, self.problem, parts)

    def __repr__(self) -> str:
        """Say what is shown on one line."""
        return (
            f"<Explorer: {title_line(self.choice)}; {facts_line(self.choice, self.answers.groups)}>"
        )

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None, **_: Any
    ) -> dict[str, Any]:
        """Give the widgets, and HTML for where there is no kernel to drive them."""
        del include, exclude
        live = self.panes.box._repr_mimebundle_()
        return {**live, "text/html": self._part("static"), "text/plain": repr(self)}
