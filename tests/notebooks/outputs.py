"""What the cells of a notebook show, as lines that two runs can be compared by."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import numpy as np
from nbformat import NotebookNode

_MOST_LINES = 20
_MOST_LETTERS = 160
_NOTHING = 1e-9

# What differs from run to run without meaning anything.
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
_WIDGET_MODEL = re.compile(r"(?<=IPY_MODEL_)[0-9a-f]{32}|(?<=\"model_id\": \")[0-9a-f]{32}")


def differences(committed: NotebookNode, executed: NotebookNode) -> list[str]:
    """Say for every cell that shows something else than before what it is: a short diff each."""
    pairs = zip(committed.cells, executed.cells, strict=True)
    return [
        f"cell {place}:\n{diff}"
        for place, (before, after) in enumerate(pairs, start=1)
        if (diff := _diff(list(shown(before)), list(shown(after))))
    ]


def shown(cell: NotebookNode) -> Iterator[str]:
    """Give what a cell shows, line by line."""
    for output in cell.get("outputs", ()):
        for kind, content in _contents(output):
            yield f"[{kind}]"
            text = content if isinstance(content, str) else _json(content)
            yield from _without_chance(text).splitlines()


def _contents(output: NotebookNode) -> list[tuple[str, Any]]:
    """Give the forms that an output has, each with its kind."""
    if output.output_type == "stream":
        return [(output.name, output.text)]
    if output.output_type == "error":
        return [("error", "\n".join(output.traceback))]
    return sorted(output.data.items())


def _json(content: Any) -> str:
    return json.dumps(_rounded(content), indent=1, sort_keys=True, ensure_ascii=False)


def _rounded(content: Any) -> Any:
    """Round a chart's numbers: the last digits of a sum depend on the order of the sum."""
    match content:
        case {"bdata": str(packed), "dtype": str(dtype)}:  # how plotly writes an array
            return _rounded(np.frombuffer(b64decode(packed), dtype).tolist())
        case dict():
            return {key: _rounded(value) for key, value in content.items()}
        case list():
            return [_rounded(value) for value in content]
        case float():
            return float(f"{content:.9g}") if abs(content) >= _NOTHING else 0.0
    return content


def _without_chance(text: str) -> str:
    """Replace memory addresses and the ids of widgets."""
    return _WIDGET_MODEL.sub("…", _ADDRESS.sub("0x…", text))


def _diff(before: list[str], after: list[str]) -> str:
    """Give the first lines that differ."""
    lines = list(unified_diff(before, after, "committed", "executed", n=1, lineterm=""))
    left = len(lines) - _MOST_LINES
    said = [line[:_MOST_LETTERS] for line in lines[:_MOST_LINES]]
    return "\n".join([*said, f"… {left} more lines"] if left > 0 else said)
