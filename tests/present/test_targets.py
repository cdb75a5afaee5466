"""How tables and sheets show targets beside figures."""

import io
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import admira
from admira.datasets import worked_example
from admira.present.html import BAD, GOOD, MUTED
from admira.present.tables import metric_table

NAMES = ["cost", "cpa", "roas"]


@pytest.fixture(scope="module")
def kpis() -> pd.DataFrame:
    rows = {
        "channel": ["a_ads", "b_ads"],
        "cost": [100.0, 100.0],
        "cost_target": [80.0, None],
        "cost_versus": [0.25, None],
        "cpa": [50.0, 30.0],
        "cpa_previous": [40.0, 30.0],
        "cpa_change": [0.25, 0.0],
        "cpa_target": [60.0, 20.0],
        "cpa_versus": [50 / 60 - 1, 0.5],
        "roas": [2.0, 3.0],
        "roas_target": [0.0, 2.0],
        "roas_versus": [None, 0.5],
    }
    frame = pd.DataFrame(rows)
    return frame.astype({name: "Float64" for name in frame if name != "channel"})


def column_formats(path: Path) -> list[str]:
    """Give the number format of each column of a workbook."""
    with zipfile.ZipFile(path) as book:
        styles = book.read("xl/styles.xml").decode()
        columns = book.read("xl/worksheets/sheet1.xml").decode()
    named = dict(re.findall(r'numFmtId="(\d+)" formatCode="([^"]+)"', styles))
    named |= {"0": "", "4": "#,##0.00"}  # these are every workbook's
    used = re.findall(r'<xf numFmtId="(\d+)"', styles.partition("<cellXfs")[2])
    found = []
    for first, last, more in re.findall(r'<col min="(\d+)" max="(\d+)"([^>]*)>', columns):
        style = re.search(r'style="(\d+)"', more)
        found += [named[used[int(style[1])]] if style else ""] * (int(last) - int(first) + 1)
    return found


def test_a_figure_says_how_far_it_is_from_its_target(kpis: pd.DataFrame) -> None:
    table = metric_table(kpis, columns=NAMES, currency="EUR")
    assert [head.text for head in table.heads] == ["Channel", "Cost", "Cost per lead", "ROAS"]
    first, second = (row.cells[1:] for row in table.rows)
    assert [cell.aim for cell in first] == ["+25.0% vs target", "−16.7% vs target", "– vs target"]
    assert [cell.aim_colour for cell in first] == [MUTED, GOOD, MUTED]
    assert [cell.aim for cell in second] == ["", "+50.0% vs target", "+50.0% vs target"]
    assert [cell.aim_colour for cell in second[1:]] == [BAD, GOOD]
    assert first[1].note == "+25.0%"
    assert first[1].title == "€50.00, before: €40.00, target: €60.00"
    html = table._repr_html_()
    assert f'<span style="color:{GOOD};font-size:.85em">−16.7% vs target</span>' in html


def test_a_total_has_the_targets_of_ratios_that_all_rows_share() -> None:
    example = worked_example()
    store = admira.open_store("memory:")
    admira.ingest(store, ads=example.ads, crm=example.crm)
    wanted = {"cpa": 100.0, "roas": 0.0, "leads": 2.0}
    kpis = store.metrics("channel", scope="paid", versus=wanted)
    (total,) = [row.cells for row in metric_table(kpis, columns=[*wanted]).rows if row.is_total]
    cpa = store.metrics([], scope="paid")["cpa"].item()
    aims = [f"{cpa / 100 - 1:+.1%} vs target", "– vs target", ""]
    assert [cell.aim for cell in total[1:]] == aims
    other = pd.DataFrame({"channel": ["google_ads", "meta_ads"], "cpa": [100.0, 90.0]})
    for targets in (other, other.head(1)):
        kpis = store.metrics("channel", scope="paid", versus=targets)
        (total,) = [row.cells for row in metric_table(kpis, columns=["cpa"]).rows if row.is_total]
        assert total[1].aim == ""
    without = kpis[kpis["channel"] == "meta_ads"]
    assert metric_table(without, columns=["cpa"]).rows[-1].cells[1].aim == ""


def test_in_spanish_too(kpis: pd.DataFrame) -> None:
    admira.set_language("es")
    try:
        cell = metric_table(kpis, columns=["cpa"], currency="EUR").rows[0].cells[1]
    finally:
        admira.set_language(None)
    assert cell.aim.endswith("vs. objetivo")
    assert "objetivo: 60,00" in cell.title


def test_a_chart_is_of_the_figures(kpis: pd.DataFrame) -> None:
    figure = kpis.admira.plot("cpa", kind="bar")
    assert [*figure.data[0].x] == [50.0, 30.0]


def test_a_sheet_has_money_and_shares_as_such(kpis: pd.DataFrame, tmp_path: Path) -> None:
    kpis.admira.to_excel(tmp_path / "kpis.xlsx")
    formats = dict(zip(kpis, column_formats(tmp_path / "kpis.xlsx"), strict=True))
    assert formats["cpa_target"] == formats["cpa"] == "#,##0.00"
    assert formats["cpa_versus"] == "0.0%"
    text = kpis.admira.to_csv(rounded=True)
    read = pd.read_csv(io.StringIO(text))
    assert read["cpa_versus"].tolist() == [-0.1667, 0.5]


def test_a_table_takes_no_companion_for_a_dimension(kpis: pd.DataFrame) -> None:
    marked = kpis.assign(is_partial=True)
    table = metric_table(marked, columns=["cpa"])
    assert [cell.text for cell in table.heads] == ["Channel", "Cost per lead"]
