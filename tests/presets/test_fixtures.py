"""Every preset's fixture becomes the rows expected, step by step and through the verbs."""

from pathlib import Path

import pytest

from admira.core.normalize import normalize
from admira.core.validate import validate
from admira.sources.extract import extract
from admira.sources.presets import load_preset
from admira.sources.recognise import recognise
from admira.sources.sheets import open_sheet

from .forms import FORMS, NAMES, RECOGNISED, Form, as_text, mapped

PACKAGED = [load_preset(name) for name in NAMES]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_fixture_becomes_the_canonical_rows_expected(form: Form) -> None:
    preset = load_preset(form.preset, form.params)

    raw = mapped(form, preset)[0].frame
    accepted, rejected = validate(normalize(raw, kind=preset.kind), kind=preset.kind, raw=raw)

    expected = form.expected()
    assert rejected.empty, rejected["reasons"].to_list()
    assert as_text(accepted[list(expected[0])]) == expected
    others = accepted.drop(columns=list(expected[0])).replace("", None)
    assert others.isna().all(axis=None), "a column that is not expected holds something"


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_what_is_left_out_of_a_fixture_is_counted(form: Form) -> None:
    assert mapped(form, load_preset(form.preset, form.params))[1] == form.dropped


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_fixture_is_a_file_that_the_verbs_read(form: Form, tmp_path: Path) -> None:
    path = tmp_path / form.file
    path.write_bytes(form.content())
    preset = load_preset(form.preset, form.params)

    extracted = extract(preset.kind, path, preset=form.preset, params=form.params)

    rows = as_text(normalize(extracted.frame, kind=preset.kind))
    expected = form.expected()
    known = [{name: row[name] for name in expected[0]} for row in rows]
    assert len(known) == len(expected) - form.replays
    assert [row for row in expected if row not in known] == []


@pytest.mark.parametrize("form", RECOGNISED, ids=str)
def test_an_export_is_recognised_by_its_header_alone(form: Form) -> None:
    assert recognise(open_sheet(form.content(), form.file), PACKAGED).name == form.preset
