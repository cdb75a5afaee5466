"""Groups and aliases at a shell: kept in the store, seen by every question, taken back."""

from pathlib import Path

import pytest

import admira
from admira.datasets import worked_example
from tests.commands import asked, refused, told

NAMES = {"C-1001": "Back to school", "C-1002": "Brand | ES", "C-2001": "School feed"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    example = worked_example()
    named = [{**row, "campaign_name": NAMES[str(row["campaign_id"])]} for row in example.ads]
    admira.ingest(tmp_path / "shop", ads=named, crm=example.crm)
    return tmp_path / "shop"


def test_a_group_is_made_of_rules_listed_and_forgotten(shop: Path) -> None:
    place = ("--store", str(shop))
    rules = ("--rule", "school=^back", "--rule", "brand=brand|marca", "--rule", "school=feed$")
    made = told("groups", "add", "theme", *rules, *place)
    groups = {row["campaign_id"]: row["group"] for row in made["campaigns"]}
    assert groups == {"C-1001": "school", "C-1002": "brand", "C-2001": "school"}
    kpis = told("metrics", "--by", "theme", *place)
    assert {row["theme"]: row["clicks"] for row in kpis if row["clicks"]} == {"school": 3000}
    assert told("groups", "list", "theme", *place) == made
    listed = [(row["name"], row["pattern"]) for row in told("groups", "list", *place)]
    assert listed == [("theme", "^back"), ("theme", "feed$"), ("theme", "brand|marca")]
    assert "brand|marca" in asked("groups", "list", *place)
    assert told("groups", "remove", "theme", *place) == {"removed": "theme"}
    assert asked("groups", "list", *place) == "No groups yet; admira groups add makes one.\n"


def test_a_mapping_file_makes_a_group_and_what_it_leaves_out_is_said(shop: Path) -> None:
    mapping = shop.parent / "groups.csv"
    mapping.write_text("campaign_id,group\nC-1001,autumn\nC-2001,autumn\n", encoding="utf-8")
    said = asked("groups", "add", "season", "--rules", str(mapping), "--store", str(shop))
    assert said.startswith("season: campaigns in autumn: 2, in no group: 1\n")
    assert "Campaigns in no group: 1\n" in said
    assert "Brand | ES" in said
    found = admira.open_store(shop).grouping("season")
    assert found.unmatched["campaign_id"].tolist() == ["C-1002"]


@pytest.mark.parametrize(
    "words", [(), ("--rule", "school"), ("--rule", "school=a", "--rules", "groups.csv")]
)
def test_rules_are_a_file_or_patterns(shop: Path, words: tuple[str, ...]) -> None:
    assert "GROUP=PATTERN" in str(refused("groups", "add", "theme", *words, "--store", str(shop)))
    assert admira.open_store(shop).groups().empty


def test_an_alias_is_added_listed_and_taken_back(shop: Path) -> None:
    place = ("--store", str(shop))
    assert told("aliases", "add", "Back_to_School", "brand", *place) == {"changed": 1}
    assert told("aliases", "add", "back_to_school", "brand", *place) == {"changed": 0}
    asked("aliases", "add", "sprng", "spring", "--source", "fb", "--new-medium", "cpc", *place)
    store = admira.open_store(shop)
    assert store.aliases() == {
        "back_to_school": "brand",
        ("sprng", "fb", ""): ("spring", "", "cpc"),
    }
    rows = told("aliases", "list", *place)
    assert [row["read_campaign"] for row in rows] == ["brand", "spring"]
    assert rows[0]["utm_source"] is None
    asked("aliases", "remove", "sprng", "--source", "fb", *place)
    assert told("aliases", "remove", "back_to_school", *place) == {"removed": "back_to_school"}
    assert asked("aliases", "list", *place) == "No aliases yet; admira aliases add makes one.\n"


def test_an_alias_that_is_not_there_is_named_with_those_that_are(shop: Path) -> None:
    asked("aliases", "add", "sprng", "spring", "--store", str(shop))
    error = refused("aliases", "remove", "autmn", "--store", str(shop))
    assert str(error) == "old='autmn' is not understood; expected one of: sprng."
