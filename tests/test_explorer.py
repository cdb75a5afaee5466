"""The explorer, driven without a kernel: what is chosen is what is shown, explained and written."""

import sys
from collections.abc import Iterator
from functools import cache
from subprocess import run
from typing import Any

import pandas as pd
import pytest

import admira
from admira.errors import DataError, OptionError
from admira.explorer import Explorer, explore
from admira.present.figures import PLOTLY
from admira.present.language import set_language
from admira.schemas.metrics import metrics
from tests.stores.rows import ads, crm

DAY = {"date": "2025-08-01", "cost": 10.0, "clicks": 5}


@cache
def demo() -> admira.Store:
    return admira.demo()


@pytest.fixture
def explorer() -> Explorer:
    return explore(demo())


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    set_language(None)


def ran(explorer: Explorer) -> dict[str, Any]:
    """Run the code that an explorer shows."""
    names: dict[str, Any] = {"store": explorer.store}
    exec(explorer.code, names)  # noqa: S102 - it is ours
    return names


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def two_currencies() -> admira.Store:
    store = admira.open_store("memory:")
    store.upsert(
        ads(
            {**DAY, "currency": "EUR", "cost": 90.0},
            {**DAY, "campaign_id": "C-2", "currency": "USD", "cost": 4.0, "utm_campaign": "usd"},
        )
    )
    lead = {"date": "2025-08-01", "currency": None}
    store.upsert(crm(lead, {**lead, "opportunity_id": "O-2"}))
    return store


def test_it_starts_with_the_last_90_days_with_ads_of_all_paid_channels(explorer: Explorer) -> None:
    last = demo().ads()["date"].max()
    assert (explorer.start, explorer.end) == (last - pd.Timedelta(days=89), last)
    assert explorer.preset == "90"
    assert explorer.channels == tuple(sorted(demo().ads()["channel"].unique()))
    expected = demo().metrics(
        by=["date", "channel"], grain="week", start=explorer.start, end=last, scope="paid"
    )
    same(explorer.frame, expected)


CHOICES: list[dict[str, Any]] = [
    {},
    {"preset": "all", "split": None, "grain": "month"},
    {"preset": "7", "grain": "day", "channels": ["meta_ads", "(untagged)"]},
    {"split": "campaign_name", "search": "brand"},
    {"split": "campaign_id", "search": "1092", "channels": None},
    {"split": "utm_source", "compare": "previous", "preset": "28"},
    {"split": "currency", "compare": "year"},
    {"split": "utm_medium", "start": "2025-10-01", "end": "2025-10-31", "compare": "previous"},
    {"metric": "win_rate", "split": "campaign_name", "search": 'say "a\\b"'},
]


@pytest.mark.parametrize("choices", CHOICES)
def test_the_code_shown_gives_the_frames_shown(choices: dict[str, Any]) -> None:
    explorer = explore(demo(), **choices)
    made = ran(explorer)
    same(made["kpis"], explorer.frame)
    if explorer.compare:
        same(made["before"], explorer.before)
    else:
        assert explorer.before is None


@pytest.mark.parametrize("choices", CHOICES)
def test_what_is_chosen_at_first_can_be_chosen_later(
    explorer: Explorer, choices: dict[str, Any]
) -> None:
    explorer.choose(**choices)
    assert repr(explorer) == repr(explore(demo(), **choices))


def test_every_widget_chooses_what_it_says(explorer: Explorer) -> None:
    controls = explorer.controls
    controls.metric.value = "roas"
    assert explorer.metric == "roas"
    controls.more.value = "ctr"
    assert (explorer.metric, controls.metric.value) == ("ctr", None)
    controls.split.value = "utm_source"
    controls.grain.value = "month"
    assert [*explorer.frame.columns[:2]] == ["date", "utm_source"]
    assert (explorer.frame["date"].dt.day == 1).all()
    controls.split.value = ""
    assert explorer.split is None
    controls.compare.value = "previous"
    assert explorer.compare == "previous"
    assert len(explorer.figure.data) == 2
    controls.compare.value = ""
    controls.split.value = "campaign_name"
    controls.search.value = "Retargeting"
    assert explorer.frame["campaign_name"].str.contains("Retargeting").all()
    controls.channels["meta_ads"].value = False
    assert "meta_ads" not in explorer.channels
    assert controls.channels["meta_ads"].icon == ""
    assert controls.channels["google_ads"].icon == "check"


def test_editing_a_day_makes_the_dates_custom(explorer: Explorer) -> None:
    controls = explorer.controls
    controls.preset.value = "28"
    assert (explorer.end - explorer.start).days == 27
    controls.start.value = pd.Timestamp("2025-12-15").date()
    assert explorer.start == pd.Timestamp("2025-12-15")
    assert controls.preset.value == explorer.preset == "custom"
    controls.preset.value = "all"
    assert (explorer.start, explorer.end) == (None, None)
    assert controls.start.value == demo().ads()["date"].min().date()
    controls.start.value = None  # a picker that was emptied
    assert explorer.preset == "all"


def test_the_widgets_follow_what_is_chosen_in_code(explorer: Explorer) -> None:
    explorer.metric = "cac"
    assert explorer.controls.more.value == "cac"
    explorer.choose(split="campaign_id", channels=["meta_ads"])
    assert explorer.controls.search.layout.display == ""
    assert [b.value for b in explorer.controls.channels.values()].count(True) == 1
    explorer.split = "channel"
    assert explorer.controls.search.layout.display == "none"


def test_chart_and_table_follow(explorer: Explorer) -> None:
    explorer.choose(metric="roas", split="channel")
    assert explorer.figure.layout.title.text == "ROAS by channel, weekly"
    (shown,) = explorer.panes.chart.outputs
    assert shown["data"][PLOTLY]["layout"]["title"]["text"] == "ROAS by channel, weekly"
    assert explorer.table is not None
    assert "ROAS, over time" in explorer.panes.table.value
    explorer.choose(compare="previous", preset="28")
    compared = explorer.compared
    assert compared is not None
    expected = demo().compare(
        ["channel"], start=explorer.start, end=explorer.end, against="previous", scope="paid"
    )
    pd.testing.assert_frame_equal(compared, expected)
    assert "Compared with Nov 6 – Dec 3, 2025" in explorer.panes.line.value
    assert "still open" in explorer.panes.line.value
    assert explorer.table is not None
    assert explorer.table.heads[1].text == "ROAS"  # what is looked at comes first
    explorer.preset = "90"
    assert "so that period is not complete" in explorer.panes.line.value


def test_of_many_groups_only_those_shown_are_asked_for_over_time() -> None:
    store = admira.open_store("memory:")
    many = [
        {"date": f"2025-08-{day:02}", "campaign_id": f"C-{n}", "cost": float(n), "clicks": 1}
        for n in range(60)
        for day in (1, 2 + n % 2 if n else 5)  # the cheapest alone has rows of the fifth
    ]
    store.upsert(ads(*many))
    explorer = explore(store, split="campaign_id", grain="day", metric="cost")
    assert len(explorer.answers.groups) == 60
    assert len(explorer.answers.lines) == 100
    assert [f"{day:%d}" for day in explorer.answers.dates] == ["01", "02", "03", "04", "05"]
    assert len(explorer.frame) == 120
    assert "60 rows" in explorer.panes.line.value
    assert "C-51" in explorer.figure.layout.title.subtitle.text  # the ninth is left out by name
    assert "and 47 more" in explorer.figure.layout.title.subtitle.text
    assert explorer.table is not None
    assert explorer.table.rows[-1].cells[1].text == "3,540"
    whole = store.metrics(["date", "campaign_id"], grain="day")
    same(explorer.frame, whole)


def test_formula_and_rows_are_told(explorer: Explorer) -> None:
    assert "cpa = cost / leads" in explorer.panes.line.value
    assert f"{len(explorer.answers.groups)} rows" in explorer.panes.line.value
    assert "store.metrics(" in explorer.panes.code.value


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"channels": []}, "No channel is chosen"),
        ({"start": "2025-12-01", "end": "2025-11-01"}, "The first day is after the last one"),
        ({"start": "2030-01-01", "end": "2030-02-01"}, "There are no rows for this choice"),
        ({"split": "campaign_name", "search": "zzz"}, "No campaign with “zzz”"),
    ],
)
def test_an_empty_choice_explains_itself_and_can_be_left(
    explorer: Explorer, choices: dict[str, Any], sentence: str
) -> None:
    explorer.ask_why()
    explorer.choose(**choices)
    assert sentence in explorer.problem
    assert sentence in explorer.panes.line.value
    assert sentence in explorer.figure.layout.annotations[0].text
    assert len(explorer.frame) == 0
    assert (explorer.table, explorer.explanation, explorer.panes.table.value) == (None, None, "")
    assert sentence in explorer._repr_mimebundle_()["text/html"]
    explorer.choose(preset="90", channels=None, search="")
    assert explorer.problem == ""
    assert explorer.table is not None


def test_a_metric_without_any_value_says_why() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({**DAY, "currency": "EUR"}))
    explorer = explore(store, metric="cpa")
    assert "No leads, so no cost per lead." in explorer.panes.line.value
    assert explorer.table is not None


def test_what_does_not_exist_is_refused_and_changes_nothing(explorer: Explorer) -> None:
    before = repr(explorer)
    with pytest.raises(OptionError, match="Did you mean 'cpa'"):
        explorer.metric = "cpaa"
    with pytest.raises(OptionError, match="split"):
        explorer.split = "stage"
    with pytest.raises(OptionError, match="channels"):
        explorer.channels = ["myspace"]
    with pytest.raises(OptionError, match="preset"):
        explorer.preset = "5"
    with pytest.raises(OptionError, match="choice"):
        explorer.choose(colour="red")
    with pytest.raises(OptionError, match="group"):
        explorer.ask_why("myspace")
    with pytest.raises(OptionError, match="when"):
        explorer.ask_why(when="1999-01-01")
    assert repr(explorer) == before


def test_why_opens_the_rows_behind_a_number_and_follows(explorer: Explorer) -> None:
    assert explorer.explanation is None
    explorer.why.group.value = "=meta_ads"
    why = explorer.explanation
    assert why is not None
    asked = {"start": explorer.start, "end": explorer.end}
    (value,) = demo().metrics(by=[], channel="meta_ads", **asked)["cpa"]
    assert why.value == pytest.approx(value)
    assert "How the opportunities were matched" in explorer.panes.reasons.value
    explorer.metric = "roas"
    assert explorer.explanation is not None
    assert explorer.explanation.metric == "roas"
    explorer.channels = ["google_ads"]  # the group is no longer shown
    assert (explorer.explanation, explorer.panes.reasons.value) == (None, "")


@pytest.mark.parametrize("split", [None, "channel", "campaign_name", "utm_source", "currency"])
def test_every_number_shown_can_be_explained(split: str | None) -> None:
    explorer = explore(demo(), split=split, preset="28", channels=None, search="uk")
    assert explorer.table is not None
    rows = explorer.table.frame.iloc[:3]
    for (_, key), (_, row) in zip(explorer.why.group.options[2:], rows.iterrows(), strict=False):
        explorer.why.group.value = key
        assert explorer.explanation is not None
        found, shown = explorer.explanation.value, row["cpa"]
        assert (found is None) == pd.isna(shown)
        assert found is None or found == pytest.approx(shown)
    everything = explorer.ask_why()
    assert everything is not None
    assert everything.kpis["cost"].iloc[0] == pytest.approx(explorer.frame["cost"].sum())


def test_one_period_of_a_group_can_be_asked_about(explorer: Explorer) -> None:
    row = explorer.frame.iloc[0]  # a week that the period cuts off
    why = explorer.ask_why(row["channel"], row["date"])
    assert why is not None
    assert why.kpis["cost"].iloc[0] == pytest.approx(row["cost"])


def test_of_several_currencies_one_is_shown_and_the_others_are_named() -> None:
    explorer = explore(two_currencies())
    assert explorer.currency == "EUR"
    assert explorer.controls.currency.layout.display == ""
    assert "there is also USD" in explorer.panes.line.value
    assert explorer.frame["cost"].sum() == 90.0
    assert explorer.frame["leads"].sum() == 2.0  # leads carry no money
    same(ran(explorer)["kpis"], explorer.frame)
    why = explorer.ask_why("google_ads")
    assert why is not None
    assert why.value == pytest.approx(45.0)
    explorer.controls.currency.value = "USD"
    assert explorer.frame["cost"].sum() == 4.0
    assert "$4.00" in explorer.panes.table.value


def test_currencies_can_be_split_and_are_not_added() -> None:
    explorer = explore(two_currencies(), split="currency", metric="cost")
    assert explorer.problem == ""
    assert sorted(explorer.frame["currency"].dropna()) == ["EUR", "USD"]
    assert explorer.controls.currency.layout.display == "none"
    assert "all" not in [key for _, key in explorer.why.group.options]
    why = explorer.ask_why("USD")
    assert why is not None
    assert why.text == "$4.00"


def test_money_that_came_in_another_currency_meanwhile_is_a_sentence() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({**DAY, "currency": "EUR"}))
    explorer = explore(store)
    store.upsert(ads({**DAY, "campaign_id": "C-9", "currency": "USD"}))
    explorer.refresh()
    assert "several currencies" in explorer.problem


def test_a_frame_may_be_changed_without_harm(explorer: Explorer) -> None:
    cost = explorer.frame["cost"].sum()
    frame = explorer.frame
    frame["cost"] = 0.0
    frame["mine"] = 1
    explorer.metric = "roas"
    assert explorer.frame["cost"].sum() == cost
    assert "mine" not in explorer.frame


def test_it_is_refreshed_when_asked() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads(DAY))
    explorer = explore(store, metric="cost")
    store.upsert(ads({**DAY, "campaign_id": "C-2"}))
    explorer.refresh()
    assert explorer.frame["cost"].sum() == 20.0


def test_a_change_asks_the_store_no_more_than_it_must() -> None:
    asked: list[Any] = []

    class Counted(admira.Store):
        def metrics(self, by: Any = (), **more: Any) -> pd.DataFrame:  # type: ignore[override]
            asked.append(by)
            return super().metrics(by, **more)

        def facts(self, **more: Any) -> pd.DataFrame:
            asked.append("facts")
            return super().facts(**more)

    explorer = explore(Counted(demo().backend))
    for changes, questions in [
        ({"metric": "roas"}, 0),
        ({"split": "campaign_name"}, 2),
        ({"search": "brand"}, 0),
        ({"compare": "previous"}, 1),
        ({"preset": "28"}, 3),
        ({"grain": "day"}, 1),
        ({"compare": None, "grain": "week"}, 0),
        ({"split": "channel", "preset": "90"}, 0),  # as at first
    ]:
        asked.clear()
        explorer.choose(**changes)
        assert len(asked) == questions, changes
    explorer.ask_why("meta_ads")
    asked.clear()
    explorer.choose(grain="month", channels=["meta_ads", "google_ads"])  # other things to offer
    assert asked.count("facts") == 1


def test_a_store_without_rows_says_so() -> None:
    with pytest.raises(DataError, match="no rows to explore yet"):
        explore(admira.open_store("memory:"))


def test_a_store_without_ads_or_without_money_can_be_explored() -> None:
    store = admira.open_store("memory:")
    store.upsert(crm({}))
    explorer = explore(store)
    assert explorer.channels == ("(unattributed)",)
    assert explorer.problem == ""


def test_a_notebook_gets_widgets_and_a_page_that_needs_no_kernel(explorer: Explorer) -> None:
    explorer.ask_why("meta_ads")
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
    }
    html = bundle["text/html"]
    for there in ("admira-table", "data:image/svg+xml", "The same in code", "admira-why"):
        assert there in html
    for forbidden in ("<script", "<style", "<svg", "http"):
        assert forbidden not in html
    assert len(html) < 100_000
    assert "\n" not in bundle["text/plain"]
    assert bundle["text/plain"].startswith("<Explorer: Cost per lead by channel, weekly; Oct 3")


def test_names_are_escaped() -> None:
    bad = "<script>alert(1)</script>"
    store = admira.open_store("memory:")
    store.upsert(ads({**DAY, "campaign_name": bad, "currency": "EUR"}))
    explorer = explore(store, split="campaign_name", search="script")
    explorer.ask_why(bad)
    html = [each.value for each in (explorer.panes.line, explorer.panes.table, explorer.panes.code)]
    html += [explorer.panes.reasons.value, explorer._repr_mimebundle_()["text/html"]]
    assert all("<script" not in text for text in html)
    assert explorer.explanation is not None


def test_every_metric_can_be_shown(explorer: Explorer) -> None:
    for name in metrics:
        explorer.metric = name
        assert explorer.problem == ""
        assert metrics[name].formula in explorer.panes.line.value


def test_the_words_are_those_of_the_language_chosen() -> None:
    set_language("es")
    assert "€" in explore(demo()).panes.table.value


def test_the_module_loads_no_widgets_and_no_charts() -> None:
    code = (
        "import sys, admira.explorer; "
        "heavy = {'plotly', 'ipywidgets'} & {*sys.modules}; assert not heavy, heavy"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
