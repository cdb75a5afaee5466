"""What is chosen in an explorer: the question to the store that it is, and the same in code."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, get_args

import pandas as pd

from admira.core.days import as_day
from admira.core.grains import Grain
from admira.core.periods import Against, Period, earlier
from admira.errors import OptionError
from admira.explanations.code import call_text, written
from admira.schemas.metrics import metrics

SPLITS = (
    "channel",
    "campaign_id",
    "campaign_name",
    "utm_source",
    "utm_medium",
    "currency",
)
CAMPAIGN_SPLITS = ("campaign_id", "campaign_name")
PRESETS = ("7", "28", "90", "all", "custom")


class Known(NamedTuple):
    """What there is to choose from: days, channels and currencies of money in a store."""

    first: pd.Timestamp
    last: pd.Timestamp
    last_ad: pd.Timestamp
    channels: tuple[str, ...]
    currencies: tuple[str | None, ...]

    @property
    def paid(self) -> tuple[str, ...]:
        """The channels that are no buckets."""
        return tuple(name for name in self.channels if not name.startswith("("))

    @property
    def is_mixed(self) -> bool:
        """Whether there is money in several currencies, which is never added."""
        return len(self.currencies) > 1


@dataclass(frozen=True, slots=True)
class Choice:
    """Everything that is chosen in an explorer; a change makes another one."""

    known: Known
    metric: str
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    channels: tuple[str, ...]
    split: str | None = "channel"
    grain: str = "week"
    search: str = ""
    compare: str | None = None
    currency: str | None = None

    def changed(self, **changes: Any) -> "Choice":
        """Give the choice with something else in it.

        Raises
        ------
        OptionError
            When what is chosen does not exist.
        """
        if "preset" in changes:
            start, end = self.days_of(changes.pop("preset"))
            changes = {"start": start, "end": end, **changes}
        for name in changes:
            if name not in CHOICES:
                raise OptionError("choice", name, [*CHOICES, "preset"])
        read = {name: _read(self.known, name, value) for name, value in changes.items()}
        return replace(self, **read)

    @property
    def preset(self) -> str:
        """Which of the presets the days are."""
        if self.start is None and self.end is None:
            return "all"
        return next(
            (name for name in PRESETS[:3] if self.days_of(name) == (self.start, self.end)), "custom"
        )

    def days_of(self, preset: str) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
        """Give the days of a preset: the last ones with ads, or no bounds."""
        if preset == "custom":
            return self.start, self.end
        if preset == "all":
            return None, None
        if preset not in PRESETS:
            raise OptionError("preset", preset, PRESETS)
        last = self.known.last_ad
        return last - pd.Timedelta(days=int(preset) - 1), last

    @property
    def period(self) -> Period:
        """The days shown; without bounds, all there are."""
        first = self.known.first if self.start is None else self.start
        return Period(first, self.known.last if self.end is None else self.end)

    @property
    def period_before(self) -> Period:
        """The period to compare with."""
        return earlier(self.period, self.compare or "previous")

    @property
    def problem(self) -> str:
        """What keeps the choice from being shown: no channel, or days the wrong way round."""
        if not self.channels:
            return "channels"
        return "days" if self.period.end < self.period.start else ""

    @property
    def is_one_currency(self) -> bool:
        """Whether one of several currencies is shown."""
        return self.known.is_mixed and self.split != "currency"

    def dimensions(self, *, has_date: bool = True) -> list[str]:
        """Name what the rows are of."""
        names = ["date"] if has_date else []
        names += [self.split] if self.split else []
        return names + (["currency"] if self.is_one_currency else [])

    @property
    def selection(self) -> dict[str, Any]:
        """What the store is asked to leave out: days and channels."""
        days = {"start": self.start, "end": self.end}
        asked: dict[str, Any] = {name: day for name, day in days.items() if day is not None}
        return {**asked, **self.channel_filter}

    @property
    def channel_filter(self) -> dict[str, Any]:
        """Which channels: all, the paid ones, or those named."""
        chosen = {*self.channels}
        if chosen == {*self.known.channels}:
            return {}
        if chosen == {*self.known.paid}:
            return {"scope": "paid"}
        return {"channel": [name for name in self.known.channels if name in chosen]}

    @property
    def question(self) -> dict[str, Any]:
        """What ``store.metrics`` is asked."""
        return {"by": self.dimensions(), "grain": self.grain, **self.selection}

    @property
    def question_before(self) -> dict[str, Any]:
        """What it is asked about the period to compare with."""
        return {"by": self.dimensions(), "grain": self.grain, **self.selection_before}

    @property
    def selection_before(self) -> dict[str, Any]:
        """What it is asked to leave out of the period to compare with."""
        days = self.period_before._asdict()
        return {**days, **self.channel_filter}

    @property
    def cell(self) -> dict[str, Any]:
        """What an explanation is asked to leave out."""
        if not self.is_one_currency:
            return self.selection
        return {**self.selection, "currency": self._currencies}

    @property
    def _currencies(self) -> list[str | None]:
        """The currency shown, and the missing one of records without money."""
        if self.currency is None or None in self.known.currencies:
            return [self.currency]
        return [self.currency, None]

    def kept(self, kpis: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of the currency and of the campaigns that are searched for."""
        if self.is_one_currency:
            kpis = kpis[kpis["currency"].isin(self._currencies)]
        if self.split in CAMPAIGN_SPLITS and self.search:
            names = kpis[self.split].str
            kpis = kpis[names.contains(self.search, case=False, regex=False, na=False)]
        return kpis

    @property
    def code(self) -> str:
        """The same question as code that runs."""
        lines = [call_text("kpis = store.metrics", self.question), *self.code_kept("kpis")]
        if self.compare:
            lines += [
                call_text("before = store.metrics", self.question_before),
                *self.code_kept("before"),
            ]
        return "\n".join(lines)

    def code_kept(self, name: str) -> list[str]:
        """Write what keeps the rows of the currency and of the campaigns searched for."""
        lines = []
        if self.is_one_currency:
            shown = f'{name}["currency"].isin({written(self._currencies)})'
            lines.append(f"{name} = {name}[{shown}]")
        if self.split in CAMPAIGN_SPLITS and self.search:
            searched = f"{written(self.search)}, case=False, regex=False, na=False"
            lines.append(f'{name} = {name}[{name}["{self.split}"].str.contains({searched})]')
        return lines


def choice_of(known: Known, **initial: Any) -> Choice:
    """Make the choice that an explorer starts with.

    Raises
    ------
    OptionError
        When something is chosen that does not exist.
    """
    first = Choice(
        known=known,
        metric="cpa",
        start=None,
        end=None,
        channels=known.paid or known.channels,
        currency=known.currencies[0] if known.currencies else None,
    )
    start, end = first.days_of("90")
    return replace(first, start=start, end=end).changed(**initial)


CHOICES = (
    "metric",
    "start",
    "end",
    "channels",
    "split",
    "grain",
    "search",
    "compare",
    "currency",
)


def _read(known: Known, name: str, value: Any) -> Any:
    """Read one choice, and refuse what does not exist."""
    if name == "metric":
        return metrics[value].name
    if name in ("start", "end"):
        return as_day(name, value)
    if name == "channels":
        return _channels(known, value)
    if name == "search":
        return str(value or "").strip()
    allowed: dict[str, Sequence[Any]] = {
        "split": (None, *SPLITS),
        "grain": get_args(Grain),
        "compare": (None, *get_args(Against)),
        "currency": known.currencies or (None,),
    }
    if value not in allowed[name]:
        raise OptionError(name, value, allowed[name])
    return value


def _channels(known: Known, value: Any) -> tuple[str, ...]:
    """Read the channels chosen; None is all of them."""
    if value is None:
        return known.channels
    several = [value] if isinstance(value, str) else [*value]
    for channel in several:
        if channel not in known.channels:
            raise OptionError("channels", channel, known.channels)
    return tuple(name for name in known.channels if name in several)


class Chosen:
    """One choice of an explorer, to be read and set."""

    def __set_name__(self, owner: type, name: str) -> None:
        """Learn which one it is."""
        self._name = name

    def __get__(self, explorer: Any, owner: type) -> Any:
        """Read it."""
        return self if explorer is None else getattr(explorer.choice, self._name)

    def __set__(self, explorer: Any, value: Any) -> None:
        """Choose it."""
        explorer.choose(**{self._name: value})
