"""The sections of the explorer: the Monday questions, asked of what is chosen, when opened."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import admira
from admira.errors import OptionError
from admira.explorer import Explorer, explore
from admira.present.language import set_language
from tests.questions.synthetic import FIRST, flat, store_of
from tests.stores.rows import ads, crm

NAMES = ("movers", "pacing", "tags", "anomalies")
BUDGETS = [
    {"channel": "google_ads", "month": "2025-12", "budget": 11000},
    {"channel": "google_ads", "month": "2025-11", "budget": 9000},
]
NOVEMBER = {"start": "2025-11-01", "end": "2025-11-30"}


@cache
def demo() -> admira.Store:
    return admira.demo()


@pytest.fixture
def explorer() -> Explorer:
    return explore(demo(), budgets=BUDGETS, metric="cpa", **NOVEMBER)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    set_language("en")
    yield
    set_language(None)


def pane(explorer: Explorer, name: str) -> str:
    html: str = explorer.folds.box.children[NAMES.index(name)].value
    return html


def same(found: Any, expected: Any) -> None:
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))


def test_a_section_is_asked_only_once_it_is_opened_and_only_what_is_new() -> None:
    asked: list[str] = []

    class Counted(admira.Store):
        def movers(self, *args: Any, **more: Any) -> pd.DataFrame:  # type: ignore[override]
            asked.append("movers")
            return super().movers(*args, **more)

        def tag_audit(self, **more: Any) -> Any:  # type: ignore[override]
            asked.append("tags")
            return super().tag_audit(**more)

    explorer = explore(Counted(demo().backend), **NOVEMBER)
    explorer.metric = "roas"
    assert (asked, explorer.opened) == ([], None)
    assert [pane(explorer, name) for name in NAMES] == [""] * 4
    explorer.folds.box.selected_index = 0  # a click on the first title
    assert asked == ["movers"]
    explorer.metric = "cpc"
    explorer.metric = "roas"  # as before: it is held
    assert asked == ["movers"] * 2
    explorer.folds.box.selected_index = 2
    assert asked == ["movers", "movers", "tags"]
    explorer.metric = "cost"  # which the tags do not depend on
    assert len(asked) == 3
    explorer.folds.box.selected_index = None
    explorer.metric = "ctr"
    assert (len(asked), explorer.opened) == (3, None)


def test_what_moved_follows_the_choice(explorer: Explorer) -> None:
    section = explorer.section("movers")
    same(section.answer, demo().movers("cpa", by="channel", **NOVEMBER))
    assert "What moved Cost per lead" in pane(explorer, "movers")
    explorer.choose(metric="cost", split="campaign_name", compare="previous", search="brand")
    opened = explorer.opened
    assert opened is not None
    same(opened.answer, demo().movers("cost", by="campaign_name", **NOVEMBER))
    assert "not only those that are searched for" in opened.html()
    explorer.choose(channels=["meta_ads", "google_ads"], split="channel")
    assert explorer.opened is not None
    assert {*explorer.opened.answer["channel"]} == {"meta_ads", "google_ads"}
    explorer.choose(channels=None, split=None, search="")
    assert explorer.opened.code.count('scope="all"') == 1
    assert "campaign_name" in explorer.opened.answer


def test_pacing_is_of_the_month_that_the_period_ends_in(explorer: Explorer) -> None:
    section = explorer.section("pacing")
    same(section.answer, demo().pacing(BUDGETS, month="2025-11", today="2025-11-30"))
    explorer.choose(preset="all")
    last = demo().ads()["date"].max()
    assert explorer.opened is not None
    same(explorer.opened.answer, demo().pacing(BUDGETS, month="2025-12", today=last))
    assert "Budgets, and where they lead" in pane(explorer, "pacing")


def test_without_budgets_a_sentence_says_how_to_give_them() -> None:
    explorer = explore(demo())
    section = explorer.section("pacing")
    assert section.answer is None
    assert "explore(store, budgets=…)" in pane(explorer, "pacing")
    compile(section.code, "section", "exec")


def test_budgets_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "budgets.csv"
    pd.DataFrame(BUDGETS).to_csv(path, index=False)
    explorer = explore(demo(), budgets=path, **NOVEMBER)
    section = explorer.section("pacing")
    same(section.answer, demo().pacing(BUDGETS, month="2025-11", today="2025-11-30"))
    same(ran(section.code, demo())["paced"], section.answer)


def test_tags_follow_the_days_and_say_that_they_look_at_all_channels(explorer: Explorer) -> None:
    section = explorer.section("tags")
    expected = demo().tag_audit(**NOVEMBER, top=10)
    pd.testing.assert_frame_equal(section.answer.unmatched, expected.unmatched)
    assert "Tags are looked at in all channels" in pane(explorer, "tags")
    explorer.choose(channels=None)
    assert "Tags are looked at in all channels" not in pane(explorer, "tags")


def test_unusual_days_follow_metric_days_channels_and_search(explorer: Explorer) -> None:
    explorer.metric = "cost"
    section = explorer.section("anomalies")
    same(section.answer, demo().anomalies("cost", **NOVEMBER))
    explorer.channels = ["reddit_ads", "(untagged)"]
    assert explorer.opened is not None
    same(
        explorer.opened.answer.drop(columns="currency"),
        demo()
        .anomalies("cost", **NOVEMBER)
        .query("channel == 'reddit_ads'")
        .drop(columns="currency")
        .reset_index(drop=True),
    )
    explorer.choose(channels=None, split="campaign_name", search="Retargeting | UK")
    assert len(explorer.opened.answer)
    assert explorer.opened.answer["campaign_name"].str.startswith("Retargeting | UK").all()


def ran(code: str, store: admira.Store) -> dict[str, Any]:
    """Run the code that a section shows."""
    names: dict[str, Any] = {"store": store, "budgets": pd.DataFrame(BUDGETS)}
    exec(code, names)  # noqa: S102 - it is ours
    return names


CHOICES: list[dict[str, Any]] = [
    NOVEMBER,
    {**NOVEMBER, "split": None, "metric": "roas", "compare": "year"},
    {"preset": "28", "channels": ["meta_ads", "(untagged)"], "metric": "cost"},
    {**NOVEMBER, "split": "campaign_name", "search": "brand", "metric": "cost"},
    {**NOVEMBER, "split": "campaign_id", "channels": None},
    {**NOVEMBER, "split": "currency", "metric": "cost"},
    {**NOVEMBER, "split": "utm_source", "compare": "previous"},
]


@pytest.mark.parametrize("choices", CHOICES)
def test_the_code_shown_gives_the_answer_shown(choices: dict[str, Any]) -> None:
    explorer = explore(demo(), budgets=pd.DataFrame(BUDGETS), **choices)
    for name, made in (("movers", "moved"), ("pacing", "paced"), ("anomalies", "odd")):
        section = explorer.section(name)
        if section.answer is not None:
            same(ran(section.code, demo())[made], section.answer)
    audit = ran(explorer.section("tags").code, demo())["audit"]
    assert repr(audit) == repr(explorer.section("tags").answer)


def test_of_several_currencies_the_one_chosen_is_asked_for() -> None:
    store = admira.open_store("memory:")
    days = [f"2025-08-{day:02}" for day in range(1, 15)]
    store.upsert(
        ads(
            *({"date": day, "currency": "EUR", "cost": 9.0} for day in days),
            *({"date": day, "currency": "USD", "cost": 4.0, "campaign_id": "C-2"} for day in days),
        )
    )
    explorer = explore(store, metric="cost", preset="7", currency="USD")
    section = explorer.section("movers")
    assert section.answer["now"].sum() == 28.0
    assert section.answer.attrs["currency"] == "USD"
    assert "$28" in section.html()
    odd = explorer.section("anomalies")
    assert "four of the same weekday" in odd.problem


@pytest.mark.parametrize("name", NAMES)
def test_a_choice_that_cannot_be_shown_is_explained_in_a_section_too(
    explorer: Explorer, name: str
) -> None:
    explorer.section(name)
    explorer.channels = []
    assert "No channel is chosen" in pane(explorer, name)
    explorer.choose(channels=None, start="2025-12-01", end="2025-11-01")
    assert "The first day is after the last one" in pane(explorer, name)


def test_an_empty_answer_says_why(explorer: Explorer) -> None:
    explorer.preset = "all"
    assert "nothing to compare these days with" in explorer.section("movers").problem
    explorer.choose(start="2025-10-01", end="2025-12-31")
    assert "so that period is not complete" in explorer.section("movers").html()
    explorer.choose(start="2025-09-03", end="2025-09-10", metric="cost")
    assert "four of the same weekday" in explorer.section("anomalies").problem
    explorer.choose(start="2025-12-30", end="2025-12-31", metric="clicks")
    assert "No day stood out" in explorer.section("anomalies").problem
    explorer.choose(start="2030-01-01", end="2030-02-01")
    assert "There are no rows for this choice" in explorer.section("movers").problem
    explorer.choose(start="2025-10-01", end="2025-10-31")
    assert "No budget is of 2025-10" in explorer.section("pacing").problem
    store = admira.open_store("memory:")
    store.upsert(ads({"date": "2025-08-01", "cost": 1.0}))
    store.upsert(crm({"date": "2025-08-01"}))
    assert "Every tag leads to a campaign" in explore(store).section("tags").problem


def test_the_page_without_widgets_shows_the_section_that_is_open(explorer: Explorer) -> None:
    closed = explorer._repr_mimebundle_()["text/html"]
    assert "admira-section" not in closed
    explorer.section("movers")
    html = explorer._repr_mimebundle_()["text/html"]
    assert "admira-section" in html
    assert "store.movers(" in html
    for forbidden in ("<script", "<style", "<svg", "http"):
        assert forbidden not in html
    assert len(html) < 100_000


def test_a_section_that_does_not_exist_is_refused(explorer: Explorer) -> None:
    with pytest.raises(OptionError, match="movers, pacing, tags, anomalies"):
        explorer.section("moves")
    assert explorer.opened is None


def test_a_section_says_on_one_line_what_it_shows(explorer: Explorer) -> None:
    assert repr(explorer.section("movers")) == "<Section What moved: 6 rows>"
    assert "\n" not in repr(explorer.section("tags"))
    explorer.channels = []
    assert repr(explorer.opened).startswith("<Section Tags: No channel is chosen")


def test_refreshing_asks_an_open_section_anew() -> None:
    store = admira.open_store("memory:")
    day = {"date": "2025-08-02", "cost": 10.0}
    store.upsert(ads(day, {**day, "date": "2025-08-01"}))
    explorer = explore(store, metric="cost", start="2025-08-02", end="2025-08-02")
    assert explorer.section("movers").answer["now"].tolist() == [10.0]
    store.upsert(ads({**day, "cost": 30.0}))
    explorer.refresh()
    assert explorer.opened is not None
    assert explorer.opened.answer["now"].tolist() == [30.0]


def test_names_are_escaped() -> None:
    store = admira.open_store("memory:")
    bad = "<script>alert(1)</script>"
    day = {"cost": 10.0, "campaign_name": bad}
    store.upsert(ads({**day, "date": "2025-08-02"}, {**day, "date": "2025-08-01"}))
    explorer = explore(
        store, metric="cost", split="campaign_name", start="2025-08-02", end="2025-08-02"
    )
    for name in NAMES:
        assert "<script" not in explorer.section(name).html()
    assert "<script" not in explorer._repr_mimebundle_()["text/html"]


def test_the_words_are_those_of_the_language_chosen() -> None:
    set_language("es")
    explorer = explore(demo(), **NOVEMBER)
    assert "Qué se movió" in explorer.folds.box.titles
    assert "Coste por lead" in explorer.section("movers").html()


def test_unusual_days_read_no_more_days_than_they_are_judged_by() -> None:
    costs = flat(400, seed=3)
    costs[[250, 395]] *= 3
    store = store_of({"google_ads": costs})
    day = FIRST + pd.Timedelta(days=250)
    explorer = explore(store, metric="cost", start=day, end=day + pd.Timedelta(days=9))
    section = explorer.section("anomalies")
    asked = {"start": "2024-05-18", "end": "2024-09-16"}
    assert f"kpis = store.metrics(by=['date', 'channel'], start='{asked['start']}'" in (
        section.code.replace('"', "'")
    )
    assert section.answer["date"].tolist() == [day]
    days = {"start": explorer.start, "end": explorer.end}
    same(section.answer, store.anomalies("cost", by="channel", **days))
