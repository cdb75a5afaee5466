from collections.abc import Callable
from xml.etree import ElementTree as ET

import pandas as pd
import plotly.graph_objects as go
import pytest

import admira
from admira.present.charts import attribution_quality, plot
from admira.present.figures import KpiFigure, kpi_figure
from admira.present.static import is_drawable, static_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def store() -> admira.Store:
    return admira.demo()


def drawn(figure: go.Figure) -> ET.Element:
    return ET.fromstring(static_svg(figure))  # noqa: S314 - our own


def texts(figure: go.Figure) -> list[str]:
    return [element.text or "" for element in drawn(figure).iter(f"{SVG}text")]


def line(**trace: object) -> KpiFigure:
    return kpi_figure([{"type": "scatter", "mode": "lines", **trace}], title="Line")


CHARTS: dict[str, Callable[[admira.Store], KpiFigure]] = {
    kind: lambda store, kind=kind: plot(  # type: ignore[misc]
        store.metrics(by=["date", "channel"], grain="week"), "cpa", kind, currency="EUR"
    )
    for kind in ("line", "bar", "heatmap", "funnel", "bubble")
} | {
    "quality": lambda store: attribution_quality(store.facts()),
    "months": lambda store: plot(store.metrics(by="date", grain="month"), "leads", "bar"),
    "nothing": lambda store: plot(store.metrics(by="date").head(0), "leads"),
}


@pytest.mark.parametrize("chart", CHARTS)
def test_every_chart_is_drawn_inside_its_picture(store: admira.Store, chart: str) -> None:
    figure = CHARTS[chart](store)
    root = drawn(figure)
    assert is_drawable(figure)
    assert root.get("width") == "720"
    assert root.get("height") == str(figure.layout.height)
    height = float(figure.layout.height)
    for box in root.iter(f"{SVG}rect"):
        left, top, wide, high = (float(box.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert -0.1 <= left <= left + wide <= 720.1
        assert -0.1 <= top <= top + high <= height
    for dot in root.iter(f"{SVG}circle"):
        assert 0 <= float(dot.get("cx", -1)) <= 720
        assert 0 <= float(dot.get("cy", -1)) <= height


@pytest.mark.parametrize("chart", CHARTS)
def test_a_picture_has_no_script_style_or_address(store: admira.Store, chart: str) -> None:
    svg = static_svg(CHARTS[chart](store)).replace("http://www.w3.org/2000/svg", "")
    assert not any(word in svg for word in ("http", "<script", "<style", "nan", "None"))


def test_a_gap_parts_a_line() -> None:
    root = drawn(line(x=[*range(8)], y=[1, 2, None, 2, None, 2, 3, float("nan")]))
    assert [len(run.get("points", "").split()) for run in root.iter(f"{SVG}polyline")] == [2, 2]


def test_title_axes_and_names_are_written() -> None:
    figure = kpi_figure(
        [{"type": "scatter", "x": [0, 10], "y": [0, 2], "name": name} for name in ("one", "two")],
        title="Cost & return",
        notes=["a note"],
        xaxis={"title": {"text": "Cost (EUR)"}, "tickprefix": "€", "tickformat": ",.0f"},
        yaxis={"title": {"text": "ROAS (×)"}, "ticksuffix": "×", "tickformat": ",.2~f"},
    )
    expected = {"Cost & return", "a note", "Cost (EUR)", "ROAS (×)", "one", "two", "€10", "0.5×"}
    assert expected <= set(texts(figure))


def test_ticks_follow_the_language() -> None:
    figure = line(x=[1, 2], y=[0, 2000.5]).update_yaxes(tickformat=",.0f", ticksuffix="\xa0€")
    admira.set_language("es")
    try:
        assert "1.500\xa0€" in texts(figure)
    finally:
        admira.set_language(None)


def test_shares_are_written_as_percent() -> None:
    assert "0.5%" in texts(line(x=[1, 2], y=[0, 0.02]).update_yaxes(tickformat=".3~%"))


def test_stacked_bars_stand_one_after_the_other() -> None:
    pieces = [
        {"type": "bar", "orientation": "h", "y": ["a"], "x": [share]} for share in (0.25, 0.75)
    ]
    root = drawn(kpi_figure(pieces, title="Stack", barmode="stack", xaxis={"range": [0, 1]}))
    first, second = root.iter(f"{SVG}rect")
    end = float(first.get("x", 0)) + float(first.get("width", 0))
    assert end == pytest.approx(float(second.get("x", 0)), abs=0.2)
    assert float(second.get("width", 0)) == pytest.approx(3 * float(first.get("width", 0)), abs=1)


def test_bars_below_zero_hang_from_it_and_say_their_figure_on_their_own_side() -> None:
    bars = {"type": "bar", "orientation": "h", "y": ["a", "b"], "x": [-100, -1]}
    root = drawn(kpi_figure([{**bars, "text": ["-100", "-1"]}], title="Below"))
    long, short = root.iter(f"{SVG}rect")
    left = float(short.get("x", 0))
    zero = left + float(short.get("width", 0))
    assert float(long.get("x", 0)) + float(long.get("width", 0)) == pytest.approx(zero, abs=0.2)
    (beside,) = [text for text in root.iter(f"{SVG}text") if text.text == "-1"]
    assert float(beside.get("x", 0)) < left
    assert beside.get("text-anchor") == "end"
    far = drawn(kpi_figure([{**bars, "x": [-100, -60]}], title="Far below"))
    longer, shorter = (float(bar.get("width", 0)) for bar in far.iter(f"{SVG}rect"))
    assert longer / shorter == pytest.approx(100 / 60, abs=0.01)


def test_text_is_escaped_and_plotlys_own_html_is_taken_out() -> None:
    figure = line(x=[1, 2], y=[1, 2], name="a &lt;b&gt; &amp; c").update_layout(
        title_text="<b>Bold</b> &lt;script&gt;", showlegend=True
    )
    assert {"Bold <script>", "a <b> & c"} <= set(texts(figure))


def test_a_figure_of_ones_own_is_drawn_too() -> None:
    days = pd.date_range("2025-01-01", periods=3)
    figure = go.Figure([go.Scatter(x=days, y=pd.Series([1, 2, 3]), mode="lines+markers")])
    root = drawn(figure)
    assert len([*root.iter(f"{SVG}circle")]) == 3
    assert "Jan 2, 2025" in texts(figure)


def test_what_cannot_be_drawn_gives_no_picture_rather_than_a_false_one() -> None:
    figure = KpiFigure(go.Pie(values=[1, 2]))
    assert not is_drawable(figure)
    assert "image/svg+xml" not in figure._repr_mimebundle_()


def test_a_missing_cell_of_a_map_is_blank() -> None:
    cells = {"type": "heatmap", "x": ["a", "b"], "y": ["c"], "z": [[1, None]]}
    root = drawn(
        kpi_figure([{**cells, "colorscale": [[0, "#ffffff"], [1, "#000000"]]}], title="Map")
    )
    assert len([*root.iter(f"{SVG}rect")]) == 1
