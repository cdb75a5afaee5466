"""The report: one file with a period's figures and their ground, that needs nothing else."""

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import admira
from admira.cli_report import reporting
from admira.datasets import worked_example
from admira.errors import DataError, OptionError, ReconciliationError
from admira.present.formats import metric_text
from admira.reporting import Report, report
from admira.reporting.figures import Figures
from tests.stores.rows import ads, crm, reject

NOW = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)
NOVEMBER = {"start": "2025-11-01", "end": "2025-11-30"}
SECTIONS = [
    "summary",
    "channels",
    "trends",
    "funnel",
    "campaigns",
    "movers",
    "unusual",
    "attribution",
    "tags",
    "data",
    "reconciliation",
    "glossary",
]
HOSTILE = "<script>alert('x')</script><img src=https://evil.example/a.png>"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    admira.set_language("en")
    yield
    admira.set_language(None)


@pytest.fixture(scope="module")
def demo() -> admira.Store:
    return admira.demo()


@pytest.fixture(scope="module")
def november(demo: admira.Store, tmp_path_factory: pytest.TempPathFactory) -> Report:
    admira.set_language("en")
    path = tmp_path_factory.mktemp("reports") / "november.html"
    return report(demo, **NOVEMBER, path=path, now=NOW)


def read(made: Report) -> str:
    return made.path.read_text(encoding="utf-8")


def section(made: Report, name: str) -> str:
    found = re.search(rf'<section id="{name}">(.*?)</section>', read(made), re.DOTALL)
    assert found, name
    return found[1]


def texts(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html))).strip()


def rows(html: str) -> dict[str, list[str]]:
    """Give the texts of each row's cells under its first one; later tables win."""
    found = {}
    for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL):
        first, *cells = [texts(cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)]
        found[first] = cells
    return found


def pictures(html: str) -> list[str]:
    encoded = re.findall(r'<figure><img src="data:image/svg\+xml;base64,([^"]*)"', html)
    return [base64.b64decode(each).decode() for each in encoded]


def small_store(ad: dict[str, object], *records: dict[str, object]) -> admira.Store:
    store = admira.open_store("memory:")
    store.upsert(ads({"currency": "EUR", **ad}))
    if records:
        store.upsert(crm(*records))
    return store


def test_every_section_is_there_in_order(november: Report) -> None:
    assert re.findall(r'<section id="(\w+)">', read(november)) == SECTIONS
    text = texts(read(november))
    assert "Advertising report Nov 1 – 30, 2025 Compared with Oct 1 – 31, 2025" in text
    assert f"Made Jan 2, 2026 09:30 UTC with admira {admira.__version__}" in text
    assert "weights allocate, they prove nothing" in text


def test_the_figures_are_those_of_the_store(demo: admira.Store, november: Report) -> None:
    found = rows(section(november, "channels"))
    kpis = demo.metrics(by="channel", **NOVEMBER).set_index("channel")
    paid = demo.metrics(by=[], scope="paid", **NOVEMBER).iloc[0]
    wanted = {
        **dict(kpis.iterrows()),
        "Paid": paid,
        "All (blended)": demo.metrics([], **NOVEMBER).iloc[0],
    }
    assert {*found} == {*wanted, "Channel"}
    for name, row in wanted.items():
        shown = [cell.split(" ")[0] for cell in found[name]]
        names = ("cost", "leads", "opportunities", "closed_won", "revenue", "cpc", "cpa")
        assert shown[:7] == [
            metric_text(metric, row[metric], "EUR", is_whole=True) for metric in names
        ]
    assert november.summary.kpis["cost"].iloc[0] == pytest.approx(paid["cost"])


def test_the_comparison_is_that_of_the_store(demo: admira.Store, november: Report) -> None:
    period, before = november.summary.period, november.summary.before
    figures = Figures(demo, period, before, "EUR")
    compared = demo.compare("channel", **NOVEMBER)
    pd.testing.assert_frame_equal(figures.compared(["channel"]), compared)


def test_changes_that_mislead_are_left_out_of_the_table(
    demo: admira.Store, november: Report, tmp_path: Path
) -> None:
    cells = rows(section(november, "channels"))["google_ads"]
    assert cells[0] == "€14,741 +6.5%"  # cost
    assert all("%" not in cells[place] for place in (2, 3, 4, 9))  # what is still to come
    ripe = {"start": "2025-09-20", "end": "2025-09-24"}
    old = report(demo, **ripe, path=tmp_path / "old.html")
    assert old.summary.frame["basis"].iloc[0] == "as is"
    assert "%" in rows(section(old, "channels"))["google_ads"][0]


def test_the_charts_are_pictures(november: Report) -> None:
    drawn = {name: len(pictures(section(november, name))) for name in SECTIONS}
    assert {name: count for name, count in drawn.items() if count} == {
        "trends": 4,
        "funnel": 1,
        "campaigns": 1,
        "movers": 1,
        "attribution": 1,
    }
    both, cpa, roas, leads = pictures(section(november, "trends"))
    assert "Cost and revenue" in both
    assert ">Revenue<" in both
    assert ">Cost<" in both
    assert "Cost per lead by channel, weekly" in cpa
    assert "ROAS by channel, weekly" in roas
    assert "Leads by channel, daily" in leads


def test_campaigns_are_named_and_their_totals_are_those_of_all(
    demo: admira.Store, november: Report
) -> None:
    found = rows(section(november, "campaigns"))
    kpis = demo.metrics(["channel", "campaign_id"], scope="paid", **NOVEMBER)
    cost = metric_text("cost", kpis["cost"].sum(), "EUR")
    assert found["Paid"][1] == cost
    dearest = metric_text("cost", kpis["cost"].max(), "EUR")
    assert dearest in texts(section(november, "campaigns"))


def test_the_movers_are_the_campaigns_whose_cost_changed_most(
    demo: admira.Store, november: Report
) -> None:
    compared = demo.compare(["channel", "campaign_id"], scope="paid", **NOVEMBER)
    most = (compared["cost"] - compared["cost_previous"]).abs().idxmax()
    moved = section(november, "movers")
    first = re.findall(r"<tr.*?</tr>", moved, re.DOTALL)[1]
    assert metric_text("cost", compared.loc[most, "cost"], "EUR") in texts(first)
    assert "Paid" not in rows(moved)


def test_what_moved_cost_per_lead_is_what_the_store_says(
    demo: admira.Store, november: Report
) -> None:
    found = demo.movers("cpa", by=["channel", "campaign_id"], **NOVEMBER, top=8)
    moved = section(november, "movers")
    first, total = found.iloc[0], found.attrs["total_now"]
    assert f"All: {metric_text('cpa', total, 'EUR')}" in texts(moved)
    size = metric_text("cpa", abs(first["contribution"]), "EUR")
    sign = "+" if first["contribution"] > 0 else "−"
    shown = [texts(row) for row in re.findall(r"<tr.*?</tr>", moved, re.DOTALL)]
    (row,) = [row for row in shown if f"{sign}{size}" in row]
    assert row.startswith(f"{first['channel']} {first['campaign_name']}")
    assert any("What moved Cost per lead" in drawn for drawn in pictures(moved))


def test_what_moved_is_told_against_the_year_before_where_that_is_asked(tmp_path: Path) -> None:
    store = admira.open_store("memory:")
    days = {"2024-08-10": 20.0, "2025-08-10": 30.0}
    store.upsert(
        ads(*({"date": day, "cost": cost, "currency": "EUR"} for day, cost in days.items()))
    )
    store.upsert(crm(*({"date": day, "opportunity_id": day} for day in days)))
    august = {"start": "2025-08-01", "end": "2025-08-31"}
    made = report(store, **august, against="year", path=tmp_path / "r.html")
    assert "All: €30.00, before: €20.00." in texts(section(made, "movers"))


def test_without_a_cost_per_lead_to_compare_nothing_more_is_said(tmp_path: Path) -> None:
    made = report(small_store({"cost": 5.0}), path=tmp_path / "r.html")
    assert "What moved cost per lead" not in section(made, "movers")


def test_pacing_is_there_where_budgets_are_given(demo: admira.Store, tmp_path: Path) -> None:
    budgets = [
        {"channel": "google_ads", "month": "2025-12", "budget": 11000},
        {"channel": "reddit_ads", "month": "2025-12", "budget": 900},
    ]
    made = report(
        demo, start="2025-12-01", end="2025-12-15", budgets=budgets, path=tmp_path / "r.html"
    )
    names = re.findall(r'<section id="(\w+)">', read(made))
    assert names == [*SECTIONS[:6], "pacing", *SECTIONS[6:]]
    paced = demo.pacing(budgets, month="2025-12", today="2025-12-15").set_index("channel")
    found = rows(section(made, "pacing"))
    for channel in ("google_ads", "reddit_ads"):
        row = paced.loc[channel]
        assert found[channel][1:3] == [
            metric_text("cost", row[name], "EUR") for name in ("budget", "spent")
        ]
        assert found[channel][7] == row["status"]
    assert "Spent up to Dec 15, 2025" in texts(section(made, "pacing"))
    assert len(pictures(section(made, "pacing"))) == 1


def test_pacing_shows_the_budgets_of_the_money_that_is_reported_on(tmp_path: Path) -> None:
    store = admira.open_store("memory:")
    day = {"date": "2025-08-01", "cost": 9.0}
    store.upsert(
        ads(
            {**day, "currency": "EUR"},
            {**day, "campaign_id": "C-2", "channel": "meta_ads", "currency": "USD"},
        )
    )
    budgets = [{"channel": name, "budget": 90} for name in ("google_ads", "meta_ads")]
    made = report(store, currency="USD", budgets=budgets, path=tmp_path / "r.html")
    found = rows(section(made, "pacing"))
    assert [*found] == ["Channel", "meta_ads"]
    assert found["meta_ads"][1] == "$90.00"


def test_budgets_that_cannot_be_used_are_refused_and_nothing_is_written(
    demo: admira.Store, tmp_path: Path
) -> None:
    for budgets, why in (
        ([{"channel": "google_ads", "budget": "much"}], "budgets row 1"),
        ([{"channel": "google_ads", "month": "2020-01", "budget": 1}], "No budget is of 2025-11"),
    ):
        with pytest.raises(DataError, match=why):
            report(demo, **NOVEMBER, budgets=budgets, path=tmp_path / "r.html")
    assert not [*tmp_path.iterdir()]


def test_days_that_stand_out_are_those_of_the_period(demo: admira.Store, november: Report) -> None:
    found = demo.anomalies("cost", by="channel", **NOVEMBER)
    shown = rows(section(november, "unusual"))
    dearest = found.loc[found["z"].abs().idxmax()]
    assert len(found) > 12
    assert "more days" in texts(section(november, "unusual"))
    assert metric_text("cost", dearest["value"], "EUR") in texts(section(november, "unusual"))
    assert all("Nov" in date for date in shown if "," in date)


def test_tags_that_lead_nowhere_are_named_with_what_mends_them(
    demo: admira.Store, november: Report
) -> None:
    audit = demo.tag_audit(**NOVEMBER, top=10)
    assert audit.unmatched["utm_campaign"].iloc[0] in section(november, "tags")


def test_a_store_in_which_all_is_well_says_so(tmp_path: Path) -> None:
    store = admira.open_store("memory:")
    store.upsert(ads({}))
    store.upsert(crm({}))
    written = report(store, path=tmp_path / "r.html")
    assert "Every tag leads to a campaign" in section(written, "tags")
    assert "far from that of the same weekdays" in section(written, "unusual")


def test_campaigns_of_one_name_are_told_apart(tmp_path: Path) -> None:
    store = admira.open_store("memory:")
    same = {"campaign_name": "Brand"}
    store.upsert(
        ads(
            {"campaign_id": "C-1", **same},
            {"campaign_id": "C-2", **same},
            {"campaign_id": "C-3", "channel": "meta_ads", **same},
            {"campaign_id": "C-4", "channel": "meta_ads", "campaign_name": ""},
        )
    )
    text = texts(section(report(store, path=tmp_path / "r.html"), "campaigns"))
    for shown in ("google_ads Brand · C-1 ", "google_ads Brand · C-2 ", "meta_ads Brand €", "C-4"):
        assert shown.replace("€", "") in text


def test_attribution_is_told_in_words(demo: admira.Store, november: Report) -> None:
    found = section(november, "attribution")
    facts = demo.facts(**NOVEMBER)
    shares = facts[facts["match"] != "ad"].groupby("match")[["leads", "revenue"]].sum()
    known = shares.loc[["id", "exact", "alias", "campaign"]].sum() / shares.sum()
    leads, revenue = (metric_text("win_rate", known[name]) for name in ("leads", "revenue"))
    said = f"{leads} of leads and {revenue} of revenue are attributed to a campaign."
    assert said in texts(found)
    untagged = metric_text("leads", shares.loc["untagged", "leads"])
    assert rows(found)["Untagged"][1] == untagged


def test_rows_refused_stages_and_runs_are_told(demo: admira.Store, november: Report) -> None:
    text = texts(section(november, "data"))
    assert f"{len(demo.quarantine())} rows are in quarantine" in text
    assert "ads cost: not a number 1" in text
    stages = demo.crm(**NOVEMBER)["stage"]
    assert f"count as leads: nurturing ({(stages == 'nurturing').sum()})" in text
    runs = demo.runs().set_index("kind")
    assert f"{runs.loc['crm', 'fetched']:,} {runs.loc['crm', 'accepted']:,}" in text


def test_rows_that_were_taken_in_after_all_are_not_in_quarantine(tmp_path: Path) -> None:
    store = small_store({})
    reject(store.backend, {**worked_example().ads[0], "date": "soon"})
    store.replay(fix=lambda raw: raw.assign(date="2025-08-01"))
    made = report(store, path=tmp_path / "r.html")
    assert "No row is in quarantine." in texts(section(made, "data"))


def test_the_totals_reconcile(demo: admira.Store, november: Report) -> None:
    found = rows(section(november, "reconciliation"))
    totals = demo.reconcile().set_index("quantity")
    assert len(found) == len(totals) + 1
    cost = f"{totals.loc['cost', 'total_in']:,.2f}"
    assert found["Cost"] == [cost, cost, "0.00", "✓"]


def test_totals_that_differ_are_red_and_do_not_stop_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = small_store({"cost": 5.0}, {"stage": "lead"})

    def differing(_store: admira.Store) -> pd.DataFrame:
        raise ReconciliationError({"cost": (5.0, 7.5)})

    monkeypatch.setattr(admira.Store, "reconcile", differing)
    made = report(store, path=tmp_path / "r.html")
    found = section(made, "reconciliation")
    assert 'role="alert" style="color:#dc2626' in found
    assert "cost: 5.000000 in, 7.500000 out" in texts(found)
    assert rows(found)["Cost"] == ["5.00", "7.50", "2.50", "✗"]
    assert 'id="glossary"' in read(made)


def test_every_metric_is_in_the_glossary(november: Report) -> None:
    found = rows(section(november, "glossary"))
    for metric in (*admira.metrics.measures, *admira.metrics.ratios):
        assert found[metric.label] == [metric.formula, metric.unit, metric.meaning]


def test_the_file_names_no_other_place_and_runs_nothing(november: Report) -> None:
    html = read(november)
    assert not re.search(r"(?i)(https?:)?//[a-z0-9]", html)
    assert not re.search(
        r"(?i)<script|javascript:|\son\w+\s*=|@import|url\(|<link (?!rel=.icon)", html
    )
    sources = re.findall(r"""(?:src|href)=["']?([^"'>\s]*)""", html)
    assert all(source.startswith("data:") for source in sources)
    assert "default-src 'none'" in html


def test_hostile_names_are_only_text(tmp_path: Path) -> None:
    store = small_store(
        {"campaign_name": HOSTILE, "channel": HOSTILE, "utm_campaign": HOSTILE},
        {"stage": HOSTILE, "utm_campaign": HOSTILE},
    )
    reject(store.backend, {"reasons": HOSTILE, "date": "soon"})
    html = read(report(store, path=tmp_path / "r.html", title=HOSTILE))
    assert "<script" not in html
    assert "<img src=https" not in html
    assert "&lt;script&gt;alert(" in html
    for drawn in pictures(html):
        assert "<script" not in drawn


def test_it_speaks_spanish(demo: admira.Store, tmp_path: Path) -> None:
    admira.set_language("es")
    html = read(report(demo, **NOVEMBER, path=tmp_path / "r.html", now=NOW))
    assert '<html lang="es">' in html
    assert "1–30 nov 2025" in html
    assert "14.741\xa0€" in html
    assert "(sin etiquetas)" in html


def test_a_period_without_rows_says_so(demo: admira.Store, tmp_path: Path) -> None:
    made = report(demo, start="2020-01-01", end="2020-01-31", path=tmp_path / "r.html")
    assert "there is nothing to attribute" in texts(section(made, "attribution"))
    for name in ("channels", "campaigns", "movers"):
        assert "There are none in this period." in texts(section(made, name))
    assert any("nothing to draw" in drawn for drawn in pictures(read(made)))


def test_a_store_without_crm_is_reported_on(tmp_path: Path) -> None:
    made = report(small_store({"cost": 5.0}), path=tmp_path / "r.html")
    assert rows(section(made, "channels"))["Paid"][0].startswith("€5.00")
    assert "there is nothing to attribute" in texts(section(made, "attribution"))
    assert "No ingest is recorded" in texts(section(made, "data"))


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    for days in ({}, NOVEMBER):
        with pytest.raises(DataError, match="no rows to report on yet"):
            report(admira.open_store("memory:"), **days, path=tmp_path / "r.html")
    assert not [*tmp_path.iterdir()]


def test_one_currency_at_a_time(tmp_path: Path) -> None:
    store = admira.open_store("memory:")
    day = {"date": "2025-08-01"}
    store.upsert(
        ads(
            {**day, "cost": 9.0, "currency": "EUR"},
            {**day, "campaign_id": "C-2", "channel": "meta_ads", "cost": 4.0, "currency": "USD"},
        )
    )
    euros = report(store, path=tmp_path / "r.html")
    assert [*rows(section(euros, "channels"))] == ["Channel", "google_ads", "Paid"]
    assert "there is also USD" in texts(section(euros, "summary"))
    dollars = report(store, path=tmp_path / "r.html", currency="USD")
    assert [*rows(section(dollars, "channels"))] == ["Channel", "meta_ads", "Paid"]
    assert "$4.00" in rows(section(dollars, "channels"))["Paid"][0]


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, path = small_store({}), tmp_path / "r.html"
    path.write_text("the old one")

    def failing(_beside: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OptionError, match="No space left on device"):
        report(store, path=path)
    assert path.read_text() == "the old one"
    assert [*tmp_path.iterdir()] == [path]


def test_a_place_that_is_none_is_refused_before_any_work(tmp_path: Path) -> None:
    empty = admira.open_store("memory:")
    with pytest.raises(OptionError, match="a folder that is there"):
        report(empty, path=tmp_path / "no/r.html")
    with pytest.raises(OptionError, match="not a folder"):
        report(empty, path=tmp_path)


def test_two_reports_of_the_same_are_the_same(tmp_path: Path) -> None:
    store = small_store({"cost": 5.0}, {"stage": "closed_won", "amount": 50.0})
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    first = read(report(store, path=tmp_path / "a.html", now=NOW))
    assert first == read(report(store, path=tmp_path / "b.html", now=there))


def test_in_a_notebook_it_links_to_the_file_and_shows_the_cards(november: Report) -> None:
    assert repr(november) == "<Report november.html: Nov 1 – 30, 2025>"
    html = november._repr_html_()
    assert 'href="november.html"' in html
    assert 'data-metric="roas"' in html
    assert str(november.path.parent) not in html
    odd = Report(Path("a & b#1.html"), november.summary)._repr_html_()
    assert 'href="a%20%26%20b%231.html"' in odd


def test_without_plotly_it_says_what_to_install(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['plotly'] = None\n"
        "import admira; from admira.reporting import report\n"
        f"try: report(admira.open_store('memory:'), path={str(tmp_path / 'r.html')!r})\n"
        "except admira.MissingExtra as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == (
        "A report's charts needs an extra: pip install 'admira[notebook]'"
    )


def test_the_command_line_writes_one(tmp_path: Path) -> None:
    example = worked_example()
    admira.ingest(tmp_path / "shop", ads=example.ads, crm=example.crm)
    out, budgets = tmp_path / "agosto.html", tmp_path / "budgets.csv"
    budgets.write_text("channel,month,budget\ngoogle_ads,2025-08,700\n")
    asked = ["--store", tmp_path / "shop", "--start", "2025-08-01", "--end", "2025-08-03"]
    asked += ["--budgets", budgets]
    done = CliRunner().invoke(
        reporting, [*map(str, asked), "--out", str(out), "--language", "es", "--title", "Agosto"]
    )
    assert done.exit_code == 0, done.output
    assert str(out) in done.output
    html = out.read_text(encoding="utf-8")
    assert '<html lang="es">' in html
    assert "<h1>Agosto</h1>" in html
    assert "shop" in texts(html)
    assert "Ritmo del gasto" in texts(html)
    assert str(tmp_path) not in html
