"""Files and globs as sources: pulls in name order, and reasons for what cannot be read."""

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admira.errors import AdmiraError, SourceRejected
from admira.sources.extract import extract, extract_ads

json_documents = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["external", "ads", "performance", "date"]), inner)
    ),
    max_leaves=4,
)


def test_the_files_of_a_glob_are_pulls_in_name_order(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps([{"campaign_id": 2**70, "clicks": 2}]))
    (tmp_path / "a.csv").write_text("campaign_id,date\nC-1,2025-08-01\nC-2,2025-08-02\n")
    pd.DataFrame({"campaign_id": ["C-3"], "clicks": [3]}).to_parquet(tmp_path / "c.parquet")
    (tmp_path / "d").mkdir()
    pulled = extract("ads", f"{tmp_path}/*")
    assert pulled.frame["campaign_id"].tolist() == ["C-1", "C-2", 2**70, "C-3"]
    assert pulled.frame["clicks"].tolist() == [None, None, 2, 3]
    assert all(type(value) is int for value in pulled.frame["clicks"].tolist()[2:])
    assert pulled.source_label == f"{tmp_path}/*"
    assert [(pull.source, pull.fetched, len(pull.frame)) for pull in pulled.pulls] == [
        (f"{tmp_path}/a.csv", 2, 2),
        (f"{tmp_path}/b.json", 1, 1),
        (f"{tmp_path}/c.parquet", 1, 1),
    ]


def test_parquet_files_of_one_type_keep_it(tmp_path: Path) -> None:
    for name in "ab":
        pd.DataFrame({"campaign_id": [name], "clicks": [1]}).to_parquet(
            tmp_path / f"{name}.parquet"
        )
    (tmp_path / "0.json").write_text("[]")
    assert extract_ads(f"{tmp_path}/*").dtypes.astype(str).to_dict() == {
        "campaign_id": "str",
        "clicks": "int64",
    }


def test_an_id_beside_a_float_in_another_file_stays_exact(tmp_path: Path) -> None:
    for name, campaign_id in {"a": 2**53 + 1, "b": 0.5}.items():
        pd.DataFrame({"campaign_id": [campaign_id]}).to_parquet(tmp_path / f"{name}.parquet")
    assert extract_ads(f"{tmp_path}/*")["campaign_id"].tolist() == [2**53 + 1, 0.5]


def test_a_name_with_brackets_is_a_file_where_it_exists(tmp_path: Path) -> None:
    (tmp_path / "ads[1].json").write_text('[{"campaign_id": "C-1"}]')
    assert extract_ads(tmp_path / "ads[1].json")["campaign_id"].tolist() == ["C-1"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.json", "there is no such file"),
        ("missing", "there is no such file"),
        ("*.csv", "No file matches"),
        ("folder", r"it is a folder in which no file holds rows; .*/\*\.csv"),
        ("rows.xml", r"is of no known kind: .*\.json, .*\.xlsx; found \.xml"),
        ("empty.json", "it is empty"),
        ("broken.json", "it is not JSON"),
        ("broken.parquet", "it is not Parquet"),
        ("nul\0.json", "that is no path"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "folder").mkdir()
    for file in ("rows.xml", "broken.json", "broken.parquet"):
        (tmp_path / file).write_text("<rows/>")
    (tmp_path / "empty.json").touch()
    with pytest.raises(SourceRejected, match=reason) as caught:
        extract_ads(f"{tmp_path}/{name}")
    assert len(str(caught.value)) < 500


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=50) | json_documents.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([".json", ".jsonl", ".csv", ".parquet"]),
)
def test_any_file_gives_a_frame_or_an_error_of_ours(
    tmp_path: Path, content: bytes, suffix: str
) -> None:
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    try:
        raw = extract_ads(path, since="2025-08-01")
    except AdmiraError:
        return
    assert isinstance(raw, pd.DataFrame)
