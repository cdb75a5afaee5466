"""The widgets of an explorer: they show a choice, and tell when something else is chosen."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from admira.errors import MissingExtra, OptionError
from admira.explorer.choice import CAMPAIGN_SPLITS, PRESETS, SPLITS, Choice
from admira.explorer.views import MAIN, Question, currency_text
from admira.present.figures import PLOTLY, KpiFigure
from admira.present.formats import dimension_text
from admira.present.language import say
from admira.present.tables import TITLES
from admira.schemas.metrics import metrics

try:
    import ipywidgets as widgets  # type: ignore[import-untyped]
except ModuleNotFoundError as missing:
    raise MissingExtra("The explorer", "notebook") from missing

Option = tuple[str, Any]

# A list shows nothing at all where its value is None, so "" stands for none of them.
_NONE = ""


class Controls:
    """The widgets.

    Parameters
    ----------
    choice : Choice
        What they show at first.
    choose : callable
        Told what is chosen, as ``choose(metric="roas")``.
    """

    def __init__(self, choice: Choice, choose: Callable[..., None]) -> None:
        self._choose = choose
        self._is_showing = False
        self.metric = widgets.ToggleButtons(
            options=[(say(metrics[name].label), name) for name in MAIN],
            tooltips=[f"{name} = {metrics[name].formula}" for name in MAIN],
            style={"button_width": "150px"},
        )
        rest = [(say(metrics[name].label), name) for name in metrics if name not in MAIN]
        self.more = _dropdown([(say("more metrics …"), _NONE), *rest])
        self.preset = widgets.ToggleButtons(
            options=[*zip(_preset_texts(), PRESETS, strict=True)], style={"button_width": "72px"}
        )
        self.start, self.end = (
            widgets.DatePicker(layout={"width": "150px"}, tooltip=tooltip)
            for tooltip in (say("first day"), say("last day"))
        )
        self.channels = {name: _toggle(name) for name in choice.known.channels}
        self.split = _dropdown([(say("no split"), _NONE), *((say(TITLES[n]), n) for n in SPLITS)])
        self.grain = _dropdown(
            [
                (say("daily"), "day"),
                (say("weekly"), "week"),
                (say("monthly"), "month"),
                (say("quarterly"), "quarter"),
                (say("yearly"), "year"),
            ]
        )
        self.compare = _dropdown(
            [
                (say("no comparison"), _NONE),
                (say("the period before"), "previous"),
                (say("a year before"), "year"),
            ]
        )
        self.currency = _dropdown(
            [(currency_text(code), code or _NONE) for code in choice.known.currencies]
        )
        self.search = widgets.Text(
            placeholder=say("search campaigns"), continuous_update=False, layout={"width": "220px"}
        )
        self.show(choice)
        self._listen()

    def show(self, choice: Choice) -> None:
        """Show a choice, without telling anyone."""
        with self._silently():
            is_main = choice.metric in MAIN
            self.metric.value = choice.metric if is_main else None
            self.more.value = _NONE if is_main else choice.metric
            self.preset.value = choice.preset
            self.start.value, self.end.value = (day.date() for day in choice.period)
            for name, button in self.channels.items():
                button.value = name in choice.channels
                button.icon = "check" if button.value else ""
            for name in ("split", "grain", "compare", "search"):
                getattr(self, name).value = getattr(choice, name) or _NONE
            self.currency.value = (choice.currency or _NONE) if choice.known.currencies else None
            is_by_campaign = choice.split in CAMPAIGN_SPLITS
            self.search.layout.display = "" if is_by_campaign else "none"
            self.currency.layout.display = "" if choice.is_one_currency else "none"

    def rows(self) -> list[Any]:
        """Give the rows of widgets, each with its title."""
        return [
            _row(say("Metric"), [self.metric, self.more]),
            _row(say("Dates"), [self.preset, self.start, self.end]),
            _row(say("Channels"), [*self.channels.values()]),
            _row(say("Split by"), [self.split, self.grain, self.search, self.currency]),
            _row(say("Compare"), [self.compare]),
        ]

    @contextmanager
    def _silently(self) -> Iterator[None]:
        self._is_showing = True
        try:
            yield
        finally:
            self._is_showing = False

    def _listen(self) -> None:
        """Pass on what is chosen."""
        for name in ("metric", "split", "grain", "compare", "search", "currency", "preset"):
            self._tell(getattr(self, name), name)
        self._tell(self.more, "metric")
        for name in ("start", "end"):
            self._tell(getattr(self, name), name)
        for button in self.channels.values():
            button.observe(self._tell_channels, names="value")

    def _tell(self, widget: Any, name: str) -> None:
        """Tell of a widget's value under the name of what it chooses."""
        needs_value = name in {"metric", "start", "end"}

        def tell(change: dict[str, Any]) -> None:
            if not self._is_showing and (change["new"] or not needs_value):
                self._choose(**{name: change["new"] or None})

        widget.observe(tell, names="value")

    def _tell_channels(self, _: dict[str, Any]) -> None:
        """Tell which channels are switched on."""
        if not self._is_showing:
            chosen = [name for name, button in self.channels.items() if button.value]
            self._choose(channels=chosen)


class Why:
    """The widgets to ask with why a number is so: which group, and when."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._is_showing = False
        self._ask = ask
        self._cells: dict[str, dict[str, Any]] = {}
        self.group, self.when = _dropdown([]), _dropdown([])
        for widget in (self.group, self.when):
            widget.observe(self._tell, names="value")

    @property
    def cell(self) -> dict[str, Any] | None:
        """The cell that is asked about, if any."""
        if not self.group.value:
            return None
        return {**self._cells[self.group.value], **self._cells.get(self.when.value, {})}

    def offer(self, groups: Sequence[Question], days: Sequence[Question]) -> None:
        """Offer groups and days; what was asked for stays, where it is still there."""
        self._is_showing = True
        self._cells = {question.key: question.cell for question in (*groups, *days)}
        _refill(self.group, say("choose a number …"), groups)
        _refill(self.when, say("the whole period"), days)
        self._is_showing = False

    def choose(self, group: str, day: str) -> None:
        """Ask about a number by its keys.

        Raises
        ------
        OptionError
            When it is not offered.
        """
        for option, widget, key in (("when", self.when, day), ("group", self.group, group)):
            offered = [each for _, each in widget.options]
            if key not in offered:
                raise OptionError(option, key, offered[1:])
        self._is_showing = True
        self.when.value, self.group.value = day, group
        self._is_showing = False
        self._ask()

    def row(self) -> Any:
        """Give the row of widgets."""
        return _row(say("Why?"), [self.group, self.when])

    def _tell(self, _: dict[str, Any]) -> None:
        if not self._is_showing:
            self._ask()


class Panes:
    """The places for what is shown: a line of facts, chart, table, code, explanation, sections."""

    def __init__(self, controls: Controls, why: Why, sections: Any) -> None:
        self.line, self.table, self.code, self.reasons = (widgets.HTML() for _ in range(4))
        self.chart = widgets.Output()
        shown = [self.line, self.chart, self.table, self.code]
        self.box = widgets.VBox([*controls.rows(), *shown, why.row(), self.reasons, sections])

    def draw(self, figure: KpiFigure) -> None:
        """Show a chart; to set it so is faster than to display it."""
        bundle = figure._repr_mimebundle_(include=[PLOTLY, "text/plain"])
        self.chart.outputs = ({"output_type": "display_data", "data": bundle, "metadata": {}},)


def _refill(widget: Any, first: str, questions: Sequence[Question]) -> None:
    """Offer other questions; keep the one asked where it is still among them."""
    options = [(first, _NONE), *((question.label, question.key) for question in questions)]
    kept = widget.value if widget.value in [key for _, key in options] else _NONE
    widget.options = tuple(options)
    widget.value = kept


def _row(title: str, parts: Sequence[Any]) -> Any:
    label = widgets.Label(title, layout={"width": "76px"})
    box = widgets.Box([*parts], layout={"flex_flow": "row wrap", "flex": "1 1 auto"})
    return widgets.HBox([label, box], layout={"align_items": "flex-start"})


def _dropdown(options: Sequence[Option]) -> Any:
    return widgets.Dropdown(options=[*options], layout={"width": "190px"})


def _toggle(name: str) -> Any:
    return widgets.ToggleButton(description=dimension_text(name), layout={"width": "auto"})


def _preset_texts() -> list[str]:
    days = [say("{count} d", count=count) for count in PRESETS[:3]]
    return [*days, say("All"), say("Custom")]
