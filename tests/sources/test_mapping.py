"""A mapping is plain data: read whole, checked whole, overridden leaf by leaf."""

import json
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.errors import AdmiraError, OptionError, SchemaMismatch, SourceRejected
from admira.sources.mapping import ColumnRule, CsvRule, UtmRule
from admira.sources.mapping_format import mapping_from
from admira.sources.presets import load_preset, presets

ADS: dict[str, Any] = {
    "name": "shop_ads",
    "kind": "ads",
    "columns": {
        "date": {"from": "day"},
        "campaign_id": {"from": ["campaign.id", "campaign.name"]},
        "channel": {"const": "shop"},
        "clicks": {"from": "clicks", "default": 0},
        "impressions": {"add": ["paid", "earned"]},
        "cost": {"from": "costMicros", "scale": "0.000001"},
    },
}
CRM: dict[str, Any] = {
    "name": "shop_deals",
    "kind": "crm",
    "columns": {
        "opportunity_id": {"from": "id", "strip": "^deal-"},
        "stage": {"when": [[{"won": True}, "won"]], "map": {"3": "lost"}, "default": "open"},
        "amount": {"from": "value"},
        "created_at": {"from": "created", "date": "%d/%m/%Y"},
        "contact_email": {
            "from": "contact",
            "lookup": {"table": "contacts", "key": "id", "value": "email"},
        },
    },
}


def changed(mapping: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    document = deepcopy(mapping)
    *steps, last = path.split(".")
    inner = document
    for step in steps:
        inner = inner.setdefault(step, {})
    inner[last] = value
    return document


def test_a_mapping_is_read_whole() -> None:
    document = ADS | {
        "records": "*.results",
        "rows": "segments",
        "row_key": ["day", "device"],
        "decimal": ",",
        "drop_where": {"deleted": True, "status": 4},
        "same": ["start", "stop"],
        "currency": "currency",
        "next": {"url": "paging.next"},
        "retry": {"statuses": [400]},
        "ok": {"path": "code", "equals": [0]},
        "touch": "last",
        "link": {"deal_id": "deal"},
        "description": "Ads of the shop",
        "csv": {
            "header_has": ["Cost", ["Day", "Tag"]], "drop_if_any_cell": ["^Total"],
            "drop_if_blank": "Day",
        },
        "utm": {
            "fields": {"utm_source": "source"}, "urls": ["link"], "tags": "suffix",
            "macros": {"{id}": "campaign.id"}, "default": {"utm_medium": "cpc"},
        },
    }  # fmt: skip
    preset = mapping_from(document, where="shop")
    assert preset.columns["campaign_id"] == ColumnRule(paths=("campaign.id", "campaign.name"))
    assert preset.columns["impressions"] == ColumnRule(add=("paid", "earned"))
    assert preset.drop_where == {"deleted": "true", "status": "4"}
    assert preset.csv == CsvRule((("Cost",), ("Day", "Tag")), ("^Total",), ("Day",))
    assert preset.utm == UtmRule(
        {"utm_source": ("source",)}, ("link",), ("suffix",), {"{id}": "campaign.id"},
        {"utm_medium": "cpc"},
    )  # fmt: skip
    assert (preset.decimal, preset.same, preset.currency) == (",", ("start", "stop"), ("currency",))
    assert (preset.records, preset.row_key, preset.touch) == (
        "*.results",
        ("day", "device"),
        "last",
    )
    assert (preset.next, preset.link) == ({"url": "paging.next"}, {"deal_id": "deal"})


def test_rules_keep_their_order_and_become_text() -> None:
    stage = mapping_from(CRM, where="deals").columns["stage"]
    assert stage.when == (({"won": "true"}, "won"),)
    assert (stage.map, stage.default) == ((("3", "lost"),), "open")


def test_the_currency_of_a_header_is_in_the_brackets_of_the_money() -> None:
    document = changed(ADS, "columns.cost", {"from": ["Spent (*)", "Cost"]}) | {
        "currency": "header"
    }
    assert mapping_from(document, where="shop").currency == ("Spent (*)",)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("colums", {}, "Did you mean 'columns'?"),
        ("kind", "adverts", "'ads', 'crm'"),
        ("columns.clicks.form", "x", "Did you mean 'from'?"),
        ("columns.spend", {"from": "x"}, "columns='spend'"),
        ("columns.cost", "Cost", "columns.cost"),
        ("columns.cost.from", 7, "text or a list of texts"),
        ("columns.cost.from", ["a", 7], "columns.cost.from.1"),
        ("columns.cost.scale", "1/100", "a decimal number as text"),
        ("columns.cost.scale", "NaN", "a decimal number as text"),
        ("columns.channel.scale", "10", "holds no numbers"),
        ("columns.cost.date", "auto", "holds no dates"),
        ("columns.date.date", "%d/%m", "a format such as"),
        ("columns.date.date", "dd/mm/yyyy", "a format such as"),
        ("columns.date.strip", "(", "a regular expression"),
        ("columns.campaign_id.lookup", {"table": "t", "key": "id"}, "value"),
        ("columns.campaign_id.when", [["x", "y"]], "a table of keys and values"),
        ("columns.campaign_id.when", [["x"]], "a list of a table of fields and texts, and a value"),
        ("columns.campaign_id.map", [["x"]], "a list of two texts"),
        ("columns.channel.const", ["x"], "text, a number, or true or false"),
        ("utm.fields.utm_term", "x", "utm_campaign"),
        ("utm.fields.gclid", "x", "utm_campaign"),
        ("rows", "many", "'one', 'segments'"),
        ("decimal", "'", "'.', ','"),
        ("csv.drop_if_any_cell", ["["], "a regular expression"),
        ("next", "paging.next", "a table of keys and values"),
        ("currency", "header", "ends in ' (*)'"),
    ],
)
def test_what_the_format_does_not_know_is_refused_with_its_place(
    path: str, value: Any, words: str
) -> None:
    with pytest.raises(OptionError, match="shop") as refusal:
        mapping_from(changed(ADS, path, value), where="shop")
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("mapping", "column"),
    [
        *((ADS, name) for name in ("date", "campaign_id", "channel", "clicks", "cost")),
        *((CRM, name) for name in ("opportunity_id", "stage", "created_at")),
    ],
)
def test_a_column_that_must_exist_needs_a_rule(mapping: dict[str, Any], column: str) -> None:
    document = deepcopy(mapping)
    del document["columns"][column]
    with pytest.raises(SchemaMismatch, match=f"columns.{column}"):
        mapping_from(document, where="shop")


def test_deals_need_no_amount_and_days_of_crm_are_not_mapped() -> None:
    document = deepcopy(CRM)
    del document["columns"]["amount"]
    assert "amount" not in mapping_from(document, where="deals").columns
    with pytest.raises(OptionError, match="'date'"):
        mapping_from(changed(CRM, "columns.date", {"from": "day"}), where="deals")


@settings(max_examples=60)
@given(
    st.sampled_from(["name", "kind", "columns", "columns.cost", "columns.date.date", "utm", "csv",
                     "columns.campaign_id.map", "columns.cost.scale", "next", "currency", "same"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    ),
)  # fmt: skip
def test_no_value_anywhere_raises_anything_but_an_admira_error(path: str, value: Any) -> None:
    document = changed(ADS, path, value)
    with suppress(AdmiraError):
        assert mapping_from(document, where="shop").kind == "ads"


def test_a_preset_is_listed_with_its_kind_and_every_listed_one_loads() -> None:
    listed = presets()
    assert "google_ads_api" in listed["name"].to_list()
    assert set(listed["kind"]) == {"ads", "crm"}
    assert [load_preset(name).name for name in listed["name"]] == listed["name"].to_list()


def test_presets_of_deals_enter_as_opportunities() -> None:
    for name in ("hubspot_deals", "salesforce_opportunities", "pipedrive_deals"):
        assert load_preset(name).columns["entry_stage"].const == "opportunity"


def test_an_unknown_preset_is_refused_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'google_ads_api'"):
        load_preset("google_ad_api")
    with pytest.raises(OptionError, match="preset='int'"):
        load_preset(7)  # type: ignore[arg-type] # what a wrong call gets


def test_parameters_override_leaves_and_whole_tables() -> None:
    preset = load_preset(
        "salesforce_opportunities",
        {
            "decimal": ",",
            "columns.created_at.date": "%d/%m/%Y",
            "utm.fields.utm_source": ["Source__c"],
            "columns.amount": {"const": 1},
            "utm.macros.{{campaign.id}}": "Id",
            "drop_where.Account.Status": "closed",
        },
    )
    assert preset.decimal == ","
    assert preset.columns["created_at"] == ColumnRule(paths=("CreatedDate",), date="%d/%m/%Y")
    assert preset.columns["amount"] == ColumnRule(const=1)
    assert preset.utm.fields["utm_source"] == ("Source__c",)
    assert preset.utm.macros == {"{{campaign.id}}": "Id"}
    assert preset.drop_where["Account.Status"] == "closed"


def test_parameters_leave_the_packaged_preset_and_the_given_mapping_alone() -> None:
    given_mapping = deepcopy(ADS)
    load_preset(given_mapping, {"columns.cost.scale": "0.01"})
    load_preset("google_ads_api", {"columns.cost.scale": "0.01"})
    assert given_mapping == ADS
    assert load_preset("google_ads_api").columns["cost"].scale == "0.000001"


@pytest.mark.parametrize("path", ["columns.date.dat", "colums.date", "decimal.mark", "", "a..b", 7])
def test_a_parameter_that_leads_nowhere_is_refused(path: Any) -> None:
    with pytest.raises(OptionError):
        load_preset("google_ads_api", {path: "x"})


def test_a_mapping_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(json.dumps(ADS))
    (tmp_path / "own.toml").write_text('name = "own"\nkind = "ads"\n[columns]\n')
    assert load_preset(tmp_path / "own.json").name == "shop_ads"
    assert load_preset(str(tmp_path / "own.json")).name == "shop_ads"
    with pytest.raises(SchemaMismatch, match=r"columns\.date"):
        load_preset(tmp_path / "own.toml")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.toml", None, "No such file"),
        ("broken.toml", b"name = ", "broken.toml"),
        ("latin.toml", b'name = "\xe9"', "latin.toml"),
        ("broken.json", b"{", "not JSON"),
        ("list.json", b"[]", "no table of keys"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceRejected, match=words):
        load_preset(tmp_path / name)
