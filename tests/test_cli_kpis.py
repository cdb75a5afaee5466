"""KPIs at a shell: the library's own figures, in a table that cuts off none of them."""

from pathlib import Path

import pytest

import admira
from admira.cli_output import records
from admira.datasets import generate, worked_example
from admira.present.tables import SHOWN
from tests.commands import asked, refused, told

NOVEMBER = ("--period", "2025-11", "--compare", "previous")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, demo = tmp_path_factory.mktemp("kpis") / "shop", generate()
    admira.ingest(folder, ads=demo.ads, crm=demo.crm)
    return folder


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    path = tmp_path / "targets.csv"
    path.write_text("channel,month,cpa\ngoogle_ads,2025-11,70\n", encoding="utf-8")
    return path


def words_of(printed: str, name: str) -> list[list[str]]:
    """Give the words of a row and of the line below it."""
    lines = printed.splitlines()
    place = next(place for place, line in enumerate(lines) if line.split()[:1] == [name])
    return [line.split() for line in lines[place : place + 2]]


def test_a_comparison_stands_below_each_figure_and_each_total(shop: Path) -> None:
    store = admira.open_store(shop)
    now = store.metrics("channel", period="2025-11", compare="previous").set_index("channel")
    paid = store.metrics([], period="2025-11", compare="previous", scope="paid").iloc[0]
    printed = asked("metrics", "--store", str(shop), *NOVEMBER)
    figures, changes = words_of(printed, "google_ads")
    assert figures[2] == f"€{now.loc['google_ads', 'cost']:,.2f}"
    assert changes[1] == f"{now.loc['google_ads', 'cost_change']:+.1%}"
    totals, changes = words_of(printed, "Paid")
    assert totals[2] == f"€{paid['cost']:,.2f}"
    assert changes[1] == f"{paid['cost_change']:+.1%}"


def test_as_json_a_comparison_is_the_stores_own(shop: Path) -> None:
    found = admira.open_store(shop).metrics("channel", period="2025-11", compare="previous")
    assert told("metrics", "--store", str(shop), *NOVEMBER) == records(found)


def test_targets_come_from_a_file(shop: Path, targets: Path) -> None:
    words = ("metrics", "--store", str(shop), "--period", "2025-11", "--versus", str(targets))
    rows = {row["channel"]: row for row in told(*words)}
    google = rows["google_ads"]
    assert google["cpa_target"] == 70
    assert google["cpa_versus"] == pytest.approx(google["cpa"] / 70 - 1)
    assert rows["meta_ads"]["cpa_target"] is None
    _, aims = words_of(asked(*words), "google_ads")
    assert aims == [f"{google['cpa_versus']:+.1%}", "vs", "target"]


def test_what_platforms_claim_is_shown_on_request(tmp_path: Path) -> None:
    example = worked_example()
    ads = [row | {"platform_conversions": 2.0, "platform_value": 50.0} for row in example.ads]
    shop = tmp_path / "shop"
    admira.ingest(shop, ads=ads, crm=example.crm)
    words = ("metrics", "--store", str(shop), "--platform")
    rows = told(*words)
    assert sum(row["platform_conversions"] or 0 for row in rows) == 2 * len(example.ads)
    assert "platform_conversions" not in told(*words[:-1])[0]
    assert "never added to ours" in asked(*words)


def test_today_decides_what_a_period_is(shop: Path) -> None:
    words = ("metrics", "--store", str(shop), "--period", "last month", "--today", "2025-12-15")
    assert told(*words) == records(admira.open_store(shop).metrics("channel", period="2025-11"))
    assert refused("metrics", "--store", str(shop), "--period", "soon")


def test_days_have_all_their_rows_and_both_totals(shop: Path) -> None:
    store = admira.open_store(shop)
    printed = asked("metrics", "--store", str(shop), "--by", "date")
    assert printed.count(", 2025 ") == len(store.metrics("date")) > SHOWN
    for name, scope in (("Paid", "paid"), ("All", "all")):
        leads = store.metrics([], scope=scope)["leads"].item()
        assert f"{leads:,.0f}" in words_of(printed, name)[0]


def test_a_limit_leaves_the_totals_whole_and_says_how_many_are_left(shop: Path) -> None:
    words = ("metrics", "--store", str(shop))
    whole, cut = asked(*words), asked(*words, "--limit", "3")
    assert words_of(cut, "All") == words_of(whole, "All")
    assert "tiktok_ads" not in cut
    assert "… 5 more rows; the totals include them." in cut


@pytest.mark.parametrize("columns", [60, 100, 130, 250])
def test_no_figure_is_cut_off_however_narrow_the_terminal(
    shop: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("metrics", "--store", str(shop), *NOVEMBER)
    whole = [word for word in asked(*words).split() if "─" not in word]
    monkeypatch.setattr("admira.cli_output._PAGE_COLUMNS", columns)
    narrow = asked(*words)
    assert max(map(len, narrow.splitlines())) <= columns
    assert set(whole) <= set(narrow.split())
    assert "…" not in narrow


def test_names_are_printed_as_they_are(tmp_path: Path) -> None:
    example, shop = worked_example(), tmp_path / "shop"
    ads = [row | {"campaign_name": "[red] Sale [/]"} for row in example.ads]
    admira.ingest(shop, ads=ads, crm=example.crm)
    assert " [red] Sale [/] " in asked("metrics", "--store", str(shop), "--by", "campaign_name")


def test_money_in_several_currencies_has_rows_and_no_total(tmp_path: Path) -> None:
    example, shop = worked_example(), tmp_path / "shop"
    dollars = [
        row | {"campaign_id": f"U{row['campaign_id']}", "currency": "USD"} for row in example.ads
    ]
    admira.ingest(shop, ads=[*example.ads, *dollars], crm=example.crm)
    printed = asked("metrics", "--store", str(shop), "--by", "currency")
    assert words_of(printed, "EUR")[0][2] == "€850.75"
    assert words_of(printed, "USD")[0][2] == "$850.75"
    assert "there is no total" in printed
    assert "Paid" not in printed
    assert "put 'currency' into by=" in str(refused("metrics", "--store", str(shop)))
