"""The command line as a person meets it: real processes, their output and exit codes."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import admira
from admira.datasets import worked_example, write


def run(
    *arguments: str, cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "admira", *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    write(tmp_path, worked_example())
    done = run("ingest", "--store", "shop", "--ads", "ads.json", "--crm", "crm.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_the_demo_reconciles_and_a_second_run_rewrites_nothing(tmp_path: Path) -> None:
    first = run("demo", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "840 partitions rewritten" in first.stdout
    assert re.search(r"google_ads\s+26,793\s+€60,994.06", first.stdout)
    assert "Paid" in first.stdout
    assert "All (blended)" in first.stdout
    assert "False" not in first.stdout
    second = run("demo", cwd=tmp_path)
    assert "\n0 partitions rewritten" in second.stdout


def test_metrics_as_csv_are_the_librarys_numbers(shop: Path) -> None:
    done = run("metrics", "--store", "shop", "--format", "csv", cwd=shop)
    rows = {row["channel"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert float(rows["google_ads"]["roas"]) == pytest.approx(5000 / 650.75)
    assert rows["(untagged)"]["roas"] == ""


def test_metrics_as_json_are_records_with_days_as_text(shop: Path) -> None:
    done = run(
        *("metrics", "--store", "shop", "--by", "date,channel", "--format", "json"), cwd=shop
    )
    rows = json.loads(done.stdout)
    assert rows[0]["date"] == "2025-08-01"
    assert {row["roas"] for row in rows if row["channel"] == "(untagged)"} == {None}


def test_metrics_take_days_channels_and_a_store_from_the_environment(shop: Path) -> None:
    done = run(
        *("metrics", "--start", "2025-08-02", "--channel", "Google_Ads", "--format", "csv"),
        cwd=shop,
        environment={"ADMIRA_STORE": "shop"},
    )
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["channel"], row["clicks"]) for row in rows] == [("google_ads", "1000")]


def test_a_table_marks_the_periods_that_are_not_whole(shop: Path) -> None:
    monthly = ("metrics", "--store", "shop", "--by", "date", "--grain", "month")
    done = run(*monthly, "--start", "2025-08-02", cwd=shop)
    assert "Aug 2025*" in done.stdout
    told = " ".join(done.stdout.split())
    assert "* Not whole: Aug 2025 (the days asked for begin on Aug 2, 2025; the rows" in told
    assert "*" not in run("metrics", "--store", "shop", "--by", "date", cwd=shop).stdout


def test_the_table_ends_in_named_totals(shop: Path) -> None:
    done = run("metrics", "--store", "shop", cwd=shop)
    lines = [line.split() for line in done.stdout.splitlines() if line.strip()]
    assert [line[0] for line in lines[-3:]] == ["Paid", "All", "Totals"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("metrics", "--by", "chanel"), "by='chanel' is not understood"),
        (("metrics", "--start", "soon"), "start='soon' is not understood"),
        (("metrics", "--store", "gs://bucket"), "gs:// is not supported"),
        (("ingest", "--ads", "none.json", "--crm", "none.json"), "none.json"),
        (("ingest",), "ADS_API_URL"),
        (("ingest", "--tz", "Mars/Base"), "Mars/Base"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_1(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("admira: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [("metrics", "--nope"), ("fly",), ("metrics", "--format", "x"), ("metrics", "--limit", "-1")],
)
def test_wrong_usage_is_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_version_and_the_help_are_there(tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout.strip() == f"admira {admira.__version__}"
    helped = run("--help", cwd=tmp_path).stdout
    assert all(command in helped for command in ("demo", "ingest", "metrics"))


def test_without_its_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError('no typer', name='typer')\n")
    done = run("demo", cwd=tmp_path, environment={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.strip() == "The command line needs an extra: pip install 'admira[cli]'"
