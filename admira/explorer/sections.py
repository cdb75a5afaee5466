"""The Monday questions below an explorer's table: each as asked of what is chosen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from markupsafe import Markup

from admira.errors import AdmiraError, OptionError
from admira.explanations.code import call_text
from admira.explorer.choice import CAMPAIGN_SPLITS, Choice
from admira.explorer.views import problem_text
from admira.present.answers import answer_table
from admira.present.formats import count_text, day_text
from admira.present.html import picture, render
from admira.present.language import say
from admira.questions.anomalies import judged_from
from admira.questions.tag_audit import TagAudit

_PICTURED = ("movers", "pacing")
_TAGS = 10


@dataclass(frozen=True, slots=True)
class Query:
    """What a section asks of a store, and the same in code; or why there is nothing to ask."""

    code: str = ""
    ask: Callable[[Any], Any] | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """One of the Monday questions, as asked of what an explorer shows.

    Attributes
    ----------
    name, title : str
        Which one.
    answer : DataFrame, TagAudit or None
        What the store gave.
    problem : str
        Why there is nothing to show; empty where there is.
    notes : tuple of str
        What of the choice it does not follow.
    code : str
        The same in code.
    """

    name: str
    title: str
    answer: Any = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    code: str = ""

    def __repr__(self) -> str:
        """Say on one line what it shows."""
        told = self.problem
        if not told:
            told = repr(self.answer)
            if isinstance(self.answer, pd.DataFrame):
                count = len(self.answer)
                told = say("1 row") if count == 1 else say("{count} rows", count=count_text(count))
        return f"<Section {self.title}: {told}>"

    def _repr_html_(self) -> str:
        """Show it."""
        return self.html(self.title)

    def html(self, title: str = "") -> str:
        """Draw it: chart, table, notes, and the same in code."""
        parts = [] if self.problem else self._parts()
        return render(
            "explorer",
            part="section",
            title=title,
            problem=self.problem,
            notes=self.notes,
            parts=parts,
            code=self.code,
        )

    def _parts(self) -> list[Markup]:
        """Draw the answer; each part has escaped what it shows."""
        if not isinstance(self.answer, pd.DataFrame):
            return [Markup(self.answer._repr_html_())]  # noqa: S704
        table = answer_table(self.answer)
        if self.name not in _PICTURED:
            return [Markup(table._repr_html_())]  # noqa: S704
        svg = self.answer.admira.plot()._repr_mimebundle_()["image/svg+xml"]
        drawn = picture(svg, table.title, style="max-width:100%")
        return [drawn, Markup(replace(table, title="")._repr_html_())]  # noqa: S704


def section_titles() -> dict[str, str]:
    """Give the sections' titles by name, in order."""
    return {
        "movers": say("What moved"),
        "pacing": say("Pacing"),
        "tags": say("Tags"),
        "anomalies": say("Unusual days"),
    }


def section_of(
    name: str, choice: Choice, budgets: Any, ask: Callable[[str, Callable[[Any], Any]], Any]
) -> Section:
    """Ask a section's question of what is chosen.

    Parameters
    ----------
    name : str
        Which one: ``"movers"``, ``"pacing"``, ``"tags"`` or ``"anomalies"``.
    choice : Choice
        What is chosen.
    budgets : DataFrame, list of dicts, path or None
        As of ``store.pacing``.
    ask : callable
        Given the code and a function of a store; gives what the function gives.

    Raises
    ------
    OptionError
        When there is no such section.
    """
    titles = section_titles()
    if name not in titles:
        raise OptionError("section", name, [*titles])
    if choice.problem:
        return Section(name, titles[name], problem=problem_text(choice))
    query = _QUERIES[name](choice, budgets)
    if query.ask is None:
        return Section(name, titles[name], problem=query.problem, code=query.code)
    try:
        answer = ask(query.code, query.ask)
    except AdmiraError as error:
        return Section(name, titles[name], problem=str(error), code=query.code)
    problem = _empty_text(name, answer, choice)
    return Section(name, titles[name], answer, problem, query.notes, query.code)


def _movers(choice: Choice, budgets: Any) -> Query:
    """Ask which groups moved the metric between the period shown and the one before."""
    del budgets
    before, first = choice.period_before, choice.known.first
    if before.end < first:
        return Query(
            problem=say(
                "There are rows from {day} on, so there is nothing to compare these days with: "
                "choose fewer of them.",
                day=day_text(first),
            )
        )
    asked = {
        "metric": choice.metric,
        "by": {None: "campaign_id", "currency": "channel"}.get(choice.split, choice.split),
        **choice.period._asdict(),
        "against": choice.compare or "previous",
        **({"scope": "all"} if "scope" not in choice.channel_filter else {}),
        **choice.channel_filter,
        **_currency(choice),
    }
    notes = []
    if before.start < first:
        day = day_text(first)
        notes.append(say("There are rows from {day} on, so that period is not complete.", day=day))
    if choice.search and choice.split in CAMPAIGN_SPLITS:
        notes.append(say("All campaigns count here, not only those that are searched for."))
    code = call_text("moved = store.movers", asked)
    return Query(code, lambda store: store.movers(**asked), notes=tuple(notes))


def _pacing(choice: Choice, budgets: Any) -> Query:
    """Ask where the budgets of the month lead, as of the last day shown."""
    if budgets is None:
        return Query(
            'budgets = [{"channel": "google_ads", "month": "2025-12", "budget": 11000}]\n'
            "admira.explore(store, budgets=budgets)",
            problem=say(
                "There are no budgets: explore(store, budgets=…) takes a frame or the path of a "
                "CSV file or workbook with channel or campaign_id, month and budget."
            ),
        )
    day = min(choice.period.end, choice.known.last_ad)
    asked = {"budgets": budgets, "month": f"{day:%Y-%m}", "today": day}
    code = call_text("paced = store.pacing", asked)
    return Query(code, lambda store: store.pacing(**asked))


def _tags(choice: Choice, budgets: Any) -> Query:
    """Ask which tags of the days shown lead nowhere."""
    del budgets
    days = {"start": choice.start, "end": choice.end}
    asked = {name: day for name, day in days.items() if day is not None} | {"top": _TAGS}
    notes = [say("Tags are looked at in all channels.")] if choice.channel_filter else []
    code = call_text("audit = store.tag_audit", asked)
    return Query(code, lambda store: store.tag_audit(**asked), notes=tuple(notes))


def _anomalies(choice: Choice, budgets: Any) -> Query:
    """Ask which of the days shown stood out, of the groups shown."""
    del budgets
    by = [name for name in choice.dimensions() if name != "date"]
    asked = {"by": ["date", *by], **choice.channel_filter}
    first, last = judged_from(choice.period.start), choice.period.end
    if first > choice.known.first:
        asked["start"] = first
    if last < choice.known.last:
        asked["end"] = last
    looked_at = {"metric": choice.metric, **choice.period._asdict()}
    lines = [call_text("kpis = store.metrics", asked), *choice.code_kept("kpis")]
    lines.append(call_text("odd = kpis.admira.anomalies", looked_at))

    def ask(store: Any) -> pd.DataFrame:
        odd: pd.DataFrame = choice.kept(store.metrics(**asked)).admira.anomalies(**looked_at)
        return odd

    return Query("\n".join(lines), ask)


def _currency(choice: Choice) -> dict[str, str]:
    """Choose the money, where there is more than one."""
    is_needed = choice.known.is_mixed and choice.currency is not None
    return {"currency": str(choice.currency)} if is_needed else {}


_QUERIES: Mapping[str, Callable[[Choice, Any], Query]] = {
    "movers": _movers,
    "pacing": _pacing,
    "tags": _tags,
    "anomalies": _anomalies,
}


def _empty_text(name: str, answer: Any, choice: Choice) -> str:
    """Say why an answer is empty; nothing where it is not."""
    if isinstance(answer, TagAudit):
        frames = (answer.unmatched, answer.untagged, answer.silent, answer.ambiguous)
        is_sound = all(frame.empty for frame in frames)
        return say("Every tag leads to a campaign.") if is_sound else ""
    if not answer.empty:
        return ""
    if name != "anomalies":
        return problem_text(choice)
    if answer.attrs.get("judged"):
        return say("No day stood out from the same weekdays before it.")
    return say("No day has four of the same weekday before it to be compared with.")
