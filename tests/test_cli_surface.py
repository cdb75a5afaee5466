"""The whole of the command line: every command has an example that parses, --json, completion."""

import json
import os
import subprocess
import sys
from pathlib import Path
from shlex import split
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import admira
from admira.cli import app
from admira.datasets import worked_example, write
from tests.commands import asked, told

from .readme_tables import README


def leaves(command: Any, name: str = "") -> list[tuple[str, Any]]:
    """Find the commands that do something, by their whole names."""
    if not isinstance(getattr(command, "commands", None), dict):
        return [(name, command)]
    parts = command.commands.items()
    return [leaf for part, inner in parts for leaf in leaves(inner, f"{name} {part}".strip())]


COMMANDS = dict(leaves(get_command(app)))


def parsed(line: str) -> str:
    """Parse a line of shell as the program would, and give the command that it names."""
    words = split(line, comments=True)[1:]
    name = max((each for each in COMMANDS if words[: len(each.split())] == each.split()), key=len)
    COMMANDS[name].make_context(name, words[len(name.split()) :])
    return name


def readme_lines() -> list[str]:
    """Find the commands in README's shell blocks that call the program."""
    blocks = README.read_text(encoding="utf-8").split("```sh\n")[1:]
    written = [line for block in blocks for line in block.partition("```")[0].splitlines()]
    lines = [command.strip() for line in written for command in line.split("&&")]
    return [line for line in lines if line.startswith("admira ")]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_an_example_that_parses(name: str) -> None:
    _, _, example = (COMMANDS[name].help or "").partition("Example: ")
    assert example.startswith(f"admira {name}")
    assert parsed(example) == name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_can_answer_in_json(name: str) -> None:
    assert "--json" in {flag for param in COMMANDS[name].params for flag in param.opts}


def test_readme_lists_every_command_and_each_of_its_lines_parses() -> None:
    assert {parsed(line) for line in readme_lines()} == set(COMMANDS) - {"demo"}


def test_a_line_that_does_not_parse_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option: --stroe"):
        parsed("admira verify --stroe shop")


def test_a_shell_completes_commands() -> None:
    program = Path(sys.executable).with_name("admira")
    asked = {"_ADMIRA_COMPLETE": "complete_bash", "COMP_WORDS": "admira qua", "COMP_CWORD": "1"}
    done = subprocess.run(
        [program], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["quarantine"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    example = worked_example()
    write(tmp_path, example)
    bad = {**example.ads[0], "campaign_id": "C-9", "clicks": "many"}
    admira.ingest(tmp_path / "shop", ads=[*example.ads, bad], crm=example.crm, run_id="first")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "verify",
        "repair",
        "runs",
        "reconcile",
        "metrics --by date",
        "quarantine list",
        "quarantine replay",
        "archive 2025-08-02 --to old",
        "retain 2025-08-02",
        "doctor",
        "export --date 2025-08-02 --out kpis.csv",
        "report --out page.html",
        "ingest --ads ads.json --crm crm.json",
    ],
)
def test_what_is_printed_with_json_is_json(
    shop: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(shop)
    assert told(*command.split(), "--store", "shop")


def test_commands_without_a_store_answer_in_json_too(shop: Path) -> None:
    assert {form["name"] for form in told("presets")} >= {"google_ads_csv"}
    assert told("contract") == json.loads(admira.contract())
    made = told("demo", "--store", str(shop / "demo"))
    assert {row["reconciles"] for row in made["reconciliation"]} == {True}


def test_an_extract_says_in_json_what_it_made_and_where(tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    form = ("google_ads_csv", str(Path(__file__).parent / "presets/fixtures/google_ads_csv.csv"))
    made = told("extract", *form, "--out", str(out))
    rows = len(out.read_text(encoding="utf-8").splitlines()) - 1
    assert made == {"kind": "ads", "rows": rows, "path": str(out), "explained": None}
    assert "cost" in told("extract", *form)["explained"]


def test_reconcile_shows_that_totals_out_are_totals_in(shop: Path) -> None:
    rows = told("reconcile", "--store", str(shop / "shop"))
    totals = {row["quantity"]: row["total_out"] for row in rows}
    assert (totals["records"], totals["revenue"], totals["cost"]) == (6, 5900, 850.75)
    snapshot = told("reconcile", "--store", str(shop / "shop"), "--funnel", "snapshot")
    assert snapshot != rows
    assert "revenue" in asked("reconcile", "--store", str(shop / "shop"))


def test_the_quarantine_is_listed_by_what_is_asked(shop: Path) -> None:
    store = ("--store", str(shop / "shop"))
    (row,) = told("quarantine", "list", *store)
    assert (row["kind"], row["received"], row["first_run"]) == ("ads", '"many"', "first")
    assert json.loads(row["row"])["campaign_id"] == "C-9"
    assert '"many"' in asked("quarantine", "list", *store, "--kind", "ads", "--reason", "clicks")
    for other in (("--kind", "crm"), ("--reason", "cost"), ("--run", "x"), ("--source", "x")):
        assert asked("quarantine", "list", *store, *other) == "No rows in quarantine.\n"
        assert "0 tried" in asked("quarantine", "replay", *store, *other)


def test_a_long_quarantine_is_cut_and_says_so(shop: Path) -> None:
    example = worked_example()
    bad = [{**ad, "clicks": "many"} for ad in example.ads[:2]]
    admira.ingest(shop / "shop", ads=[*example.ads, *bad], crm=example.crm)
    listed = asked("quarantine", "list", "--store", str(shop / "shop"), "--limit", "2")
    assert listed.count('"many"') == 2
    assert "1 more; --limit or --json shows them." in listed


def test_the_contract_says_what_changed_and_fails_where_it_breaks(tmp_path: Path) -> None:
    same, other = tmp_path / "same.json", tmp_path / "other.json"
    same.write_text(asked("contract"), encoding="utf-8")
    assert asked("contract", "--diff", str(same)) == "Nothing changed.\n"
    before = json.loads(admira.contract())
    before["tables"]["ads"]["columns"]["cost"]["unit"] = "cents"
    other.write_text(json.dumps(before), encoding="utf-8")
    assert asked("contract", "--diff", str(other), exit_code=1).startswith("breaking: unit of ads")
    (change,) = told("contract", "--diff", str(other), exit_code=1)
    assert (change["before"], change["after"]) == ("cents", "account currency")
    assert asked("contract", "--format", "odcs").startswith("apiVersion: v3.1.0")


@pytest.mark.parametrize("content", [None, b"not json", b"\xff\xfe"])
def test_a_contract_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "contract.json"
    if content is not None:
        path.write_bytes(content)
    done = CliRunner().invoke(app, ["contract", "--diff", str(path)])
    assert isinstance(done.exception, admira.OptionError)


def test_an_ingest_leaves_a_log_and_counters_behind(shop: Path) -> None:
    log, counters = shop / "admira.log", shop / "admira.prom"
    words = ["ingest", "--store", str(shop / "new"), "--ads", str(shop / "ads.json")]
    watched = ["--log", str(log), "--metrics-file", str(counters)]
    report = told(*words, "--crm", str(shop / "crm.json"), *watched)
    failed = CliRunner().invoke(app, [*words, "--crm", str(shop / "none.json"), *watched])
    assert isinstance(failed.exception, admira.AdmiraError)
    ends = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    ends = [each for each in ends if each["event"] in ("operation.finished", "operation.failed")]
    ends = [each for each in ends if each["endpoint"] == "ingest.run"]
    assert [each["status"] for each in ends] == ["ok", "error"]
    assert ends[0]["request_id"] == report["run_id"]
    text = counters.read_text(encoding="utf-8")
    for status in ("ok", "error"):
        assert f'admira_operations_total{{endpoint="ingest.run",status="{status}"}} 1.0' in text
    assert "admira_store_up 1.0" in text
