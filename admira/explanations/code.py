"""An explanation's number, and any other question, as code that runs."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from admira.explanations.words import Asked

_WIDE = 88


def code_text(metric: str, asked: Asked) -> str:
    """Write how to get the same number by hand."""
    of_store = asked.of_store
    lines = [call_text("facts = store.facts", {**asked.period, **of_store, **asked.options})]
    for name, wanted in asked.filters.items():
        if name not in of_store:
            lines.append(f"facts = facts[{_condition(name, wanted)}]")
    scope = {} if asked.scope == "all" else {"scope": asked.scope}
    lines.append(call_text("kpis = admira.compute_metrics", {"by": [], **scope}, first="facts"))
    return "\n".join([*lines, f'kpis["{metric}"].iloc[0]'])


def _condition(name: str, wanted: Any) -> str:
    """Write the condition of one dimension; NaN among the values means missing."""
    column = f'facts["{name}"]'
    several = [*wanted] if pd.api.types.is_list_like(wanted) else [wanted]
    known = [value for value in several if not pd.isna(value)]
    if not known:
        return f"{column}.isna()"
    is_one = f"{column}.isin({written(known)})"
    return is_one if len(known) == len(several) else f"{is_one} | {column}.isna()"


def call_text(verb: str, arguments: Mapping[str, Any], *, first: str = "") -> str:
    """Write a call as a formatter would: on one line, or an argument a line.

    Examples
    --------
    >>> call_text("store.metrics", {"by": ["date"], "start": pd.Timestamp("2025-11-01")})
    'store.metrics(by=["date"], start="2025-11-01")'
    """
    named = [f"{name}={_argument(name, value)}" for name, value in arguments.items()]
    parts = [first, *named] if first else named
    line = f"{verb}({', '.join(parts)})"
    if len(line) <= _WIDE:
        return line
    return "\n".join([f"{verb}(", *(f"    {part}," for part in parts), ")"])


def _argument(name: str, value: Any) -> str:
    return name if isinstance(value, pd.DataFrame) else written(value)


def written(value: Any) -> str:
    """Write a value as Python does, with double quotes."""
    if isinstance(value, pd.Timestamp):
        return f'"{value:%Y-%m-%d}"'
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        pairs = (f"{written(key)}: {written(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, Iterable):
        return f"[{', '.join(map(written, value))}]"
    return repr(value)
