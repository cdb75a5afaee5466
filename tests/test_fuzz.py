"""Whatever comes in: a clear error, or rows whose account closes; never silence, never a crash."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import admira
from admira import AdmiraError, Source
from admira.sources.presets import packaged_presets

FIXTURES = Path(__file__).parent / "presets" / "fixtures"
CSV_FIXTURES = sorted(FIXTURES.glob("*.csv"))
JSON_FIXTURES = sorted(FIXTURES.glob("*.json"))
KIND_OF = {preset.name: preset.kind for preset in packaged_presets()}

DAMAGE = [
    *(b"", b"\x00", b"\xff\xfe", b"\xe2\x80\x8b", b'"', b"\n", b"\r", b",", b";", b"\t"),
    *(b"Total", b"-1", b"9" * 20, b"e999", b"inf", b"nan", b"/", b":", b"%", b"{", b"[]"),
]

fuzz = settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def account_closes(source: Source, kind: str) -> None:
    """Ingest a source: either it is refused with a sentence, or every row is accounted for."""
    sources: dict[str, Any] = {"ads": [], "crm": []} | {kind: source}
    store = admira.open_store("memory:")
    try:
        report = admira.ingest(store, **sources)
    except AdmiraError:
        return
    table = report[kind]
    assert table.is_complete, table
    assert len(store.read(kind)) == table.accepted
    assert store.reconcile()["reconciles"].all()


edits = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(DAMAGE),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("fixture", CSV_FIXTURES, ids=lambda path: path.name)
@fuzz
@given(edits=edits)
def test_a_damaged_export_is_refused_or_accounted_for(
    fixture: Path, tmp_path: Path, edits: list[tuple[float, bytes, int]]
) -> None:
    content = fixture.read_bytes()
    for place, new, length in edits:
        start = int(place * len(content))
        content = content[:start] + new + content[start + length :]
    damaged = tmp_path / "export.csv"
    damaged.write_bytes(content)
    name = next(name for name in KIND_OF if fixture.name.startswith(name))
    account_closes(Source(damaged, preset=name), KIND_OF[name])


@fuzz
@given(content=st.binary(max_size=200), name=st.sampled_from(["x.csv", "x.json", "x.parquet"]))
def test_bytes_of_any_kind_are_refused_or_accounted_for(
    tmp_path: Path, content: bytes, name: str
) -> None:
    (tmp_path / name).write_bytes(content)
    for kind in ("ads", "crm"):
        account_closes(Source(tmp_path / name), kind)


# Numbers and days that fit no type, and a name that is none.
ODD = ["1e999", "9" * 400, "99999999999999-01-01", "0000-00-00", "1 ago 99999999999", "\x00", "-"]

cells = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.sampled_from(["", "2025-08-01", "1,033.33", "{{campaign.name}}", "\ud800", "true", *ODD]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


def spoilt(document: Any, changes: list[tuple[int, Any]]) -> Any:
    """Put other values in the place of some leaves of a document."""
    count = 0

    def walked(value: Any) -> Any:
        nonlocal count
        if isinstance(value, dict):
            return {name: walked(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [walked(inner) for inner in value]
        count += 1
        return next((new for number, new in changes if number == count), value)

    return walked(document)


@pytest.mark.parametrize("fixture", JSON_FIXTURES, ids=lambda path: path.name)
@fuzz
@given(changes=st.lists(st.tuples(st.integers(1, 60), cells), min_size=1, max_size=4))
@example(changes=[(1, "\ud800")])
def test_a_spoilt_answer_is_refused_or_accounted_for(
    fixture: Path, changes: list[tuple[int, Any]]
) -> None:
    document = spoilt(json.loads(fixture.read_text("utf-8")), changes)
    name = next(name for name in KIND_OF if fixture.name.startswith(name))
    account_closes(Source(document, preset=name), KIND_OF[name])
