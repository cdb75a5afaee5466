"""What every preset must say, and how a new one is added."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from admira.core.normalize import normalize
from admira.errors import SchemaMismatch
from admira.schemas import TABLES
from admira.sources.documents import items_at
from admira.sources.mapper import map_rows
from admira.sources.mapping import Preset
from admira.sources.presets import load_preset

from .forms import NAMES

PACKAGED = [load_preset(name) for name in NAMES]


@pytest.mark.parametrize("preset", PACKAGED, ids=NAMES)
def test_a_preset_maps_what_the_contract_requires(preset: Preset) -> None:
    table = TABLES[preset.kind]
    nullable = {column.name for column in table.columns if column.nullable}
    from_tags = {"utm_campaign", "utm_source", "utm_medium"}

    assert set(table.required) <= set(preset.columns) | nullable | from_tags


@pytest.mark.parametrize("preset", PACKAGED, ids=NAMES)
def test_a_preset_tells_rows_that_are_split_from_rows_that_are_whole(preset: Preset) -> None:
    if preset.kind == "ads":
        assert preset.rows == "segments"
        assert preset.row_key
    else:
        assert preset.rows == "one"
        assert preset.touch in ("first", "last")


@pytest.mark.parametrize("preset", PACKAGED, ids=NAMES)
def test_a_preset_starts_by_saying_what_it_is(preset: Preset) -> None:
    text = files("admira.sources.presets").joinpath(f"{preset.name}.toml").read_text("utf-8")

    comment = text.partition("\n\n")[0]
    assert comment.startswith("# ")
    assert "\n# Names are those of " in comment
    assert "\n# Override " in comment
    assert preset.description


def test_deals_enter_as_opportunities_and_leads_as_leads() -> None:
    entries = {
        preset.name: preset.columns["entry_stage"].const
        for preset in PACKAGED
        if preset.kind == "crm"
    }

    assert entries == {
        "hubspot_contacts": "lead",
        "hubspot_deals": "opportunity",
        "pipedrive_deals": "opportunity",
        "salesforce_leads": "lead",
        "salesforce_opportunities": "opportunity",
        "salesforce_report_csv": "opportunity",
    }


def test_a_platform_is_added_by_one_file(tmp_path: Path) -> None:
    own = tmp_path / "snapchat_ads.toml"
    own.write_text(
        """
        name = "snapchat_ads"
        kind = "ads"
        records = "rows"

        [columns]
        date = { from = "start_time" }
        campaign_id = { from = "id" }
        channel = { const = "snapchat_ads" }
        clicks = { from = "swipes", default = 0 }
        impressions = { from = "impressions", default = 0 }
        cost = { from = "spend", scale = "0.000001", default = 0 }
        """,
        encoding="utf-8",
    )
    day = {"start_time": "2025-08-01", "id": "s-1", "swipes": 3, "spend": 158865149}

    preset = load_preset(own)
    rows = normalize(map_rows(items_at({"rows": [day]}, preset.records), preset).frame)

    assert rows["problems"].to_list() == [""]
    assert rows["cost"].to_list() == [158.865149]


def test_a_preset_that_forgets_a_column_is_refused() -> None:
    source = files("admira.sources.presets").joinpath("reddit_ads.toml").read_text("utf-8")
    mapping = tomllib.loads(source)
    del mapping["columns"]["cost"]

    with pytest.raises(SchemaMismatch, match=r"columns\.cost"):
        load_preset(mapping)
