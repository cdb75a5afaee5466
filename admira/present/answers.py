"""What a question gave as a table to be looked at: titles, units, and what to know of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from admira.errors import OptionError
from admira.present.answer_words import column_title, notes_of, title_of, tone_of, word_of
from admira.present.cells import Cell, colour, head
from admira.present.formats import (
    CENTS_UP_TO,
    NOT_AVAILABLE,
    count_text,
    dimension_text,
    grain_text,
    metric_text,
    money_text,
    percent_text,
)
from admira.present.html import FILL
from admira.present.kinds import COHORT, EFFECT, IN_METRIC, MONTH, Kind, kind_of, unit_of
from admira.present.language import say
from admira.present.tables import SHOWN, MetricTable, Row
from admira.schemas.metrics import metrics
from admira.showing import Answer

_MARKED = ("rate_effect", "mix_effect", "contribution", "difference")
_BARS = {"movers": "contribution"}
_ALWAYS = {"now", "previous", "contribution", "budget", "spent", "projected", "value", "forecast"}
_ASIDE = {"freshness": ["run_id", "started_at", "watermark"]}


def answer_html(answer: Answer) -> str:
    """Show an answer as its table; one that is of no known question as pandas shows a frame."""
    if kind_of(answer) is None:
        return str(pd.DataFrame(answer).to_html(notebook=True))
    return answer_table(answer)._repr_html_()


def answer_table(
    answer: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    top: int | None = None,
    currency: str | None = None,
    title: str = "",
) -> MetricTable:
    """Show what a question of a store gave.

    Parameters
    ----------
    answer : DataFrame
        As ``store.movers``, ``pacing``, ``anomalies``, … give it.
    columns : sequence of str, optional
        Those to show, in order.
    top : int, optional
        Only that many rows, the first ones; 50 by default.
    currency : str, optional
        ISO 4217 code of the money; by default that of each row, or of the answer.
    title : str, optional
        A line above; by default what was asked.

    Returns
    -------
    MetricTable

    Raises
    ------
    OptionError
        When a column is not there.

    Examples
    --------
    >>> import admira
    >>> found = admira.demo().movers("cpa", by="channel", period="2025-11", top=2)
    >>> answer_table(found, columns=["channel", "now", "previous"])
    <MetricTable: 3 rows; Channel, Now, Before>
    """
    kind = kind_of(answer)
    if kind is None:
        raise OptionError("frame", [*answer], ["what a question of a store gave"])
    names = _columns(answer, kind, columns)
    shown = answer.head(SHOWN if top is None else top)
    look = _Look(kind, answer, currency)
    left = len(answer) - len(shown)
    more = [say("… {count} more rows.", count=count_text(left))] if left else []
    return MetricTable(
        pd.DataFrame(shown),
        [look.head(name) for name in names],
        [Row([look.cell(row, name) for name in names]) for row in shown.to_dict("records")],
        [*more, *notes_of(kind, answer)],
        title or title_of(kind, answer),
    )


def _columns(answer: pd.DataFrame, kind: Kind, columns: Sequence[str] | None) -> list[str]:
    """Name the columns to show: by default those that say something."""
    known = [str(name) for name in answer]
    if columns is not None:
        for name in columns:
            if name not in known:
                raise OptionError("columns", name, known)
        return [*columns]
    aside = {*_ASIDE.get(kind.name, ())}
    if "currency" in answer and len(answer["currency"].drop_duplicates()) <= 1:
        aside.add("currency")  # it stands on every figure
    if "campaign_name" in answer and answer["campaign_name"].notna().any():
        aside.add("campaign_id")  # where there is no name, the id stands there
    blank = {name for name in known if _is_blank(answer[name])} - _ALWAYS - {*metrics}
    return [name for name in known if name not in aside | blank]


def _is_blank(column: pd.Series) -> bool:
    """Tell a column that says nothing."""
    return bool((column.isna() | (column.astype("object") == "")).all())


@dataclass(frozen=True, slots=True)
class _Look:
    """How the cells of an answer are written."""

    kind: Kind
    answer: pd.DataFrame
    currency: str | None

    def head(self, name: str) -> Cell:
        """Write a column's title."""
        if name in set(metrics) and name not in self.kind.units:
            return head(name)
        return Cell(column_title(name), align=self._align(name))

    def cell(self, row: Mapping[Any, Any], name: str) -> Cell:
        """Write one cell in the unit of its column."""
        unit, value = self.kind.units.get(name), row[name]
        if unit in (IN_METRIC, EFFECT):
            return self._of_metric(row, name)
        if isinstance(value, bool):
            return Cell(say("yes") if value else say("no"), align="left")
        if name == "campaign_name":
            return _campaign(row)
        if pd.isna(value) or not isinstance(value, int | float):
            return Cell(self._text(name, value), align=self._align(name), style=_word_style(value))
        return Cell(self._figure(name, float(value), row), style=self._bar(name, value))

    def _of_metric(self, row: Mapping[Any, Any], name: str) -> Cell:
        """Write a figure in the unit of the metric asked about; differences with their sign."""
        metric = row.get("metric") or self.answer.attrs.get("metric")
        value, money = row[name], self._money(row)
        if pd.isna(value):
            return Cell(NOT_AVAILABLE, style=self._bar(name, None))
        if metric not in set(metrics):
            return Cell(money_text(float(value)))
        text, exact = (
            _signed(partial(metric_text, metric, currency=money, is_exact=is_exact), value)
            if name in _MARKED
            else metric_text(metric, value, money, is_exact=is_exact)
            for is_exact in (False, True)
        )
        is_told = self.kind.name == "movers" and name in _MARKED
        style = f"color:{colour(metric, value)};" if is_told else ""
        return Cell(text, exact, style=style + self._bar(name, value))

    def _figure(self, name: str, value: float, row: Mapping[Any, Any]) -> str:
        """Write a number in the unit of its column."""
        unit = unit_of(self.answer, name)
        if unit == "share":
            return percent_text(value)
        if unit == "currency":
            has_cents = abs(value) < CENTS_UP_TO
            written = partial(money_text, currency=self._money(row), has_cents=has_cents)
            return _signed(written, value) if name in _MARKED else written(value)
        return metric_text(name, value, self._money(row)) if unit == "ratio" else count_text(value)

    def _text(self, name: str, value: Any) -> str:
        """Write a name, a word or a day."""
        unit = self.kind.units.get(name)
        if isinstance(value, pd.Timestamp) and unit in (MONTH, COHORT):
            return grain_text(value, MONTH if unit == MONTH else self.answer.attrs.get("grain"))
        return word_of(value) if isinstance(value, str) else dimension_text(value)

    def _money(self, row: Mapping[Any, Any]) -> str | None:
        code = self.currency or row.get("currency") or self.answer.attrs.get("currency")
        return None if pd.isna(code) else str(code)

    def _align(self, name: str) -> str:
        is_text = not pd.api.types.is_numeric_dtype(self.answer[name])
        is_claim = pd.api.types.is_bool_dtype(self.answer[name])
        return "left" if is_text or is_claim else "right"

    def _bar(self, name: str, value: Any) -> str:
        """Fill the cell of what a table is sorted by, in proportion to its size."""
        if _BARS.get(self.kind.name) != name or pd.isna(value):
            return ""
        longest = float(self.answer[name].abs().max())
        width = 100 * abs(float(value)) / longest if longest > 0 else 0.0
        return f"background:linear-gradient(90deg,{FILL} {width:.1f}%,transparent {width:.1f}%)"


def _signed(written: Callable[[float], str], value: float) -> str:
    """Write a difference with its sign."""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{written(abs(value))}"


def _campaign(row: Mapping[Any, Any]) -> Cell:
    """Name a campaign, by its id where it has no name; the id under the pointer."""
    name, known = row["campaign_name"], row.get("campaign_id")
    text = dimension_text(known if pd.isna(name) else name)
    return Cell(text, "" if pd.isna(known) else str(known), align="left")


def _word_style(value: Any) -> str:
    """Colour a word that is good or bad news; long texts may take several lines."""
    if not isinstance(value, str):
        return ""
    colour_of_it = tone_of(value)
    return f"color:{colour_of_it};font-weight:600" if colour_of_it else "white-space:normal"
