"""Rows of any form come out in canonical columns: none lost, none guessed, exact to the cent."""

from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admira.core.normalize import normalize
from admira.errors import AdmiraError, AmbiguousData, SchemaMismatch
from admira.sources.mapper import Mapped, has_identity, map_rows
from admira.sources.mapping import Preset
from admira.sources.mapping_format import mapping_from

ADS: dict[str, Any] = {
    "date": {"from": "day"},
    "campaign_id": {"from": "id"},
    "channel": {"const": "shop"},
    "clicks": {"from": "clicks", "default": 0},
    "impressions": {"from": "views", "default": 0},
    "cost": {"from": "cost", "default": 0},
}
CRM: dict[str, Any] = {
    "opportunity_id": {"from": "id"},
    "stage": {"from": "stage"},
    "amount": {"from": "amount"},
    "created_at": {"from": "created"},
}
ROW = {"day": "2025-08-01", "id": "7", "clicks": 3, "views": 40, "cost": "1.5"}
DEAL = {"id": "D-1", "stage": "open", "amount": "10", "created": "2025-08-01T10:00:00Z"}


def ads(columns: dict[str, Any] | None = None, **top: Any) -> Preset:
    document = {"name": "shop", "kind": "ads", "columns": ADS | (columns or {})} | top
    return mapping_from(document, where="shop")


def crm(columns: dict[str, Any] | None = None, **top: Any) -> Preset:
    document = {"name": "shop", "kind": "crm", "columns": CRM | (columns or {})} | top
    return mapping_from(document, where="shop")


def cells(mapped: Mapped, column: str) -> list[Any]:
    return mapped.frame[column].to_list()


# --- laws ---------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
    | st.sampled_from(["1,033.33", "8/1/2025", "13/1/2025", "36150000", "won", "/?utm_source=x"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["id", "cost", "a", "0"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip
records = st.lists(
    st.dictionaries(
        st.sampled_from(["day", "id", "clicks", "views", "cost", "link", "gone", "start", "stop"]),
        json_values,
        max_size=6,
    )
    | json_values,
    max_size=4,
)
EVERYTHING = ads(
    {
        "campaign_id": {"from": ["id.*.a", "id.id", "id"], "strip": "[a-c]"},
        "impressions": {"add": ["views", "views.0"]},
        "cost": {"from": ["cost.cost", "cost"], "scale": "0.000001"},
        "campaign_name": {
            "from": "id",
            "lookup": {"table": "*", "key": "id", "value": "cost"},
            "when": [[{"clicks": "1", "cost": ""}, "x"]],
            "map": {"won": "y"},
            "default": "z",
        },
    },
    drop_where={"gone": "true"},
    same=["start", "stop"],
    currency=["cost.a", "link"],
    row_key=["day"],
    utm={
        "fields": {"utm_medium": ["link.a"]},
        "urls": ["link"],
        "tags": ["id"],
        "macros": {"{a}": "id"},
        "default": {"utm_source": "{a}"},
    },
)


@settings(max_examples=60)
@given(records)
def test_any_json_is_mapped_row_by_row_or_refused_clearly(rows: list[Any]) -> None:
    before = deepcopy(rows)
    try:
        mapped = map_rows(rows, EVERYTHING, document=rows)
    except AdmiraError:
        pass
    else:
        assert len(mapped.frame) + sum(mapped.dropped.values()) == len(rows)
        assert set(mapped.frame.dtypes) == {np.dtype(object)}
    assert repr(rows) == repr(before)


# --- paths --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "record", "value"),
    [
        ("a.b", {"a": {"b": 1}}, 1),
        ("a.0.b", {"a": [{"b": 1}]}, 1),
        ("a.*.b", {"a": [{"b": None}, {}, 5, {"b": 2}, {"b": 3}]}, 2),
        ("a[primary].b", {"a": [{"b": 1}, {"b": 2, "primary": True}]}, 2),
        ("a.b", {"a.b": 1}, 1),
        ("Impr.", {"Impr.": 1}, 1),
        ("a.0", {"a": "text"}, None),
        ("a.7", {"a": [1]}, None),
        ("a.b", {"a": None}, None),
    ],
)
def test_a_path_leads_through_objects_and_lists(path: str, record: Any, value: Any) -> None:
    mapped = map_rows([ROW, ROW | record], ads({"account_id": {"from": path, "default": "none"}}))
    expected = ["none", value] if value is not None else None
    assert mapped.frame.get("account_id", pd.Series(dtype=object)).to_list() == (expected or [])


def test_the_first_path_that_holds_a_value_counts() -> None:
    preset = ads({"campaign_name": {"from": ["a", "b", "c"]}})
    rows = [ROW | {"a": 1, "b": 2}, ROW | {"a": " ", "b": 2}, ROW | {"b": None, "c": 3}, ROW]
    assert cells(map_rows(rows, preset), "campaign_name") == [1, 2, 3, None]


def test_columns_of_a_file_are_found_as_people_write_them() -> None:
    frame = pd.DataFrame({" DAY\u00a0": ["2025-08-01"], "Id": ["7"], "CLICKS": ["3"],
                          "views ": ["40"], "\ufeffCost": ["1.5"]})  # fmt: skip
    assert cells(map_rows(frame, ads()), "cost") == ["1.5"]


def test_ids_stay_text_and_integers_exact() -> None:
    big = 120210000000000000001
    rows = [ROW | {"id": "007"}, ROW | {"id": big}]
    mapped = map_rows(rows, ads())
    assert cells(mapped, "campaign_id") == ["007", big]
    assert normalize(mapped.frame)["campaign_id"].to_list() == ["007", str(big)]


def test_optional_columns_that_no_row_has_are_left_out() -> None:
    preset = ads({"campaign_name": {"from": "name", "default": "x"}, "account_id": {"const": "A"}})
    assert "campaign_name" not in map_rows([ROW], preset).frame
    assert cells(map_rows([ROW], preset), "account_id") == ["A"]


# --- refusals -----------------------------------------------------------------------------------


def test_a_file_without_a_named_column_is_refused_with_the_nearest() -> None:
    frame = pd.DataFrame([{**ROW, "costs": "1"}]).drop(columns="cost")
    with pytest.raises(SchemaMismatch, match="Did you mean 'costs'") as refusal:
        map_rows(frame, ads())
    assert refusal.value.missing == ("cost",)
    assert "'views'" in str(refusal.value)


def test_a_file_without_one_part_of_a_sum_is_refused() -> None:
    preset = ads({"clicks": {"add": ["clicks", "earned"]}})
    with pytest.raises(SchemaMismatch, match="earned"):
        map_rows(pd.DataFrame([ROW]), preset)


def test_records_may_leave_out_measures_but_not_ids() -> None:
    mapped = map_rows([{"day": "2025-08-01", "id": "7"}], ads())
    assert mapped.frame.loc[0, ["clicks", "impressions", "cost"]].to_list() == [0, 0, 0]
    with pytest.raises(SchemaMismatch, match="campaign_id"):
        map_rows([{"day": "2025-08-01"}], ads())
    assert cells(map_rows([ROW | {"id": None}], ads()), "campaign_id") == [None]


def test_ads_without_a_day_are_refused() -> None:
    with pytest.raises(AmbiguousData, match="broken down by day"):
        map_rows(pd.DataFrame([ROW]).drop(columns="day"), ads())


def test_rows_about_a_range_of_days_are_refused() -> None:
    preset = ads(same=["start", "stop"])
    one_day = ROW | {"start": "2025-08-01", "stop": "2025-08-01"}
    assert len(map_rows([one_day, ROW], preset).frame) == 2
    with pytest.raises(AmbiguousData, match="start 2025-08-01 to stop 2025-08-31"):
        map_rows([one_day, one_day | {"stop": "2025-08-31"}], preset)


def test_no_rows_are_rows_of_every_column_that_must_exist() -> None:
    for empty in ([], pd.DataFrame()):
        mapped = map_rows(empty, crm())
        assert list(mapped.frame) == [
            "opportunity_id",
            "stage",
            "amount",
            "created_at",
            "utm_campaign",
        ]
        assert mapped.frame.empty
    with pytest.raises(SchemaMismatch):
        map_rows(pd.DataFrame(columns=["id"]), crm())


def test_a_record_that_is_no_object_stays_to_be_rejected() -> None:
    mapped = map_rows([ROW, "junk", ["a", "b"]], ads())
    assert cells(mapped, "campaign_id") == ["7", "junk", ["a", "b"]]
    assert (normalize(mapped.frame)["problems"] != "").to_list() == [False, True, True]


# --- steps --------------------------------------------------------------------------------------


def test_rules_are_tried_in_order_and_booleans_and_numbers_are_text() -> None:
    stage = {
        "from": "stage",
        "when": [[{"won": "true"}, "won"], [{"closed": "1", "stage": ""}, "lost"]],
        "default": "open",
    }
    rows = [
        DEAL | {"won": True, "closed": 1, "stage": None},
        DEAL | {"won": "FALSE", "closed": 1.0, "stage": " "},
        DEAL | {"won": False, "closed": 1},
        DEAL | {"stage": None},
    ]
    assert cells(map_rows(rows, crm({"stage": stage})), "stage") == ["won", "lost", "open", "open"]


def test_words_are_mapped_and_others_stay() -> None:
    preset = crm(
        {
            "stage": {
                "from": "stage",
                "strip": r"\s*\(old stage\)$",
                "map": {"4": "won", "Sent": "open"},
            }
        }
    )
    rows = [DEAL | {"stage": stage} for stage in (4, "4", "sent (old stage)", "Paused", None)]
    assert cells(map_rows(rows, preset), "stage") == ["won", "won", "open", "Paused", None]


def test_a_lookup_finds_values_in_the_document_and_counts_what_it_lacks() -> None:
    lookup = {"table": "contacts.results", "key": "id", "value": "properties.email"}
    preset = crm({"contact_email": {"from": "contacts.*.id", "lookup": lookup}})
    document = {
        "contacts": {"results": [{"id": 8, "properties": {"email": "a@b.example"}}, "junk"]}
    }
    rows = [
        DEAL | {"contacts": [{"id": "8"}]},
        DEAL | {"contacts": [{"id": "9"}]},
        DEAL | {"contacts": []},
    ]
    mapped = map_rows(rows, preset, document)
    assert cells(mapped, "contact_email") == ["a@b.example", None, None]
    assert mapped.notes == {"unresolved_lookups": 1}


def test_deleted_rows_are_dropped_and_counted_before_anything_is_read() -> None:
    preset = ads(drop_where={"IsDeleted": "true", "status": "4"}, same=["day", "stop"])
    rows = [
        ROW | {"IsDeleted": True, "stop": "2025-09-01"},
        ROW | {"IsDeleted": False, "status": 4},
        ROW | {"status": "4"},
        ROW,
    ]
    mapped = map_rows(rows, preset)
    assert (len(mapped.frame), mapped.dropped) == (1, {"IsDeleted = true": 1, "status = 4": 2})
    from_file = map_rows(pd.DataFrame(rows), preset)
    assert (len(from_file.frame), from_file.dropped) == (1, mapped.dropped)


def test_micros_become_money_and_what_is_no_number_stays() -> None:
    preset = ads({"cost": {"from": "cost", "scale": "0.000001", "default": 0}})
    rows = [
        ROW | {"cost": cost} for cost in ("36150000", 158865149, None, "n/a", True, 1.5, {"a": 1})
    ]
    assert cells(map_rows(rows, preset), "cost") == [
        "36.15", "158.865149", 0, "n/a", True, "0.0000015", {"a": 1},
    ]  # fmt: skip


def test_long_decimals_keep_their_digits() -> None:
    rows = [ROW | {"cost": cost} for cost in ("107.5300000000000335346", "-2E-18")]
    assert cells(map_rows(rows, ads()), "cost") == ["107.5300000000000335346", "-2E-18"]


def test_sums_skip_blanks_and_show_what_is_no_number() -> None:
    preset = ads({"clicks": {"add": ["a", "b"]}})
    rows = [ROW | {"a": a, "b": b} for a, b in ((1, 2), ("1,000", None), (None, ""), ("n/a", 2))]
    assert cells(map_rows(rows, preset), "clicks") == [3, "1000", None, "n/a"]


def test_numbers_are_cleaned_in_columns_of_numbers_only() -> None:
    preset = ads({"campaign_name": {"from": "name"}}, decimal=",")
    row = ROW | {"id": "1.000", "name": "1.000 €", "clicks": "1.000", "cost": "1.000,5 €"}
    mapped = map_rows([row], preset)
    assert mapped.frame.loc[0, ["campaign_id", "campaign_name", "clicks", "cost"]].to_list() == [
        "1.000", "1.000 €", "1000", "1000.5",
    ]  # fmt: skip


# --- dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [["1/8/2025", "5/5/2025"], ["13/8/2025", "8/13/2025"]])
def test_dates_that_may_be_day_or_month_first_are_refused(days: list[str]) -> None:
    rows = [ROW | {"day": day} for day in days]
    with pytest.raises(AmbiguousData, match=r"columns\.date\.date"):
        map_rows(rows, ads())
    by_format = ads({"date": {"from": "day", "date": "%d/%m/%Y"}})
    assert cells(map_rows(rows, by_format), "date")[0].startswith("2025-08-")


# --- beside the columns -------------------------------------------------------------------------


def test_the_currency_is_carried_from_a_field_or_from_a_header() -> None:
    assert cells(map_rows([ROW | {"c": "EUR"}, ROW], ads(currency=["d", "c"])), "currency") == [
        "EUR",
        None,
    ]
    frame = pd.DataFrame([ROW]).rename(columns={"cost": "Amount Spent (EUR)"})
    preset = ads({"cost": {"from": ["Spend", "Amount spent (*)"]}}, currency="header")
    mapped = map_rows(frame, preset)
    assert (cells(mapped, "cost"), cells(mapped, "currency")) == (["1.5"], ["EUR"])
    assert "currency" not in map_rows([ROW], ads(currency="c")).frame
    fixed = ads({"currency": {"const": "USD"}}, currency="c")
    assert cells(map_rows([ROW | {"c": "EUR"}], fixed), "currency") == ["USD"]


def test_two_columns_of_money_in_different_currencies_are_refused() -> None:
    frame = pd.DataFrame([ROW | {"Spent (EUR)": "1", "Spent (USD)": "2"}])
    with pytest.raises(AmbiguousData, match=r"'Spent \(EUR\)' and 'Spent \(USD\)'"):
        map_rows(frame, ads({"cost": {"from": "Spent (*)"}}))


def test_rows_are_identified_only_where_all_the_fields_of_their_key_are_there() -> None:
    preset = ads(row_key=["id", "device"])
    assert has_identity([ROW | {"device": "tv"}, ROW], preset)
    assert not has_identity([ROW], preset)
    assert not has_identity([ROW], ads())


def test_links_of_leads_and_deals_stand_beside_the_rows() -> None:
    preset = crm(link={"deal_id": "ConvertedOpportunityId"})
    rows = [DEAL | {"ConvertedOpportunityId": "006"}, DEAL]
    assert map_rows(rows, preset).links.to_dict("list") == {"deal_id": ["006", None]}


def test_tags_come_with_the_columns_and_macros_are_counted() -> None:
    preset = ads(utm={"urls": ["link"], "macros": {"{cid}": "id"}})
    rows = [
        ROW | {"link": "https://a.example/?utm_source=x&utm_campaign={cid}"},
        ROW | {"link": "https://a.example/?utm_campaign={other}"},
    ]
    mapped = map_rows(rows, preset)
    assert (cells(mapped, "utm_campaign"), cells(mapped, "utm_source")) == (
        ["7", None],
        ["x", None],
    )
    assert mapped.notes == {"unresolved_macros": 1}


def test_a_frame_of_typed_columns_is_mapped_like_text() -> None:
    frame = pd.DataFrame([ROW, ROW | {"clicks": None, "cost": 2.5}]).convert_dtypes()
    mapped = map_rows(frame, ads())
    assert cells(mapped, "clicks") == [3, 0]
    assert (normalize(mapped.frame)["problems"] == "").all()
