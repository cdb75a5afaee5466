"""The Monday questions at a shell: the library's own numbers, as a table or as JSON."""

from pathlib import Path

import pytest

import admira
from admira.datasets import generate
from tests.commands import asked, told


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, demo = tmp_path_factory.mktemp("questions") / "shop", generate()
    admira.ingest(folder, ads=demo.ads, crm=demo.crm)
    return folder


def test_movers_add_up_to_the_change_of_the_total(shop: Path) -> None:
    days = ("--start", "2025-12-01", "--end", "2025-12-31")
    words = ("movers", "--metric", "cost", "--by", "channel", "--store", str(shop), *days)
    rows = told(*words)
    found = admira.open_store(shop).movers("cost", by="channel", start=days[1], end=days[3])
    change = found.attrs["total_now"] - found.attrs["total_previous"]
    assert sum(row["contribution"] for row in rows) == pytest.approx(change)
    assert [row["channel"] for row in rows] == found["channel"].tolist()
    assert [row["channel"] for row in told(*words, "--top", "2")][2:] == ["(others)"]
    assert told(*words, "--against", "year") != rows
    assert "%" in asked(*words)


def test_pacing_reads_budgets_from_a_file(shop: Path, tmp_path: Path) -> None:
    budgets = tmp_path / "budgets.csv"
    budgets.write_text("channel,month,budget\ngoogle_ads,2025-12,11000\n", encoding="utf-8")
    words = ("pacing", "--budgets", str(budgets), "--store", str(shop), "--today", "2025-12-15")
    google, rest = told(*words)
    assert (google["month"], google["status"], rest["channel"]) == (
        "2025-12-01",
        "on track",
        "(no budget)",
    )
    assert "11,000.00" in asked(*words)


def test_anomalies_are_days_and_their_weekday_before(shop: Path) -> None:
    words = ("anomalies", "--store", str(shop))
    rows = told(*words, "--start", "2025-11-01", "--end", "2025-11-30")
    assert {"date", "channel", "value", "expected", "z"} <= set(rows[0])
    assert asked(*words, "--start", "2025-12-31") == "Nothing found.\n"


def test_freshness_is_told_of_a_store_with_many_files(shop: Path) -> None:
    rows = told("freshness", "--store", str(shop))
    assert [row["last_day"] for row in rows] == ["2025-12-31"] * 8
    assert "late" in asked("freshness", "--store", str(shop))


def test_a_check_fails_where_a_platform_says_something_else(shop: Path, tmp_path: Path) -> None:
    days = ("--start", "2025-12-01", "--end", "2025-12-31")
    kpis = admira.open_store(shop).metrics("channel", start=days[1], end=days[3], scope="paid")
    right, wrong = tmp_path / "right.csv", tmp_path / "wrong.csv"
    kpis[["channel", "cost"]].to_csv(right, index=False)
    kpis.assign(cost=kpis["cost"] + 1)[["channel", "cost"]].to_csv(wrong, index=False)
    asked("check", str(right), "--store", str(shop), *days)
    rows = told("check", str(wrong), "--store", str(shop), *days, exit_code=1)
    assert {round(row["difference"], 6) for row in rows} == {-1}


def test_the_tag_audit_lists_what_leads_nowhere_and_says_how_much_more(shop: Path) -> None:
    words = ("tag-audit", "--store", str(shop), "--top", "2")
    audit = told(*words)
    assert [row["utm_campaign"] for row in audit["unmatched"]] == [
        "back_to_school",
        "free_trial_2024",
    ]
    assert len(audit["silent"]) == 2
    lines = asked(*words).splitlines()
    assert "Campaigns with cost but without a tag: 2" in lines
    assert f"Tags that several campaigns share: {len(audit['ambiguous'])}, the first 2" in lines
