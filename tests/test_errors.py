"""How an error shows: a sentence and a hint in a notebook, a normal exception elsewhere."""

import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import admira
from admira.errors import AdmiraError, MissingExtra, OptionError, SourceUnavailable

CELL = """\
import admira
kpis = admira.open_store("memory:").metrics(by="chanel")
"""


def in_ipython(cell: str, folder: Path, **environment: str) -> str:
    """Run a cell in an IPython shell of its own, and give what it shows."""
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", cell],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "IPYTHONDIR": str(folder), "HOME": str(folder)} | environment,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    return done.stdout + done.stderr


def test_a_cell_shows_a_sentence_a_hint_and_the_line(tmp_path: Path) -> None:
    said = in_ipython(CELL, tmp_path).strip().splitlines()
    assert said[0].startswith("OptionError: by='chanel' is not understood; expected one of: ")
    assert said[1:] == [
        "  Did you mean 'channel'?",
        '  (line 2: kpis = admira.open_store("memory:").metrics(by="chanel"))',
    ]


def test_a_variable_shows_the_whole_traceback(tmp_path: Path) -> None:
    said = in_ipython(CELL, tmp_path, ADMIRA_TRACEBACK="1")
    assert "Traceback (most recent call last)" in said
    assert "metrics.py" in said
    assert "Did you mean 'channel'?" in said
    assert "Traceback" not in in_ipython(CELL, tmp_path, ADMIRA_TRACEBACK="0")


def test_the_whole_traceback_has_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIRA_TRACEBACK", "1")
    error = _failure()
    lines = error._render_traceback_()
    assert any(line.startswith("KeyError: 'first'") for line in lines)
    assert lines[-1] == "admira.errors.SourceUnavailable: It did not answer. Try later."


def test_the_rest_of_a_message_is_the_hint() -> None:
    lines = _failure()._render_traceback_()
    assert lines[:2] == ["SourceUnavailable: It did not answer.", "  Try later."]
    assert "KeyError" not in "".join(lines)


def test_a_message_of_one_sentence_has_no_hint() -> None:
    error = MissingExtra("Charts", "notebook")
    assert error._render_traceback_() == [
        "MissingExtra: Charts needs an extra: pip install 'admira[notebook]'"
    ]


def test_elsewhere_it_is_an_exception_like_any_other() -> None:
    error = _failure()
    assert isinstance(error.__cause__, KeyError)
    assert "Traceback" in "".join(traceback.format_exception(error))
    with pytest.raises(ValueError, match="Did you mean 'cpa'") as caught:
        admira.metrics["cpaa"]
    assert isinstance(caught.value, OptionError)


def test_the_line_is_the_readers_even_where_others_code_calls_ours() -> None:
    frame = admira.datasets.worked_example().ads_frame
    with pytest.raises(AdmiraError) as caught:
        frame.pipe(admira.normalize, kind="neither")
    assert 'frame.pipe(admira.normalize, kind="neither")' in caught.value._render_traceback_()[-1]


def _failure() -> SourceUnavailable:
    try:
        try:
            raise KeyError("first")  # noqa: TRY301 - a cause to be shown
        except KeyError as cause:
            raise SourceUnavailable("It did not answer. Try later.") from cause
    except SourceUnavailable as error:
        return error
