"""The Monday questions at a shell: the library's own numbers, as a table or as JSON."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import admira
from admira.cli_output import records
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
    budgets.write_text("campaign_name,budget\nProspecting | UK,900\n", encoding="utf-8")
    named, _ = told(*words, "--by", "campaign_name")
    assert (named["campaign_name"], named["budget"]) == ("Prospecting | UK", 900)


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


def test_a_checks_counts_are_whole_and_its_money_has_cents(shop: Path, tmp_path: Path) -> None:
    stated = tmp_path / "stated.csv"
    stated.write_text("channel,cost,clicks\nmeta_ads,1200.5,1234\n", encoding="utf-8")
    words = ("check", str(stated), "--store", str(shop), "--period", "2025-12")
    lines = asked(*words, exit_code=1).splitlines()
    (cost,) = [line for line in lines if "meta_ads" in line and " cost " in line]
    (clicks,) = [line for line in lines if "meta_ads" in line and " clicks " in line]
    assert "1,200.50" in cost
    assert " 1,234 " in clicks
    assert "." not in clicks


def test_a_period_by_its_name_is_the_same_days(shop: Path) -> None:
    words, days = ("movers", "--store", str(shop)), ("--start", "2025-11-01", "--end", "2025-11-30")
    assert told(*words, "--period", "2025-11") == told(*words, *days)
    assert told(*words, "--period", "last month", "--today", "2025-12-09") == told(*words, *days)


def test_cohorts_are_the_librarys_at_the_ages_asked_for(shop: Path) -> None:
    words = ("cohorts", "--store", str(shop), "--period", "2025-Q4", "--age", "30", "--age", "60")
    rows = told(*words, "--by", "channel", "--metric", "cpa")
    found = admira.open_store(shop).cohorts(
        metric="cpa", ages=[30, 60], by="channel", period="2025-Q4"
    )
    assert rows == records(found)
    assert {row["age_days"] for row in rows} == {30, 60}
    assert "×" in asked(*words)
    ages = {row["age_days"] for row in told("cohorts", "--store", str(shop))}
    assert ages == {30, 60, 90, 180}


def test_lags_are_the_librarys(shop: Path) -> None:
    words = ("lags", "--store", str(shop), "--by", "channel,utm_medium")
    found = admira.open_store(shop).lags(by=["channel", "utm_medium"])
    assert told(*words) == records(found)
    assert "median_days" in asked(*words)


def test_a_forecast_says_how_often_such_intervals_held(shop: Path) -> None:
    words = ("forecast", "--store", str(shop), "--metric", "clicks", "--horizon", "7")
    said, found = told(*words), admira.open_store(shop).forecast("clicks", horizon=7)
    assert said["days"] == records(found)
    assert said["backtest_coverage"] == found.attrs["backtest_coverage"]
    last = asked(*words).splitlines()[-1]
    assert f"{found.attrs['backtest_coverage']:.1%}, 90.0% asked for" in last


def test_saturation_gives_a_number_or_the_reason_for_none(shop: Path) -> None:
    words = ("saturation", "google_ads", "--store", str(shop))
    said, found = told(*words), admira.open_store(shop).saturation("google_ads")
    assert (said["reason"], said["marginal"]) == (found.reason, found.marginal)
    assert said["weeks"] == records(found.frame)
    short = asked(*words, "--start", "2025-11-01")
    assert short == "google_ads: not enough variation: only 8 weeks with cost, 16 are needed\n"


def test_a_diff_says_what_is_no_longer_as_it_was(tmp_path: Path) -> None:
    store = admira.open_store(tmp_path / "own")
    row = {"date": "2025-08-01", "campaign_id": "C-1", "channel": "google_ads", "clicks": 1200,
           "impressions": 9, "cost": 3.5, "utm_campaign": "sale"}  # fmt: skip
    for day, cost in ((1, 3.5), (2, 1204.5)):
        now = datetime(2025, 9, day, tzinfo=UTC)
        admira.ingest(store, ads=[{**row, "cost": cost}], crm=[], run_id=f"r{day}", now=now)
    place = ("--store", str(tmp_path / "own"))
    for as_of in ("r1", "2025-09-01"):
        (changed,) = told("diff", as_of, *place, "--by", "campaign_id")
        assert (changed["campaign_id"], changed["difference"]) == ("C-1", 1201.0)
    assert "1,204.50" in asked("diff", "r1", *place)
    assert asked("diff", "r2", *place) == "Nothing found.\n"
    first = asked("diff", "2025-08-31", *place).splitlines()
    assert any(" clicks " in line and " 1,200 " in line for line in first)


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
