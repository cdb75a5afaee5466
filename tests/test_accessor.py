"""``frame.admira``: tables, charts, comparisons and sheets of a KPI frame."""

import zipfile
from pathlib import Path
from subprocess import run
from sys import executable

import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

import admira
from admira.errors import OptionError


@pytest.fixture(scope="module")
def kpis() -> pd.DataFrame:
    return admira.demo().metrics(by=["date", "channel"], grain="week", scope="paid")


def test_it_is_there_after_import_and_loads_neither_charts_nor_widgets() -> None:
    code = (
        "import admira, sys, pandas; pandas.DataFrame().admira; "
        "heavy = {'plotly', 'ipywidgets', 'jinja2', 'babel', 'IPython'} & {*sys.modules}; "
        "assert not heavy, heavy"
    )
    done = run([executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_table_of_it(kpis: pd.DataFrame) -> None:
    table = kpis.admira.table(["cost", "roas"], sparkline="roas", bar="cost", top=3)
    assert len(table.frame) == 3
    assert "€" in table._repr_html_()


def test_weeks_are_compared_with_the_week_before(kpis: pd.DataFrame) -> None:
    found = kpis.admira.compare()
    week, before = (
        kpis[kpis["date"] == day].set_index("channel") for day in ("2025-11-10", "2025-11-03")
    )
    shown = found[found["date"] == "2025-11-10"].set_index("channel")
    pd.testing.assert_series_equal(
        shown["cost_previous"].astype(float), before["cost"], check_names=False
    )
    pd.testing.assert_series_equal(shown["cost"].astype(float), week["cost"])
    with pytest.raises(OptionError, match="previous, year"):
        kpis.admira.compare("month")


def test_a_sheet_holds_the_numbers(kpis: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "kpis.xlsx"
    kpis.admira.to_excel(path)
    read = pd.read_excel(path, engine="calamine")
    assert read.columns.tolist() == kpis.columns.tolist()
    assert read["cost"].sum() == pytest.approx(kpis["cost"].sum())
    assert read["roas"].isna().sum() == kpis["roas"].isna().sum()


def test_a_styler_writes_each_metric_in_its_unit(kpis: pd.DataFrame) -> None:
    html = kpis.head(1).admira.style.to_html()
    first = kpis.iloc[0]
    assert f"€{first['cpc']:.2f}" in html
    assert f"{first['ctr']:.1%}" in html


def test_attributes_name_money_and_grain_and_nothing_depends_on_them(kpis: pd.DataFrame) -> None:
    assert kpis.attrs == {
        "currency": "EUR",
        "grain": "week",
        "scope": "paid",
        "covered": {
            "first": "2025-09-03",
            "last": "2025-12-31",
            "first_by": "rows",
            "last_by": "rows",
        },
    }
    bare = kpis.copy()
    bare.attrs.clear()
    assert "€" not in bare.admira.table()._repr_html_()
    pd.testing.assert_frame_equal(bare.admira.compare(), kpis.admira.compare())


def test_a_csv_has_every_digit_or_those_of_its_unit(kpis: pd.DataFrame, tmp_path: Path) -> None:
    kpis.admira.to_csv(tmp_path / "kpis.csv")
    read = pd.read_csv(tmp_path / "kpis.csv")
    assert read["cpc"].tolist() == pytest.approx(kpis["cpc"].tolist(), rel=1e-15)
    assert read["date"].iloc[0] == f"{kpis['date'].iloc[0]:%Y-%m-%d}"
    assert read["roas"].isna().sum() == kpis["roas"].isna().sum()
    small = kpis[["channel", "clicks", "cost", "ctr", "leads"]].head(1)
    first = small.iloc[0]
    shown = small.admira.to_csv(rounded=True, decimal=",", separator=";").splitlines()[1]
    channel, clicks, *figures = shown.split(";")
    assert (channel, int(clicks)) == (first["channel"], first["clicks"])
    assert [float(figure.replace(",", ".")) for figure in figures] == [
        round(first["cost"], 2),
        round(first["ctr"], 4),
        round(first["leads"], 4),
    ]
    assert "." not in shown
    with pytest.raises(OptionError, match="another sign"):
        kpis.admira.to_csv(decimal=",")


def test_a_parquet_file_says_units_and_the_contracts_version(
    kpis: pd.DataFrame, tmp_path: Path
) -> None:
    kpis.admira.to_parquet(tmp_path / "kpis.parquet")
    schema = pyarrow.parquet.read_schema(tmp_path / "kpis.parquet")
    assert schema.metadata == {
        b"schema_version": admira.SCHEMA_VERSION.encode(),
        b"currency": b"EUR",
        b"grain": b"week",
        b"scope": b"paid",
    }
    assert schema.field("date").type == pyarrow.date32()
    assert schema.field("cpc").metadata == {b"unit": b"currency"}
    read = pd.read_parquet(tmp_path / "kpis.parquet")
    pd.testing.assert_series_equal(read["roas"], kpis["roas"].astype("float64"))


def test_in_a_sheet_a_name_is_never_a_formula(tmp_path: Path) -> None:
    names = ["=1+1", "https://example.com", "@x"]
    kpis = pd.DataFrame({"campaign_name": names, "cost": [1.0, 2.0, 3.0]})
    kpis.admira.to_excel(tmp_path / "kpis.xlsx")
    read = pd.read_excel(tmp_path / "kpis.xlsx", engine="calamine")
    assert read["campaign_name"].tolist() == names
    with zipfile.ZipFile(tmp_path / "kpis.xlsx") as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml")
        said = parts.read("docProps/custom.xml").decode()
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    assert "schema_version" in said
