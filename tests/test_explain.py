"""Why a number is what it is: the rows behind it add up to it, and say so in plain words."""

from functools import cache
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admira
from admira.errors import AmbiguousData, OptionError
from admira.explanations import Explanation, explain
from admira.explanations.words import reason_text
from admira.schemas import AD_MEASURES, MATCH_REASONS, MATCHES
from admira.schemas.metrics import metrics
from admira.schemas.registry import Measure
from tests.stores.rows import ads, crm

DIMENSIONS = ["channel", "campaign_id", "campaign_name", "utm_source", "currency", "match"]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"funnel": "snapshot"},
    {"ambiguous": "equal"},
    {"ambiguous": "none", "window_days": 14},
    {"lands_on": "ad_day"},
    {"aliases": None, "scope": "paid"},
]


@cache
def demo() -> admira.Store:
    return admira.demo()


def divided(why: Explanation) -> float | None:
    """Work the metric out from the rows that an explanation shows."""
    metric = metrics[why.metric]

    def total(name: str) -> float:
        rows = why.ads if name in AD_MEASURES else why.opportunities
        return float(rows[name].sum())

    if isinstance(metric, Measure):
        return total(metric.name)
    above, below = (
        sum(factor * total(name) for name, factor in side.items())
        for side in (metric.numerator, metric.denominator)
    )
    return above / below if below else None


def equal(found: Any, expected: Any) -> bool:
    if pd.isna(found) or pd.isna(expected):
        return bool(pd.isna(found) and pd.isna(expected))
    return bool(float(found) == pytest.approx(float(expected), rel=1e-12))


@settings(max_examples=25)
@given(
    metric=st.sampled_from([*metrics]),
    by=st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=3),
    grain=st.sampled_from([None, "day", "week", "month"]),
    options=st.sampled_from(OPTIONS),
    place=st.integers(0, 10_000),
)
def test_the_rows_behind_a_number_give_exactly_that_number(
    metric: str, by: list[str], grain: str | None, options: dict[str, Any], place: int
) -> None:
    dimensions = ["date", *by] if grain else by
    period = {"start": "2025-09-10", "end": "2025-12-10"}
    asked = {**period, **options}
    kpis = demo().metrics(by=dimensions, grain=grain, **asked)
    row = kpis.iloc[place % len(kpis)]
    grained = {"grain": grain} if grain else {}
    why = explain(demo(), metric, **row[dimensions].to_dict(), **grained, **asked)
    assert equal(why.value, row[metric])
    assert equal(divided(why), row[metric])
    assert equal(admira.compute_metrics(why.frame, by=[])[metric].iloc[0], row[metric])
    assert len(why.ads) + len(why.opportunities) == len(why.frame)


def test_wins_that_land_on_their_closing_day_are_found_whenever_they_were_created() -> None:
    store = admira.open_store("memory:")
    won = {"stage": "closed_won", "amount": 80.0, "utm_campaign": "sale"}
    closed = {"closed_at": "2025-09-20T10:00:00Z", "closed_date": "2025-09-20"}
    store.upsert(ads({"date": "2025-09-01", "cost": 20.0}, {"date": "2025-09-20", "cost": 10.0}))
    store.upsert(crm({"date": "2025-09-01", **won, **closed}))
    why = explain(store, "roas", date="2025-09-20", lands_on="closed", campaign_id="C-1")
    assert why.value == divided(why) == 8.0
    assert why.opportunities["stage"].tolist() == ["closed_won"]


def test_the_arithmetic_has_the_real_sums() -> None:
    example = admira.datasets.worked_example()
    store = admira.open_store("memory:")
    store.upsert(example.ads_frame)
    store.upsert(example.crm_frame)
    why = explain(store, "cpa", channel="google_ads")
    assert why.arithmetic == "cpa = cost / leads = €650.75 / 3.7333 = €174.31"
    assert explain(store, "win_rate").arithmetic == (
        "win_rate = closed_won / (closed_won + closed_lost) = 2 / (2 + 1) = 66.7%"
    )
    assert explain(store, "cpm").arithmetic.startswith(
        "cpm = 1000·cost / impressions = 1000·€850.75 / 145,500"
    )
    assert explain(store, "open_share").arithmetic.startswith(
        "open_share = (opportunities − closed_won − closed_lost) / opportunities = (4 − 2 − 1) / 4"
    )
    assert explain(store, "cost").arithmetic == "cost = Σ cost = €850.75"
    shared = why.opportunities.set_index("opportunity_id").loc["O-3"]
    assert shared["match_weight"] == pytest.approx(2200 / 3000)
    assert (shared["utm_campaign"], shared["utm_source"]) == ("back_to_school", "")  # its own


def test_what_counts_most_comes_first() -> None:
    why = explain(demo(), "roas", scope="paid")
    assert why.opportunities["revenue"].is_monotonic_decreasing
    assert why.ads["cost"].is_monotonic_decreasing
    assert why.matches["shares"].is_monotonic_decreasing


def test_matches_count_what_adds_to_the_formula() -> None:
    why = explain(demo(), "roas")
    assert why.matches["revenue"].sum() == pytest.approx(why.kpis["revenue"].iloc[0])
    assert why.matches["shares"].sum() == (why.opportunities["revenue"] > 0).sum()
    assert explain(demo(), "cpc").matches.empty


def test_a_zero_below_the_line_explains_itself() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({"clicks": 0}))
    why = explain(store, "cpa")
    assert why.value is None
    assert "No leads, so no cost per lead." in why._repr_html_()
    assert "No clicks, so no CPC." in explain(store, "cpc").sentences
    assert "No won + lost, so no win rate." in explain(store, "win_rate").sentences


def test_opportunities_that_add_nothing_are_said_to() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({}))
    store.upsert(crm({}))
    why = explain(store, "roas")
    assert (why.value, len(why.opportunities)) == (0.0, 1)
    assert why.sentences == [
        "Behind it – ad rows: 1, opportunities: 1.",
        "None of these opportunities adds to: revenue.",
    ]


def test_a_cell_without_rows_explains_itself() -> None:
    why = explain(demo(), "roas", channel="nowhere")
    assert (why.value, len(why.frame)) == (None, 0)
    assert why.sentences == [
        "No ad rows and no opportunities are in this cell; check its values and days."
    ]
    assert why.sentences[0] in why._repr_html_()


def test_what_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(OptionError, match="Did you mean 'cpa'"):
        explain(demo(), "cpaa")
    with pytest.raises(OptionError, match="Did you mean 'channel'"):
        explain(demo(), "cpa", chanel="meta_ads")
    with pytest.raises(OptionError, match="all, paid"):
        explain(demo(), "cpa", scope="free")
    with pytest.raises(OptionError, match="day, week, month"):
        explain(demo(), "cpa", date="2025-11-03", grain="decade")
    with pytest.raises(OptionError, match="which grain makes a week"):
        explain(demo(), "cpa", grain="week")


def test_money_in_several_currencies_needs_a_choice() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({"currency": "EUR"}, {"campaign_id": "C-2", "currency": "USD", "cost": 4.0}))
    with pytest.raises(AmbiguousData, match="currency"):
        explain(store, "cost")
    assert explain(store, "cost", currency="USD").text == "$4.00"


def test_missing_names_can_be_asked_for() -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({"currency": "EUR", "cost": 0.0}, {"campaign_id": "C-2", "currency": None}))
    assert explain(store, "cost", currency=float("nan")).value == 1.5
    assert len(explain(store, "clicks", currency=["EUR", None]).ads) == 2


@pytest.mark.parametrize("match", [match for match in MATCHES if match not in {"ad", "none"}])
def test_every_match_has_plain_words(match: str) -> None:
    assert len(reason_text(match, "").split()) > 3
    assert "shared among 3 campaigns" in reason_text(match, "", 3)


@pytest.mark.parametrize("reason", [reason for reason in MATCH_REASONS if reason])
def test_every_reason_has_plain_words(reason: str) -> None:
    match = "exact" if reason == "before_first_ad" else "none"
    assert len(reason_text(match, reason).split()) > 3
    assert reason not in reason_text(match, reason)


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"channel": ["meta_ads", "tiktok_ads"], "date": "2025-11-05", "grain": "month"},
        {"campaign_name": ["Brand | UK", None], "scope": "paid", "funnel": "snapshot"},
        {"currency": "EUR", "match": ["ad", "exact"], "start": "2025-10-01"},
    ],
)
def test_the_code_shown_gives_the_same_number(cell: dict[str, Any]) -> None:
    why = explain(demo(), "cpa", **cell)
    *statements, last = why.code.splitlines()
    names: dict[str, Any] = {"admira": admira, "store": demo()}
    exec("\n".join(statements), names)  # noqa: S102 - it is ours
    assert eval(last, names) == pytest.approx(why.value)  # noqa: S307


def test_long_lists_say_how_much_is_left() -> None:
    html = explain(demo(), "cpa", channel="meta_ads")._repr_html_()
    rows = explain(demo(), "cpa", channel="meta_ads")
    assert f"… and {len(rows.ads) - 20:,} more" in html
    assert html.count("<tr") < 60
    assert "add nothing" in explain(demo(), "roas")._repr_html_()
    assert "€" in html


def test_it_is_read_on_one_line_and_harmless_in_a_notebook() -> None:
    store = admira.open_store("memory:")
    bad = "<script>alert(1)</script>"
    store.upsert(ads({"campaign_name": bad, "currency": "EUR"}))
    store.upsert(crm({"stage": "closed_won", "amount": 5.0, "currency": "EUR"}))
    why = explain(store, "roas", campaign_name=bad)
    assert "\n" not in repr(why)
    assert repr(why).startswith("<Explanation Campaign <script>")
    html = why._repr_html_()
    for forbidden in ("<script", "<style", "<svg", "http"):
        assert forbidden not in html


def test_a_week_cut_off_by_the_period_is_explained_as_it_was_cut() -> None:
    store = demo()
    asked = {"start": "2025-11-05", "end": "2025-11-30"}
    first = store.metrics(by="date", grain="week", **asked).iloc[0]
    assert first["date"] == pd.Timestamp("2025-11-03")
    why = explain(store, "cost", date=first["date"], grain="week", **asked)
    assert why.value == pytest.approx(first["cost"])
    assert why.cell == "Nov 5 – 9, 2025"
    midweek = explain(store, "cost", date="2025-11-12", grain="week")
    assert midweek.cell == "Nov 10 – 16, 2025"
    assert explain(store, "cost", date="2025-11-12", grain="month").cell == "Nov 1 – 30, 2025"
