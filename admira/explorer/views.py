"""What an explorer draws of the rows it was given: chart, table, and sentences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from admira.core.grains import months_of
from admira.core.metrics import regrouped
from admira.core.periods import beside
from admira.explanations.words import why_no_value
from admira.explorer.answers import Answers
from admira.explorer.choice import CAMPAIGN_SPLITS, Choice
from admira.present.formats import (
    count_text,
    day_text,
    dimension_text,
    grain_text,
    percent_text,
    period_text,
)
from admira.present.html import picture, render
from admira.present.language import say
from admira.present.tables import SHOWN, MetricTable, metric_table
from admira.schemas.metrics import metrics

if TYPE_CHECKING:
    from admira.present.figures import KpiFigure

MAIN = ("cpc", "cpa", "cvr_lead_to_opp", "cvr_opp_to_won", "roas")

_COLUMNS = ("cost", "leads", "closed_won", "revenue", *MAIN)
_POINTS = 0.05  # open shares that differ by more make a poor comparison


class Question(NamedTuple):
    """A number that can be asked about: what it is called, its key, and the cell it is of."""

    label: str
    key: str
    cell: dict[str, Any]


def chart_of(choice: Choice, answers: Answers, problem: str) -> "KpiFigure":
    """Draw the metric over time; without groups, the period compared with as a second line."""
    from admira.present.charts import over_time
    from admira.present.charts.rows import title_of
    from admira.present.figures import sentence

    if problem:
        return sentence(problem)
    money, lines = _money(choice, answers), answers.lines
    if answers.lines_before is None or answers.lines_before.empty:
        return over_time(
            lines, choice.metric, split=choice.split, currency=money, groups=answers.groups
        )
    past = choice.period_before
    dates = _moved(choice, answers.lines_before["date"])
    both = pd.concat(
        [
            lines.assign(period=period_text(*choice.period)),
            answers.lines_before.assign(date=dates, period=period_text(*past)),
        ],
        ignore_index=True,
    )
    both.attrs.update(lines.attrs)
    title = title_of(choice.metric, None, choice.grain)
    return over_time(both, choice.metric, split="period", currency=money, title=title)


def _moved(choice: Choice, dates: pd.Series) -> pd.Series:
    """Put the dates of the period before where those of the period shown are."""
    now, past = choice.period, choice.period_before
    if months_of(choice.grain):
        months = (now.start.year - past.start.year) * 12 + now.start.month - past.start.month
        return dates + pd.DateOffset(months=months)
    moved = dates + (now.start - past.start)
    if choice.grain == "day":
        return moved
    nearest = moved + pd.Timedelta(days=3)
    return nearest - pd.to_timedelta(nearest.dt.day_of_week, unit="D")


def table_of(choice: Choice, answers: Answers) -> MetricTable:
    """Show the groups: with the metric over time, or with what changed since the period before."""
    first = () if answers.before is None and choice.metric in _COLUMNS else (choice.metric,)
    columns = (*first, *(name for name in _COLUMNS if name not in first))
    is_known = answers.groups[choice.metric].notna().any()
    options: dict[str, Any] = {
        "columns": columns,
        "top": SHOWN,
        "currency": _money(choice, answers),
        "bar": choice.metric if choice.split and is_known else None,
    }
    if answers.before is None:
        return metric_table(answers.groups, sparkline=choice.metric, lines=answers.lines, **options)
    return metric_table(compared(choice, answers.groups, answers.before), **options)


def compared(choice: Choice, groups: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Put the groups beside those of the period before."""
    return beside(groups, before, [choice.split] if choice.split else [], metrics)


def _money(choice: Choice, answers: Answers) -> str | None:
    known: str | None = answers.groups.attrs.get("currency")
    return choice.currency if choice.is_one_currency else known


def problem_text(choice: Choice) -> str:
    """Say why there is nothing to show."""
    if choice.problem == "channels":
        return say("No channel is chosen: switch on at least one.")
    if choice.problem == "days":
        return say("The first day is after the last one: change one of them, or take a preset.")
    if choice.split in CAMPAIGN_SPLITS and choice.search:
        return say(
            "No campaign with “{text}” in this period: search for less, or for more days.",
            text=choice.search,
        )
    return say("There are no rows for this choice: take other days or more channels.")


def notes_of(choice: Choice, answers: Answers) -> list[str]:
    """Say what to know: what has no value, how unripe a period is, what money is left out."""
    groups, before = answers.groups, answers.before
    notes = [] if before is None or groups.empty else _unripe_notes(choice, groups, before)
    if not groups.empty and groups[choice.metric].isna().all():
        notes.append(why_no_value(choice.metric))
    if choice.is_one_currency:
        others = [name for name in choice.known.currencies if name != choice.currency]
        notes.append(
            say(
                "Money in several currencies is never added. Only {currency} is shown; there is "
                "also {others}.",
                currency=currency_text(choice.currency),
                others=", ".join(map(currency_text, others)),
            )
        )
    return notes


def _unripe_notes(choice: Choice, groups: pd.DataFrame, before: pd.DataFrame) -> list[str]:
    """Say what the groups are compared with, and whether that is riper than what is shown."""
    past = choice.period_before
    notes = [say("Compared with {period}, as both stand today.", period=period_text(*past))]
    if past.start < choice.known.first:
        first = day_text(choice.known.first)
        notes.append(
            say("There are rows from {day} on, so that period is not complete.", day=first)
        )
    now, then = (regrouped(rows, [])["open_share"].iloc[0] for rows in (groups, before))
    if not pd.isna(now) and not pd.isna(then) and now - then > _POINTS:
        notes.append(
            say(
                "{now} of the opportunities are still open ({before} in the period before): sales "
                "to come will raise ROAS.",
                now=percent_text(now),
                before=percent_text(then),
            )
        )
    return notes


def facts_line(choice: Choice, groups: pd.DataFrame) -> str:
    """Say which days are shown, and in how many rows."""
    count = len(groups)
    rows = say("1 row") if count == 1 else say("{count} rows", count=count_text(count))
    if choice.problem:
        return rows
    return f"{period_text(*choice.period)} · {rows}"


def currency_text(code: str | None) -> str:
    """Name a currency, or that there is none."""
    return say("(no currency)") if code is None else code


def title_line(choice: Choice) -> str:
    """Say in a few words what is chosen."""
    from admira.present.charts.rows import title_of

    parts = [title_of(choice.metric, choice.split, choice.grain)]
    if choice.search and choice.split in CAMPAIGN_SPLITS:
        parts.append(f"“{choice.search}”")
    if {*choice.channels} != {*choice.known.paid}:
        parts.append(", ".join(map(dimension_text, choice.channels)))
    return " · ".join(parts)


def questions_of(
    choice: Choice, answers: Answers, shown: pd.DataFrame | None
) -> tuple[list[Question], list[Question]]:
    """Give the numbers that can be asked about: the groups shown, and the periods."""
    if shown is None:
        return [], []
    groups = []
    if choice.split:
        groups = [_group(choice.split, value) for value in shown[choice.split]]
    if choice.split != "currency" or not choice.known.is_mixed:
        cell: dict[str, Any] = {}
        if choice.split in CAMPAIGN_SPLITS and choice.search:
            cell[str(choice.split)] = answers.groups[choice.split].tolist()
        groups = [Question(say("All that is shown"), "all", cell), *groups]
    days = [
        Question(grain_text(day, choice.grain), str(day), {"date": day, "grain": choice.grain})
        for day in answers.dates
    ]
    return groups, days


def _group(split: str, value: Any) -> Question:
    label = dimension_text(None if value == "" else value)
    return Question(label, f"={label}", {split: value})


def part_html(
    part: str, choice: Choice, answers: Answers, problem: str, parts: Sequence[Markup] = ()
) -> str:
    """Write a part of what is shown: the line of facts, the code, or a page without widgets."""
    metric = metrics[choice.metric]
    return render(
        "explorer",
        part=part,
        formula=f"{metric.name} = {metric.formula}",
        facts=facts_line(choice, answers.groups),
        problem=problem,
        notes=[] if part == "code" else notes_of(choice, answers),
        code=choice.code,
        title=title_line(choice),
        parts=parts,
    )


def pictures_of(choice: Choice, figure: "KpiFigure", shown: Sequence[Any]) -> list[Markup]:
    """Give the chart and what else is shown as HTML that needs no kernel."""
    svg = figure._repr_mimebundle_().get("image/svg+xml", "")
    drawn = picture(svg, title_line(choice), style="max-width:100%")
    # Each has escaped what it shows.
    return [*([drawn] if svg else []), *(Markup(one._repr_html_()) for one in shown)]  # noqa: S704
