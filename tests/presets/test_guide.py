"""The guide to the presets: it names every one of them, and its examples run."""

import ast
import re
from collections.abc import Iterator
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path
from zipfile import ZipFile

import pytest

import admira
from admira.sources.presets import presets

from .forms import FORMS, NAMES

GUIDE = files("admira.sources.presets").joinpath("README.md").read_text("utf-8")


def examples() -> Iterator[tuple[str, str, str]]:
    """Give every call of the guide's platforms, with its file and its preset."""
    for block in re.findall(r"```python\n(.*?)```", GUIDE.partition("\n## Ads\n")[2], re.DOTALL):
        for statement in ast.parse(block).body:
            call = ast.unparse(statement)
            file, preset = re.findall(r"extract_...\('(.*?)', preset='(.*?)'", call)[0]
            yield call, file, preset


def test_the_presets_are_those_that_are_documented() -> None:
    listed = presets()

    assert listed["name"].to_list() == NAMES
    assert {form.preset for form in FORMS} == set(NAMES)
    for name in NAMES:
        assert f"`{name}`" in GUIDE
        assert f"admira extract {name} " in GUIDE
        assert f'preset="{name}"' in GUIDE


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example[2])
def test_an_example_of_the_guide_runs(
    example: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, file, preset = example
    form = next(form for form in FORMS if form.preset == preset)
    packed = Path(file).suffix == ".zip"
    with ZipFile(tmp_path / file, "w") if packed else nullcontext() as archive:
        if archive:
            archive.writestr(form.file, form.content())
        else:
            (tmp_path / file).write_bytes(form.content())
    monkeypatch.chdir(tmp_path)

    rows = eval(call, {"admira": admira})  # noqa: S307 - the guide's own text

    assert len(rows) == len(form.expected()) - form.replays
