"""The explorer: every KPI of a store by click, and why each number is so."""

from contextlib import suppress
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup

from admira.core.days import Day, as_day
from admira.errors import AdmiraError, DataError
from admira.explanations import Explanation, explain
from admira.explorer.answers import Answers, answers_of
from admira.explorer.choice import Choice, Known, choice_of
from admira.explorer.views import (
    chart_of,
    compared,
    facts_line,
    notes_of,
    problem_text,
    questions_of,
    table_of,
    title_line,
)
from admira.present.html import picture, render
from admira.schemas.metrics import metrics
from admira.summary import Asked as Store

# How many answers of the store are kept: who looks around goes back and forth.
_HELD = 16


class _Chosen:
    """One choice of an explorer, to be read and set."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, explorer: "Explorer | None", owner: type) -> Any:
        return self if explorer is None else getattr(explorer.choice, self._name)

    def __set__(self, explorer: "Explorer", value: Any) -> None:
        explorer.choose(**{self._name: value})


class Explorer:
    """A store's KPIs to click through; :func:`explore` makes it.

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

    metric = _Chosen()
    start = _Chosen()
    end = _Chosen()
    preset = _Chosen()
    channels = _Chosen()
    split = _Chosen()
    grain = _Chosen()
    search = _Chosen()
    compare = _Chosen()
    currency = _Chosen()

    def __init__(self, store: Store, choice: Choice) -> None:
        from admira.explorer.controls import Controls, Panes, Why

        self.store = store
        self.choice = choice
        self.explanation: Explanation | None = None
        self._held: dict[str, pd.DataFrame] = {}
        self._asked: Store = store.following_commits()
        self.controls = Controls(choice, self.choose)
        self.why = Why(self._explain)
        self.panes = Panes(self.controls, self.why)
        self._draw()

    def choose(self, **changes: Any) -> None:
        """Choose several things at once.

        Parameters
        ----------
        **changes
            As of :func:`explore`.

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
        self._notes = notes_of(self.choice, self.answers)
        self.figure = chart_of(self.choice, self.answers, self.problem)
        self.table = None if self.problem else table_of(self.choice, self.answers)
        self.panes.line.value = self._part("line")
        self.panes.code.value = self._part("code")
        self.panes.table.value = "" if self.table is None else self.table._repr_html_()
        self.panes.draw(self.figure)
        shown = None if self.table is None else self.table.frame
        self.why.offer(*questions_of(self.choice, self.answers, shown))
        self._explain()

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

    def _rows(self, question: dict[str, Any]) -> pd.DataFrame:
        """Give all rows that a question has; none where it cannot be asked."""
        if not self.choice.problem:
            with suppress(AdmiraError):
                return self.choice.kept(self._ask(self._asked, question))
        return self._nothing()

    def _nothing(self) -> pd.DataFrame:
        """Give KPIs without rows."""
        return pd.DataFrame(columns=[*self.choice.dimensions(), *metrics])

    def _ask(self, store: Store, question: dict[str, Any]) -> pd.DataFrame:
        """Ask the store, unless that is one of the questions it was asked last."""
        asked = repr(question)
        if asked not in self._held:
            answer = store.metrics(**question)
            self._held = dict([*self._held.items()][1 - _HELD :]) | {asked: answer}
        return self._held[asked].copy(deep=False)  # whoever changes a frame changes a copy

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
        """Write a part of what is shown."""
        metric = metrics[self.choice.metric]
        return render(
            "explorer",
            part=part,
            formula=f"{metric.name} = {metric.formula}",
            facts=facts_line(self.choice, self.answers.groups),
            problem=self.problem,
            notes=self._notes,
            code=self.code,
            title=title_line(self.choice),
            parts=self._pictures() if part == "static" else [],
        )

    def _pictures(self) -> list[Markup]:
        """Give chart, table and explanation as HTML that needs no kernel."""
        svg = self.figure._repr_mimebundle_().get("image/svg+xml", "")
        drawn = picture(svg, title_line(self.choice), style="max-width:100%")
        shown = [one for one in (self.table, self.explanation) if one is not None]
        # Each has escaped what it shows.
        return [*([drawn] if svg else []), *(Markup(one._repr_html_()) for one in shown)]  # noqa: S704

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


def explore(store: Store, **initial: Any) -> Explorer:
    """Explore the KPIs of a store by click: metric, days, channels, split, grain, comparison.

    Chart and table follow, with the formula, the same in code, and *Why?*, which opens the rows
    behind a number.  The first days shown are the last 90 with ads, of all paid channels.

    Parameters
    ----------
    store : Store
        What :func:`admira.open_store`, :func:`admira.load` or :func:`admira.demo` give.
    **initial
        ``metric``; ``start`` and ``end``, or ``preset`` (``"7"``, ``"28"``, ``"90"``, ``"all"``);
        ``channels``; ``split`` (``"channel"``, ``"campaign_id"``, ``"campaign_name"``,
        ``"utm_source"``, ``"utm_medium"``, ``"currency"`` or None); ``grain`` (``"day"``,
        ``"week"``, ``"month"``); ``search``, a part of a campaign's name; ``compare``
        (``"previous"``, ``"year"`` or None); ``currency``, where there are several.

    Returns
    -------
    Explorer
        Widgets in a notebook; each choice can be set in code as well.

    Raises
    ------
    OptionError
        When something is chosen that does not exist.
    DataError
        When the store has no rows.
    MissingExtra
        When ipywidgets or plotly is not installed.

    Examples
    --------
    >>> import admira
    >>> explorer = explore(admira.demo(), metric="roas", split="channel", grain="month")
    >>> explorer
    <Explorer: ROAS by channel, monthly; Oct 3 – Dec 31, 2025 · 6 rows>
    >>> explorer.choose(channels=["meta_ads"], preset="all")
    >>> print(explorer.code)
    kpis = store.metrics(by=["date", "channel"], grain="month", channel=["meta_ads"])
    """
    return Explorer(store, choice_of(_known(store), **initial))


def _known(store: Store) -> Known:
    """Find out what there is to choose from."""
    kpis = store.metrics(["date", "channel", "currency"])
    if kpis.empty:
        message = "There are no rows to explore yet; ingest() or load() brings them in."
        raise DataError(message)
    has_ads = kpis["impressions"] + kpis["clicks"] + kpis["cost"] > 0
    first, last = kpis["date"].min(), kpis["date"].max()
    money = kpis[kpis["cost"] + kpis["revenue"] > 0]
    sums = money.groupby("currency", dropna=False)[["cost", "revenue"]].sum()
    codes = sums.sort_values(["cost", "revenue"], ascending=False).index
    return Known(
        first=first,
        last=last,
        last_ad=kpis.loc[has_ads, "date"].max() if has_ads.any() else last,
        channels=tuple(sorted(kpis["channel"].unique(), key=lambda name: (name[0] == "(", name))),
        currencies=tuple(None if pd.isna(code) else code for code in codes),
    )
