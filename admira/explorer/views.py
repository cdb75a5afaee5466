"""What an explorer draws of the rows it was given: chart, table, and sentences."""

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from admira.core.metrics import regrouped
from admira.core.periods import beside, earlier
from admira.explanations.words import why_no_value
from admira.explorer.choice import CAMPAIGN_SPLITS, Choice
from admira.present.formats import (
    count_text,
    day_text,
    dimension_text,
    grain_text,
    percent_text,
    period_text,
)
from admira.present.language import say
from admira.present.tables import MetricTable, metric_table
from admira.schemas.metrics import metrics

if TYPE_CHECKING:
    from admira.present.figures import KpiFigure

MAIN = ("cpc", "cpa", "cvr_lead_to_opp", "cvr_opp_to_won", "roas")

_COLUMNS = ("cost", "leads", "closed_won", "revenue", *MAIN)
_SHOWN = 50
_POINTS = 0.05  # open shares that differ by more make a poor comparison


class Question(NamedTuple):
    """A number that can be asked about: what it is called, its key, and the cell it is of."""

    label: str
    key: str
    cell: dict[str, Any]


def rows_of(choice: Choice, frame: pd.DataFrame) -> pd.DataFrame:
    """Give one row per period and group, whatever says that money is of one currency."""
    if not choice.is_one_currency:
        return frame
    return regrouped(frame, choice.dimensions()[:-1])


def groups_of(choice: Choice, frame: pd.DataFrame) -> pd.DataFrame:
    """Give one row per group."""
    return regrouped(frame, [choice.split] if choice.split else [])


def chart_of(
    choice: Choice, frame: pd.DataFrame, before: pd.DataFrame | None, problem: str
) -> "KpiFigure":
    """Draw the metric over time; without groups, the period compared with as a second line."""
    from admira.present.charts import over_time
    from admira.present.charts.rows import title_of
    from admira.present.figures import sentence

    if problem:
        return sentence(problem)
    rows = rows_of(choice, frame)
    if before is None or choice.split is not None or before.empty:
        return over_time(rows, choice.metric, split=choice.split, currency=_money(choice, frame))
    past = earlier(choice.period, choice.compare or "previous")
    earlier_rows = rows_of(choice, before)
    earlier_rows = earlier_rows.assign(date=_moved(choice, earlier_rows["date"]))
    both = pd.concat(
        [
            rows.assign(period=period_text(*choice.period)),
            earlier_rows.assign(period=period_text(*past)),
        ],
        ignore_index=True,
    )
    return over_time(
        both,
        choice.metric,
        split="period",
        currency=_money(choice, frame),
        title=title_of(choice.metric, None, choice.grain),
    )


def _moved(choice: Choice, dates: pd.Series) -> pd.Series:
    """Put the dates of the period before where those of the period shown are."""
    now, past = choice.period, earlier(choice.period, choice.compare or "previous")
    if choice.grain == "month":
        months = (now.start.year - past.start.year) * 12 + now.start.month - past.start.month
        return dates + pd.DateOffset(months=months)
    moved = dates + (now.start - past.start)
    if choice.grain == "day":
        return moved
    nearest = moved + pd.Timedelta(days=3)
    return nearest - pd.to_timedelta(nearest.dt.day_of_week, unit="D")


def table_of(choice: Choice, frame: pd.DataFrame, before: pd.DataFrame | None) -> MetricTable:
    """Show the groups: with the metric over time, or with what changed since the period before."""
    first = () if before is None and choice.metric in _COLUMNS else (choice.metric,)
    columns = (*first, *(name for name in _COLUMNS if name not in first))
    options: dict[str, Any] = {
        "columns": columns,
        "top": _SHOWN,
        "currency": _money(choice, frame),
        "bar": choice.metric if choice.split and frame[choice.metric].notna().any() else None,
    }
    if before is None:
        return metric_table(rows_of(choice, frame), sparkline=choice.metric, **options)
    return metric_table(compared(choice, frame, before), **options)


def compared(choice: Choice, frame: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Put the groups beside those of the period before."""
    keys = [choice.split] if choice.split else []
    return beside(groups_of(choice, frame), groups_of(choice, before), keys, metrics)


def _money(choice: Choice, frame: pd.DataFrame) -> str | None:
    known: str | None = frame.attrs.get("currency")
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


def notes_of(choice: Choice, frame: pd.DataFrame, before: pd.DataFrame | None) -> list[str]:
    """Say what to know: what has no value, how unripe a period is, what money is left out."""
    notes = [] if before is None or frame.empty else _unripe_notes(choice, frame, before)
    if not frame.empty and frame[choice.metric].isna().all():
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


def _unripe_notes(choice: Choice, frame: pd.DataFrame, before: pd.DataFrame) -> list[str]:
    """Say what the groups are compared with, and whether that is riper than what is shown."""
    past = earlier(choice.period, choice.compare or "previous")
    notes = [say("Compared with {period}, as both stand today.", period=period_text(*past))]
    if past.start < choice.known.first:
        first = day_text(choice.known.first)
        notes.append(
            say("There are rows from {day} on, so that period is not complete.", day=first)
        )
    now, then = (regrouped(rows, [])["open_share"].iloc[0] for rows in (frame, before))
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


def facts_line(choice: Choice, frame: pd.DataFrame) -> str:
    """Say which days are shown, and of how many rows."""
    count = len(frame)
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
    choice: Choice, frame: pd.DataFrame, shown: pd.DataFrame | None
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
            cell[str(choice.split)] = frame[choice.split].unique().tolist()
        groups = [Question(say("All that is shown"), "all", cell), *groups]
    days = [
        Question(grain_text(day, choice.grain), str(day), {"date": day, "grain": choice.grain})
        for day in frame["date"].drop_duplicates().sort_values()
    ]
    return groups, days


def _group(split: str, value: Any) -> Question:
    label = dimension_text(None if value == "" else value)
    return Question(label, f"={label}", {split: value})
