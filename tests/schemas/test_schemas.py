"""The contract: every table is complete, says what its columns mean, and refuses what it is not."""

import json

import pandas as pd
import pandera.errors
import pyarrow
import pytest

from admira.errors import OptionError, SchemaMismatch
from admira.schemas import (
    ADS,
    CAMPAIGNS,
    CLICK_ID_CHANNELS,
    CRM,
    FACTS,
    MATCH_REASONS,
    MATCHES,
    SCHEMA_VERSION,
    STAGES,
    TABLES,
    Table,
    table_of,
)
from admira.schemas.metrics import metrics

EVERY_TABLE = {table.name: table for table in (ADS, CRM, CAMPAIGNS, FACTS, metrics.table())}

tables = pytest.mark.parametrize("table", EVERY_TABLE.values(), ids=EVERY_TABLE)

AD_ROW = {
    "date": pd.Timestamp("2025-08-01"),
    "campaign_id": "C-1",
    "channel": "google_ads",
    "clicks": 1,
    "impressions": 10,
    "cost": 0.5,
    "utm_campaign": "sale",
}
CRM_ROW = {
    "opportunity_id": "O-1",
    "stage": "lead",
    "amount": None,
    "created_at": pd.Timestamp("2025-08-01", tz="UTC"),
    "date": pd.Timestamp("2025-08-01"),
    "utm_campaign": "",
}


# Every table


@tables
def test_an_empty_table_has_all_columns_typed_and_keeps_the_contract(table: Table) -> None:
    empty = table.empty()
    assert len(empty) == 0
    assert empty.columns.tolist() == table.names
    assert [str(dtype) for dtype in empty.dtypes] == [column.dtype for column in table.columns]
    table.pandera().validate(empty)


@tables
def test_every_column_has_a_meaning_and_every_number_a_unit(table: Table) -> None:
    for column in table.columns:
        assert column.meaning.strip() == column.meaning != ""
        assert "\n" not in column.meaning
        if column.type in ("count", "number", "day", "instant"):
            assert column.unit != "", column.name


@tables
def test_the_grain_is_said_first(table: Table) -> None:
    assert table.grain.startswith("one row per ")


@tables
def test_no_column_is_there_twice(table: Table) -> None:
    assert len(set(table.names)) == len(table.names)


@tables
def test_keys_and_partitions_are_columns(table: Table) -> None:
    assert {*table.key, *table.partitions} <= {*table.names}


@tables
def test_arrow_has_the_same_columns(table: Table) -> None:
    schema = table.arrow()
    assert schema.names == table.names
    assert [field.nullable for field in schema] == [column.nullable for column in table.columns]
    arrow = pyarrow.Table.from_pandas(table.empty(), preserve_index=False).cast(schema)
    assert arrow.num_rows == 0


@tables
def test_pandera_knows_what_each_column_means(table: Table) -> None:
    schema = table.pandera()
    assert [*schema.columns] == table.names
    assert (schema.name, schema.description) == (table.name, table.grain)
    assert schema.metadata["version"] == SCHEMA_VERSION
    for column in table.columns:
        written = schema.columns[column.name]
        assert (written.description, written.required) == (column.meaning, column.required)
        assert written.metadata == {"unit": column.unit, "type": column.type}


@tables
def test_a_table_can_be_told_as_json(table: Table) -> None:
    facts = [[column.name, column.type, column.unit, column.meaning] for column in table.columns]
    assert json.loads(json.dumps(facts)) == facts


@tables
def test_a_missing_column_is_named_with_what_was_found(table: Table) -> None:
    first = table.required[0]
    found = [name for name in table.names if name != first]
    with pytest.raises(SchemaMismatch) as error:
        table.require(found)
    assert error.value.missing == (first,)
    assert str(error.value).startswith(f"{table.name} rows lack '{first}'; found '{found[0]}'")


def test_only_the_columns_asked_for_are_required() -> None:
    ADS.require(["clicks"], ["clicks"])
    with pytest.raises(SchemaMismatch, match=r"^ads rows lack 'cost'; found 'clicks'"):
        ADS.require(["clicks"], ["cost"])


def test_a_table_gives_a_column_by_its_name() -> None:
    assert ADS["cost"].unit == "account currency"


# What must exist


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_natural_key_must_exist(table: Table) -> None:
    assert {*table.key} <= {*table.required}


def test_the_columns_that_must_exist_are_those_of_the_contract() -> None:
    assert {*ADS.required} == {*AD_ROW}
    assert {*CRM.required} == {*CRM_ROW} - {"date"}


def test_optional_columns_may_be_absent() -> None:
    ads, crm = pd.DataFrame([AD_ROW]), pd.DataFrame([CRM_ROW])
    for table, rows in ((ADS, ads), (CRM, crm)):
        typed = rows.astype({name: table[name].dtype for name in rows})
        table.pandera().validate(typed)


def test_complete_adds_what_is_missing_and_leaves_out_what_is_no_column() -> None:
    rows = CRM.complete(pd.DataFrame([CRM_ROW | {"colour": "red"}], index=[7]))
    assert rows.columns.tolist() == CRM.names
    assert rows.index.tolist() == [7]
    row = rows.iloc[0]
    assert [row["entry_stage"], row["utm_source"]] == ["lead", ""]
    assert row[["amount", "currency", "closed_at", "gclid"]].isna().all()
    CRM.pandera().validate(rows)


# What is refused


@pytest.mark.parametrize(
    ("table", "row", "complaint"),
    [
        (ADS, AD_ROW | {"clicks": -1}, "below 0"),
        (ADS, AD_ROW | {"cost": -0.01}, "below 0"),
        (ADS, AD_ROW | {"cost": float("inf")}, "infinite"),
        (ADS, AD_ROW | {"cost": None}, "not_nullable"),
        (ADS, AD_ROW | {"campaign_id": ""}, "blank"),
        (ADS, AD_ROW | {"channel": ""}, "blank"),
        (CRM, CRM_ROW | {"opportunity_id": ""}, "blank"),
        (CRM, CRM_ROW | {"amount": -5.0}, "below 0"),
        (CRM, CRM_ROW | {"entry_stage": "deal"}, "not one of lead, opportunity"),
    ],
    ids=str,
)
def test_a_value_out_of_range_is_refused(table: Table, row: dict, complaint: str) -> None:
    with pytest.raises(pandera.errors.SchemaErrors) as error:
        table.pandera().validate(table.complete(pd.DataFrame([row])), lazy=True)
    assert complaint in error.value.failure_cases["check"].tolist()


def test_an_unknown_amount_and_an_unknown_stage_are_allowed() -> None:
    row = CRM_ROW | {"amount": None, "stage": "nurture"}
    CRM.pandera().validate(CRM.complete(pd.DataFrame([row])))


# Which table


@pytest.mark.parametrize(
    ("columns", "kind", "table"),
    [
        (["campaign_id"], None, ADS),
        (["opportunity_id"], None, CRM),
        (["opportunity_id", "campaign_id"], None, CRM),
        (["anything"], "ads", ADS),
        (["campaign_id"], "crm", CRM),
    ],
)
def test_the_key_column_tells_the_table(columns: list[str], kind: str | None, table: Table) -> None:
    assert table_of(columns, kind) is table


def test_columns_that_do_not_tell_are_refused() -> None:
    with pytest.raises(SchemaMismatch, match=r"One of the two says which table this is"):
        table_of(["clicks"])


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(OptionError, match=r"kind='add' .* Did you mean 'ads'\?"):
        table_of(["campaign_id"], "add")


# Vocabulary


def test_the_two_stored_tables_are_ads_and_crm() -> None:
    assert TABLES == {"ads": ADS, "crm": CRM}
    assert ADS.key == ("date", "campaign_id", "channel")
    assert CRM.key == ("opportunity_id",)
    assert (ADS.partitions, CRM.partitions) == (("date", "channel"), ("date",))


def test_every_click_id_is_a_crm_column_and_facebooks_is_none() -> None:
    assert {*CLICK_ID_CHANNELS} <= {*CRM.names}
    assert "fbclid" not in CLICK_ID_CHANNELS


def test_the_words_of_stages_matches_and_reasons_are_those_of_the_contract() -> None:
    assert STAGES == ("lead", "opportunity", "closed_won", "closed_lost")
    assert {*MATCHES} == {
        "ad",
        "id",
        "exact",
        "alias",
        "campaign",
        "click_id",
        "none",
        "untagged",
    }
    assert {*MATCH_REASONS} == {
        "",
        "before_first_ad",
        "utm_unknown",
        "utm_conflict",
        "ambiguous",
        "outside_window",
    }


def test_the_facts_have_every_measure_and_their_audit() -> None:
    names = FACTS.names
    assert {measure.name for measure in metrics.measures} <= {*names}
    assert names[-5:] == [
        "opportunity_id",
        "match",
        "match_reason",
        "match_candidates",
        "match_weight",
    ]
