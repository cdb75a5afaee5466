"""The contract as a document: complete, valid by the standard, and compared with what was."""

import copy
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import admira
from admira import OptionError
from admira.schemas import ADS, CRM
from admira.schemas.versions import remedy_for

RECORDED = {
    version: Path(__file__).with_name(f"contract-{version}.json") for version in ("1.0", "1.1")
}


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(admira.contract())
    return found


def test_each_table_says_all_that_the_contract_is(document: dict[str, Any]) -> None:
    assert document["schema_version"] == admira.SCHEMA_VERSION
    assert list(document["tables"]) == ["ads", "crm", "campaigns", "facts", "metrics"]
    for table in (ADS, CRM):
        said = document["tables"][table.name]
        assert (said["grain"], said["key"]) == (table.grain, list(table.key))
        assert said["partitions"] == list(table.partitions)
        assert said["required"] == table.required
        assert sorted(said["required"] + said["optional"]) == sorted(table.names)
        assert [(name, each["type"], each["unit"]) for name, each in said["columns"].items()] == [
            (column.name, column.type, column.unit) for column in table.columns
        ]
    assert document["tables"]["crm"]["columns"]["entry_stage"]["one_of"] == ["lead", "opportunity"]
    assert document["tables"]["ads"]["columns"]["cost"]["at_least"] == 0
    assert set(document["types"]) >= {
        column["type"]
        for table in document["tables"].values()
        for column in table["columns"].values()
    }


def test_the_contract_changes_only_with_its_version() -> None:
    """A breaking change needs a new major version, any other a new minor one."""
    recorded = RECORDED[admira.SCHEMA_VERSION].read_text(encoding="utf-8")
    changes = admira.contract_diff(recorded)
    assert not changes, "\n".join(map(str, changes))
    assert recorded == admira.contract()


def test_columns_came_to_it_and_broke_nobody() -> None:
    changes = admira.contract_diff(
        *(path.read_text(encoding="utf-8") for path in RECORDED.values())
    )
    assert {change.what for change in changes} == {"column"}
    assert not any(change.is_breaking for change in changes)
    claims = [name for name in admira.metrics.columns if name not in [*admira.metrics]]
    assert [(change.table, change.column) for change in changes] == [
        *(("ads", name) for name in claims[:2]),
        *(("metrics", name) for name in claims),
    ]


def test_ratios_of_ones_own_are_not_part_of_it() -> None:
    before = admira.contract()
    admira.metrics.add_ratio("revenue_per_click", "revenue", "clicks")
    try:
        assert admira.contract() == before
        assert "revenue_per_click" in admira.metrics.table().names
    finally:
        admira.metrics.remove_ratio("revenue_per_click")


def test_the_yaml_is_valid_by_the_standard(document: dict[str, Any]) -> None:
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())
    assert schema["properties"]["apiVersion"]["default"] == "v3.1.0"
    written = yaml.safe_load(admira.contract("odcs"))
    jsonschema.Draft201909Validator(schema).validate(written)
    broken = copy.deepcopy(written)
    broken["schema"][0]["properties"][0]["logicalType"] = "day"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft201909Validator(schema).validate(broken)
    assert written["version"] == admira.SCHEMA_VERSION
    for table in written["schema"]:
        said = document["tables"][table["name"]]
        assert [each["name"] for each in table["properties"]] == list(said["columns"])
        keys = {each["name"]: each.get("primaryKeyPosition") for each in table["properties"]}
        assert [name for name, _ in sorted(keys.items(), key=lambda k: k[1] or 99)][
            : len(said["key"])
        ] == said["key"]
        assert [e["name"] for e in table["properties"] if e["required"]] == [
            name for name, claims in said["columns"].items() if not claims["nullable"]
        ]


def test_another_format_is_refused() -> None:
    with pytest.raises(OptionError, match="expected one of: json, odcs"):
        admira.contract("yaml")


def test_yaml_without_its_extra_says_which() -> None:
    script = (
        "import sys; sys.modules['yaml'] = None\n"
        "import admira\n"
        "try: admira.contract('odcs')\n"
        "except admira.MissingExtra as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install 'admira[contract]'" in done.stdout


def changed(document: dict[str, Any], place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Give the contract with another value at a place; ``...`` takes away what is there."""
    other = copy.deepcopy(document)
    inner: Any = other["tables"]
    for name in place[:-1]:
        inner = inner[name]
    if value is ...:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return other


NEW = {"type": "text", "unit": "", "meaning": "new", "nullable": True}
COST = ("ads", "columns", "cost")


@pytest.mark.parametrize(
    ("place", "value", "what", "is_breaking"),
    [
        (("ads",), ..., "table", True),
        (("extra",), {"grain": "one", "columns": {}}, "table", False),
        (("ads", "key"), ["date"], "key", True),
        (("ads", "partitions"), ["date"], "partitions", True),
        (("ads", "grain"), "one row per hour", "grain", True),
        (COST, ..., "column", True),
        (("ads", "columns", "new"), NEW, "column", False),
        ((*COST, "type"), "count", "type", True),
        ((*COST, "unit"), "cents", "unit", True),
        ((*COST, "nullable"), True, "nullable", True),
        ((*COST, "meaning"), "better words", "meaning", False),
        ((*COST, "at_least"), 1, "at_least", True),
        ((*COST, "at_least"), -1, "at_least", False),
        ((*COST, "at_least"), ..., "at_least", False),
        ((*COST, "default"), 5, "default", True),
        ((*COST, "not_blank"), True, "not_blank", True),
        (("ads", "columns", "channel", "not_blank"), ..., "not_blank", False),
        (("crm", "columns", "entry_stage", "one_of"), ["lead"], "one_of", True),
        (
            ("crm", "columns", "entry_stage", "one_of"),
            ["lead", "opportunity", "x"],
            "one_of",
            False,
        ),
        (("crm", "columns", "stage", "one_of"), ["lead"], "one_of", True),
    ],
)
def test_each_change_is_judged(
    document: dict[str, Any], place: tuple[str, ...], value: Any, what: str, *, is_breaking: bool
) -> None:
    (change,) = admira.contract_diff(document, changed(document, place, value))
    assert (change.what, change.is_breaking) == (what, is_breaking)
    assert str(change).startswith("breaking: " if is_breaking else "compatible: ")


def test_a_column_that_must_now_be_there_breaks_and_one_that_need_not_does_not(
    document: dict[str, Any],
) -> None:
    required = document["tables"]["ads"]["required"]
    stricter = changed(document, ("ads", "required"), [*required, "currency"])
    (change,) = admira.contract_diff(document, stricter)
    assert (change.column, change.what, change.is_breaking) == ("currency", "required", True)
    (change,) = admira.contract_diff(stricter, document)
    assert not change.is_breaking
    new = changed(stricter, ("ads", "columns", "new"), NEW)
    new["tables"]["ads"]["required"].append("new")
    assert {c.column: c.is_breaking for c in admira.contract_diff(document, new)} == {
        "currency": True,
        "new": True,
    }


def test_text_and_decoded_contracts_compare_alike(document: dict[str, Any]) -> None:
    assert admira.contract_diff(admira.contract(), document) == []
    assert admira.contract_diff(document) == []


@pytest.mark.parametrize("given", ["", "[]", "{}", "apiVersion: v3.1.0", {"tables": {"ads": {}}}])
def test_what_is_no_contract_is_refused(given: Any) -> None:
    with pytest.raises(OptionError, match=r"before='something else'.*a contract in JSON"):
        admira.contract_diff(given)


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        ("1.0", None),
        ("1.12", None),
        ("2.0", "Install a newer admira."),
        ("10.0", "Install a newer admira."),
        ("0.9", "Install the admira that wrote it, or write a new store."),
        ("1", "Restore"),
        (1.0, "Restore"),
        (None, "Restore"),
        ("1.0\n", "Restore"),
    ],
)
def test_minor_versions_are_read_and_major_ones_are_not(version: Any, remedy: str | None) -> None:
    found = remedy_for(version)
    assert found is None if remedy is None else (found or "").startswith(remedy)
