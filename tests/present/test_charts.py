import pickle
import subprocess
import sys
from collections.abc import Iterator

import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

import admira
from admira.present.charts import (
    attribution_quality,
    bars,
    funnel,
    heat_map,
    over_time,
    plot,
    spend_and_return,
)
from admira.present.figures import DASHES, PALETTE, KpiFigure, kpi_figure
from admira.present.match_quality import quality_frame

PLOTLY = "application/vnd.plotly.v1+json"


@pytest.fixture(scope="module")
def store() -> admira.Store:
    return admira.demo()


@pytest.fixture(scope="module")
def weekly(store: admira.Store) -> pd.DataFrame:
    return store.metrics(by=["date", "channel"], grain="week", scope="paid")


@pytest.fixture
def in_spanish() -> Iterator[None]:
    admira.set_language("es")
    yield
    admira.set_language(None)


def kpis_of(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Give KPIs by date and channel of rows with cost, leads and revenue."""
    names = ["date", "channel", "cost", "leads", "revenue"]
    facts = pd.DataFrame(rows, columns=names).astype({"cost": float, "revenue": float})
    known = {
        "date": pd.to_datetime(facts["date"]),
        "impressions": 0,
        "clicks": 0,
        "currency": "EUR",
    }
    known |= {"opportunities": facts["leads"], "opportunities_from_leads": facts["leads"]}
    known |= {"closed_won": 0.0, "closed_lost": 0.0}
    return admira.compute_metrics(facts.assign(**known), by=["date", "channel"])


def named(figure: KpiFigure) -> list[str]:
    return [trace.name for trace in figure.data]


def subtitle(figure: KpiFigure) -> str:
    return str(figure.layout.title.subtitle.text).replace("<br>", " ")


def test_a_notebook_keeps_the_chart_a_picture_and_a_line(weekly: pd.DataFrame) -> None:
    figure = plot(weekly, "cpa")
    kept, _ = DisplayFormatter().format(figure)
    assert sorted(kept) == [PLOTLY, "image/svg+xml", "text/plain"]
    assert kept["text/plain"] == "<KpiFigure: Cost per lead by channel, weekly; 6 traces>"
    assert kept[PLOTLY]["data"][0]["type"] == "scatter"


def test_a_figure_is_the_same_every_time(weekly: pd.DataFrame) -> None:
    first, second = (plot(weekly, "cpa")._repr_mimebundle_() for _ in range(2))
    assert first == second


def test_nothing_in_a_figure_is_loaded_from_elsewhere(weekly: pd.DataFrame) -> None:
    text = str(plot(weekly, "cpa")._repr_mimebundle_()).replace("http://www.w3.org/2000/svg", "")
    assert "http" not in text
    assert "<script" not in text


def test_a_figure_can_be_restyled_and_pickled(weekly: pd.DataFrame) -> None:
    figure = plot(weekly, "cpa").update_layout(title_text="Mine")
    copied = pickle.loads(pickle.dumps(figure))  # noqa: S301 - our own
    assert repr(copied) == "<KpiFigure: Mine; 6 traces>"
    assert copied._repr_mimebundle_() == figure._repr_mimebundle_()


def test_a_first_chart_loads_neither_nbformat_nor_jsonschema() -> None:
    code = (
        "import sys, admira; from admira.present.charts import plot;"
        "plot(admira.demo().metrics(by=['date', 'channel']), 'cpa')._repr_mimebundle_();"
        "sys.exit(bool({'nbformat', 'jsonschema', 'IPython'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_charts_without_plotly_say_what_to_install() -> None:
    code = (
        "import sys; sys.modules['plotly'] = None\n"
        "import admira, admira.present.match_quality\n"
        "try: import admira.present.charts\n"
        "except admira.MissingExtra as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout == "Charts needs an extra: pip install 'admira[notebook]'\n"


def test_every_colour_is_legible_on_white_and_on_dark() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05

    assert len({*PALETTE}) == len(DASHES) == 8
    for colour in PALETTE:
        assert 1.05 / light(colour) > 2.9
        assert light(colour) / light("#111111") > 2.9


def test_a_line_has_a_gap_where_the_ratio_is_missing_and_where_there_is_no_row() -> None:
    kpis = kpis_of(
        ("2025-08-01", "a", 10, 1, 0),
        ("2025-08-02", "a", 10, 0, 0),
        ("2025-08-03", "a", 30, 1, 0),
        ("2025-08-05", "a", 40, 1, 0),
    )
    line = over_time(kpis, "cpa").data[0]
    assert line.y == (10.0, None, 30.0, None, 40.0)
    assert line.hovertemplate == "€%{y:,.2f}"
    assert line.connectgaps is False


def test_months_and_weeks_without_a_row_are_gaps_too() -> None:
    months = kpis_of(("2025-08-01", "a", 10, 1, 0), ("2025-10-01", "a", 10, 1, 0))
    assert over_time(months, "cost").data[0].x == ("2025-08-01", "2025-09-01", "2025-10-01")
    weeks = kpis_of(("2025-08-04", "a", 10, 1, 0), ("2025-08-18", "a", 10, 1, 0))
    figure = over_time(weeks, "cost")
    assert figure.data[0].y == (10.0, None, 10.0)
    assert figure.layout.title.text == "Cost by channel, weekly"


def test_a_point_between_two_gaps_gets_a_dot() -> None:
    days = pd.date_range("2025-01-01", periods=60)
    rows = [(day, "a", 10, int(place != 30), 0) for place, day in enumerate(days)]
    rows[32] = (days[32], "a", 10, 0, 0)
    sizes = over_time(kpis_of(*rows), "cpa").data[0].marker.size
    assert [place for place, size in enumerate(sizes) if size] == [31]


def test_the_eight_groups_with_most_cost_are_drawn_and_the_rest_is_named() -> None:
    rows = [("2025-08-01", f"c{n:02}", n + 1, 1, 0) for n in range(15)]
    figure = over_time(kpis_of(*rows), "cost")
    assert named(figure) == [f"c{n:02}" for n in range(14, 6, -1)]
    assert subtitle(figure) == "Left out, with less cost: c06, c05, c04, c03, c02 and 2 more"


def test_finer_rows_are_summed_before_they_are_divided(store: admira.Store) -> None:
    fine = store.metrics(by=["date", "channel", "campaign_id"], grain="month", scope="paid")
    coarse = store.metrics(by=["date", "channel"], grain="month", scope="paid")
    lines, expected = over_time(fine, "cpa", split="channel"), over_time(coarse, "cpa")
    assert named(lines) == named(expected)
    for line, other in zip(lines.data, expected.data, strict=True):
        assert line.y == pytest.approx(other.y)


def test_one_line_without_a_dimension_needs_no_legend(store: admira.Store) -> None:
    figure = over_time(store.metrics(by="date", grain="month"), "roas")
    assert len(figure.data) == 1
    assert figure.layout.showlegend is False
    assert figure.layout.title.text == "ROAS, monthly"


@pytest.mark.parametrize(
    ("metric", "title", "before", "after"),
    [
        ("cpa", "Cost per lead (EUR)", "€", ""),
        ("roas", "ROAS (×)", None, "×"),
        ("win_rate", "Win rate (%)", None, None),
        ("leads", "Leads", None, None),
    ],
)
def test_axes_name_their_unit(
    weekly: pd.DataFrame, metric: str, title: str, before: str | None, after: str | None
) -> None:
    axis = over_time(weekly, metric, currency="EUR").layout.yaxis
    assert (axis.title.text, axis.tickprefix, axis.ticksuffix) == (title, before, after)


def test_the_currency_of_the_frame_is_used_where_none_is_given(weekly: pd.DataFrame) -> None:
    known = weekly.copy()
    known.attrs["currency"] = "USD"
    assert over_time(known, "cpa").layout.yaxis.tickprefix == "$"
    assert over_time(weekly.assign(currency="GBP"), "cpa").layout.yaxis.tickprefix == "£"


def test_money_in_several_currencies_is_never_added(weekly: pd.DataFrame) -> None:
    mixed = pd.concat([weekly.assign(currency="EUR"), weekly.assign(currency="USD")])
    for draw in (over_time, bars, heat_map):
        with pytest.raises(admira.AmbiguousData, match="currency"):
            draw(mixed, "cost", split="channel")
    for total in (funnel, spend_and_return):
        with pytest.raises(admira.AmbiguousData, match="never added"):
            total(mixed)
    assert named(over_time(mixed, "cost", split="currency")) == ["EUR", "USD"]


@pytest.mark.usefixtures("in_spanish")
def test_spanish_charts_write_numbers_and_months_in_spanish(weekly: pd.DataFrame) -> None:
    figure = over_time(weekly, "cpa", currency="EUR")
    assert figure.layout.separators == ",."
    assert figure.layout.yaxis.ticksuffix == "\xa0€"
    shown = figure._repr_mimebundle_()[PLOTLY]["config"]
    words = shown["locales"][shown["locale"]]["format"]
    assert (words["days"][0], words["months"][0]) == ("domingo", "enero")


def test_english_separators_are_english(weekly: pd.DataFrame) -> None:
    assert over_time(weekly, "cpa").layout.separators == ".,"


def test_names_are_shown_as_they_are_and_never_as_html() -> None:
    kpis = kpis_of(("2025-08-01", "<a href='x'>&", 10, 1, 5), ("2025-08-02", "b", 10, 1, 5))
    for figure in (over_time(kpis, "cpa"), bars(kpis, "cpa"), heat_map(kpis, "cpa")):
        text = figure.to_json().replace("\\u003c", "<").replace("\\u003e", ">")
        assert "&lt;a href='x'&gt;&amp;" in text.replace("\\u0026", "&").replace("\\u0027", "'")
        assert "<a href" not in text


def test_bars_stand_in_the_order_of_the_metric_with_their_figure() -> None:
    kpis = kpis_of(
        ("2025-08-01", "a", 10, 1, 0), ("2025-08-01", "b", 60, 2, 0), ("2025-08-02", "b", 60, 2, 0)
    )
    bar = bars(kpis, "cpa", currency="EUR").data[0]
    assert (bar.y, bar.x, bar.text) == (("b", "a"), (30.0, 10.0), ("€30.00", "€10.00"))


def test_bars_of_days_stand_over_time(store: admira.Store) -> None:
    bar = bars(store.metrics(by="date", grain="month"), "leads").data[0]
    assert bar.x == ("2025-09-01", "2025-10-01", "2025-11-01", "2025-12-01")
    assert bar.orientation is None
    assert bar.hovertext[0].startswith("Sep 2025: ")


def test_a_map_leaves_missing_cells_blank() -> None:
    kpis = kpis_of(
        ("2025-08-01", "a", 10, 1, 0), ("2025-08-02", "a", 10, 0, 0), ("2025-08-02", "b", 90, 3, 0)
    )
    cells = heat_map(kpis, "cpa").data[0]
    assert cells.y == ("b", "a")
    assert [tuple(row) for row in cells.z] == [(None, 30.0), (10.0, None)]
    assert cells.hovertext[1][0] == "<b>a</b><br>Aug 1, 2025<br>Cost per lead: €10.00"


def test_a_map_is_coloured_by_what_is_good(weekly: pd.DataFrame) -> None:
    scales = {name: heat_map(weekly, name).data[0].colorscale[1][1] for name in ("roas", "cpa")}
    assert scales == {"roas": "rgba(15,118,110,1)", "cpa": "rgba(213,94,0,1)"}


def test_one_cell_that_stands_out_does_not_fade_the_others() -> None:
    days = pd.date_range("2025-08-01", periods=40)
    figure = heat_map(
        kpis_of(*((day, "a", 10 + 990 * (day.day == 9), 1, 0) for day in days)), "cost"
    )
    assert figure.data[0].zmax < 1000
    assert "a few are higher" in subtitle(figure)


def test_the_funnel_shows_ratios_of_sums() -> None:
    example = admira.datasets.worked_example()
    facts = admira.join_utm(example.ads_frame, example.crm_frame)
    figure = funnel(admira.compute_metrics(facts, by=["date", "channel"]))
    assert figure.data[0].x == (6.0, 4.0, 2.0)
    assert figure.data[0].text == ("6", "4 · 66.7% of leads", "2 · 50.0% of opportunities")
    assert subtitle(figure) == ""


def test_the_funnel_says_which_opportunities_were_never_leads() -> None:
    kpis = kpis_of(("2025-08-01", "a", 10, 10, 0)).assign(opportunities_from_leads=4.0)
    figure = funnel(kpis)
    assert figure.data[0].text[1] == "10 · 40.0% of leads"
    assert subtitle(figure).startswith("6 opportunities entered as such")


def test_bubbles_show_spend_return_and_where_both_are_equal() -> None:
    kpis = kpis_of(
        ("2025-08-01", "good", 10, 1, 4000),
        ("2025-08-01", "bad", 50, 1, 20),
        ("2025-08-02", "good", 5, 1, 0),
    )
    line, good, bad = spend_and_return(kpis, currency="EUR").data
    assert line.x == line.y
    assert (good.x, good.y, bad.x, bad.y) == ((15.0,), (4000.0,), (50.0,), (20.0,))
    assert good.marker.size[0] > bad.marker.size[0] == 9
    assert "ROAS: 0.40×" in bad.hovertext[0]
    assert (good.name, bad.name) == ("Revenue covers cost", "Revenue below cost")


def test_the_ways_add_up_to_all_leads_and_all_revenue(store: admira.Store) -> None:
    facts = store.facts()
    quality = quality_frame(facts)
    assert quality["leads"].sum() == pytest.approx(facts["leads"].sum())
    assert quality["revenue"].sum() == pytest.approx(facts["revenue"].sum())
    assert quality["leads_share"].sum() == pytest.approx(1)
    assert quality["way"].tolist() == ["exact", "campaign", "click_id", "unattributed", "untagged"]


def test_a_way_that_is_not_known_is_no_attribution(store: admira.Store) -> None:
    quality = quality_frame(store.facts().assign(match="guess"))
    assert quality.loc[quality["leads"] > 0, "way"].tolist() == ["unattributed"]


def test_attribution_quality_says_how_much_is_ambiguous(store: admira.Store) -> None:
    facts = store.facts()
    figure = attribution_quality(facts)
    unsure = facts.loc[facts["match_candidates"] > 1, "leads"].sum() / facts["leads"].sum()
    assert subtitle(figure).startswith(f"Ambiguous: {unsure:.1%} of leads and ")
    for bar in range(2):
        assert sum(trace.x[bar] for trace in figure.data) == pytest.approx(1)


def test_ad_rows_have_no_match_to_judge(store: admira.Store) -> None:
    facts = store.facts()
    ads = facts[facts["match"] == "ad"]
    odd = facts.assign(leads=facts["leads"].mask(facts["match"] == "ad", 7.0))
    pd.testing.assert_frame_equal(quality_frame(odd), quality_frame(facts.drop(ads.index)))
    assert "nothing to draw" in attribution_quality(ads).layout.annotations[0].text
    assert quality_frame(ads)["leads_share"].isna().all()


def test_plot_draws_every_kind(weekly: pd.DataFrame) -> None:
    drawn = {
        kind: plot(weekly, "roas", kind).data[-1].type
        for kind in ("line", "bar", "heatmap", "funnel", "bubble")
    }
    assert drawn == {
        "line": "scatter",
        "bar": "bar",
        "heatmap": "heatmap",
        "funnel": "funnel",
        "bubble": "scatter",
    }
    assert plot(weekly, "roas", title="Mine").layout.title.text == "Mine"


@pytest.mark.parametrize("kind", ["line", "bar", "heatmap", "funnel", "bubble"])
def test_a_frame_without_rows_gives_a_sentence(weekly: pd.DataFrame, kind: str) -> None:
    figure = plot(weekly.head(0), "cpa", kind)
    assert figure.layout.annotations[0].text == "No rows, so there is nothing to draw."


@pytest.mark.parametrize("kind", ["line", "bar", "heatmap"])
def test_a_metric_that_is_missing_throughout_says_why(kind: str) -> None:
    figure = plot(kpis_of(("2025-08-01", "a", 10, 0, 0)), "cpa", kind)
    assert figure.layout.annotations[0].text == "n/a: Leads is 0"


def test_what_does_not_exist_is_refused_with_what_does(weekly: pd.DataFrame) -> None:
    with pytest.raises(admira.OptionError, match=r"kind='pie'.*line, bar, heatmap, funnel, bubble"):
        plot(weekly, "cpa", "pie")
    with pytest.raises(admira.OptionError, match="Did you mean 'cpa'"):
        plot(weekly, "cpaa")
    with pytest.raises(admira.OptionError, match="metric='ctr'"):
        plot(weekly.drop(columns="ctr"), "ctr")
    with pytest.raises(admira.OptionError, match="metric=None"):
        plot(weekly)
    with pytest.raises(admira.OptionError, match=r"split='country'.*channel"):
        plot(weekly, "cpa", split="country")
    with pytest.raises(admira.OptionError, match=r"split='country'.*channel"):
        plot(weekly, kind="bubble", split="country")


def test_bubbles_need_spend_and_return(weekly: pd.DataFrame) -> None:
    with pytest.raises(admira.OptionError, match="metric='revenue'"):
        plot(weekly.drop(columns="revenue"), kind="bubble")


def test_over_time_needs_days(store: admira.Store) -> None:
    for kind in ("line", "heatmap"):
        with pytest.raises(admira.OptionError, match=r"by=.*a list with 'date'"):
            plot(store.metrics(by="channel"), "cpa", kind)


def test_a_figure_of_ones_own_gets_the_look() -> None:
    figure = kpi_figure(
        [{"type": "bar", "x": ["a"], "y": [1]}], title="Mine", notes=["small " * 40]
    )
    assert figure.layout.template.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert "<br>" in figure.layout.title.subtitle.text
