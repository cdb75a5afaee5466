"""Columns that the contract does not know: ignored and counted, kept, or refused."""

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import admira
from admira import DataError, OptionError, normalize, validate
from admira.cli import app
from admira.datasets import worked_example


@pytest.fixture
def raw() -> pd.DataFrame:
    """Give four ad rows with two unknown columns, one bad row, and an index of their own."""
    rows = pd.DataFrame(worked_example().ads, dtype="object")
    rows["device"] = ["mobile", None, "desktop", "mobile"]
    rows[7] = [1.5, 2.5, 3.5, 4.5]
    rows.loc[1, "clicks"] = "many"
    return rows.set_axis([9, 8, 7, 6])


def test_by_default_they_are_left_out(raw: pd.DataFrame) -> None:
    rows = normalize(raw)
    assert not {"device", 7} & {*rows.columns}
    accepted, rejected = validate(rows.assign(device="x"))
    assert "device" not in accepted
    assert (len(accepted), len(rejected)) == (3, 1)


def test_kept_ones_come_after_the_contracts_as_received(raw: pd.DataFrame) -> None:
    rows = normalize(raw, unknown_columns="keep")
    assert rows.columns.to_list()[-3:] == ["device", 7, "problems"]
    assert rows["device"].fillna("").to_list() == ["mobile", "", "desktop", "mobile"]
    assert rows.index.to_list() == [0, 1, 2, 3]
    accepted, rejected = validate(rows, unknown_columns="keep")
    assert accepted.columns.to_list() == [name for name in rows.columns if name != "problems"]
    assert accepted[7].to_list() == [1.5, 3.5, 4.5]
    assert rejected["device"].isna().to_list() == [True]
    again = normalize(accepted, unknown_columns="keep")
    pd.testing.assert_frame_equal(again.drop(columns="problems"), accepted)


def test_a_row_that_the_schema_rejects_takes_its_kept_columns_along(raw: pd.DataFrame) -> None:
    rows = normalize(raw, unknown_columns="keep")
    rows.loc[0, "cost"] = -1.0
    accepted, rejected = validate(rows, unknown_columns="keep")
    assert accepted[7].to_list() == [3.5, 4.5]
    assert rejected[7].to_list() == [1.5, 2.5]


def test_kept_columns_do_not_reach_a_store(raw: pd.DataFrame) -> None:
    accepted, _ = validate(normalize(raw, unknown_columns="keep"), unknown_columns="keep")
    store = admira.open_store("memory:")
    store.upsert(accepted)
    assert "device" not in store.ads()
    assert len(store.ads()) == 3


def test_they_fail_where_that_is_asked_for(raw: pd.DataFrame) -> None:
    told = r"ads rows have columns that the contract does not know: 'device', 7\. Rename"
    with pytest.raises(DataError, match=told):
        normalize(raw, unknown_columns="fail")
    rows = normalize(raw, unknown_columns="keep")
    with pytest.raises(DataError, match=told):
        validate(rows, unknown_columns="fail")
    fine = normalize(raw[[name for name in raw if name not in ("device", 7)]])
    assert len(validate(normalize(fine, unknown_columns="fail"), unknown_columns="fail").accepted)


def test_another_mode_is_refused(raw: pd.DataFrame) -> None:
    for verb in (normalize, validate):
        with pytest.raises(OptionError, match="expected one of: ignore, keep, fail"):
            verb(normalize(raw), unknown_columns="drop")


def test_an_ingest_counts_them_in_its_report(raw: pd.DataFrame) -> None:
    store = admira.open_store("memory:")
    report = admira.ingest(store, ads=raw, crm=worked_example().crm)
    assert report["ads"].fixed["unknown_column_device"] == 3
    assert "unknown_column_device: 3" in str(report)


def test_an_ingest_that_fails_on_them_writes_nothing(raw: pd.DataFrame) -> None:
    store = admira.open_store("memory:")
    with pytest.raises(DataError, match="does not know: 'device'"):
        admira.ingest(store, ads=raw, crm=worked_example().crm, unknown_columns="fail")
    assert store.crm().empty
    with pytest.raises(OptionError, match=r"unknown_columns='keep'.*expected one of: ignore, fail"):
        admira.ingest(store, ads=raw, crm=worked_example().crm, unknown_columns="keep")


def test_the_command_fails_on_them_too(raw: pd.DataFrame, tmp_path: Path) -> None:
    raw.drop(columns=[7]).to_csv(tmp_path / "ads.csv", index=False)
    pd.DataFrame(worked_example().crm).to_csv(tmp_path / "crm.csv", index=False)
    command = ["ingest", "--store", str(tmp_path / "shop"), "--unknown-columns", "fail"]
    files = ["--ads", str(tmp_path / "ads.csv"), "--crm", str(tmp_path / "crm.csv")]
    done = CliRunner().invoke(app, [*command, *files])
    assert isinstance(done.exception, DataError)
    assert "'device'" in str(done.exception)
