"""The forms of platforms that admira knows, one TOML file each, and mappings of your own."""

import copy
import os
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from admira.errors import OptionError, SourceRejected
from admira.sources.decode import Undecodable, decode_json
from admira.sources.mapping import Preset
from admira.sources.mapping_format import mapping_from

_SUFFIX = ".toml"

# Tables whose keys may hold dots themselves.
_TABLES_OF_ANY_KEY = ("utm.macros", "drop_where")


def presets() -> pd.DataFrame:
    """List the presets, one for each form in which a platform hands out its rows.

    Returns
    -------
    DataFrame
        One row per preset, by name: ``name``, ``kind`` (``"ads"`` or ``"crm"``), ``rows``
        (``"one"`` per natural key, or ``"segments"`` to be summed), ``touch`` (of which visit the
        tags are, ``""`` if that is not known) and ``description``.

    Examples
    --------
    >>> import admira.sources.presets
    >>> list(admira.sources.presets.presets())
    ['name', 'kind', 'rows', 'touch', 'description']
    """
    known = packaged_presets()
    columns = ("name", "kind", "rows", "touch", "description")
    return pd.DataFrame(
        {column: [getattr(preset, column) for preset in known] for column in columns}, dtype="str"
    )


def packaged_presets() -> list[Preset]:
    """Load every preset that comes with admira, in the order of their names."""
    return [load_preset(name) for name in sorted(_packaged())]


def load_preset(
    preset: str | os.PathLike[str] | Mapping[str, Any], params: Mapping[str, Any] | None = None
) -> Preset:
    """Load a preset by name, or a mapping of your own from a file or a dict.

    Parameters
    ----------
    preset : str, path or mapping
        The name of a preset, the path of a ``.toml`` or ``.json`` file, or the mapping itself.
    params : mapping of dotted path to value, optional
        What to override, any leaf or whole table: ``{"decimal": ",",
        "columns.date.date": "%d/%m/%Y", "utm.fields.utm_source": ["source__c"]}``.

    Returns
    -------
    Preset
        The mapping, checked.

    Raises
    ------
    OptionError
        When there is no such preset, a path of ``params`` leads into a plain value, or the
        mapping says something that the format does not know.
    SchemaMismatch
        When a column that must exist has no rule.
    SourceRejected
        When the file cannot be read.

    Examples
    --------
    >>> mapping = {
    ...     "name": "shop", "kind": "crm", "columns": {
    ...         "opportunity_id": {"from": "id"}, "stage": {"from": "state"},
    ...         "amount": {"from": "total"}, "created_at": {"from": "day"},
    ... }}
    >>> load_preset(mapping, {"columns.created_at.date": "%d.%m.%Y"}).columns["created_at"].date
    '%d.%m.%Y'
    """
    document, where = _document(preset)
    for path, value in (params or {}).items():
        _override(document, path, value, where)
    return mapping_from(document, where=where)


def _document(preset: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Give a mapping as a document of its own, and what to call it."""
    if isinstance(preset, Mapping):
        return copy.deepcopy(dict(preset)), str(preset.get("name", "mapping"))
    if not isinstance(preset, str | os.PathLike):
        raise OptionError("preset", type(preset).__name__, ["a name", "a path", "a dict"])
    place = os.fspath(preset)
    if isinstance(preset, str) and Path(place).suffix.lower() not in (_SUFFIX, ".json"):
        known = _packaged()
        if place not in known:
            raise OptionError(
                "preset", place, [*sorted(known), "the path of a .toml or .json file"]
            )
        return copy.deepcopy(known[place]), place
    return _from_file(Path(place)), place


@cache
def _packaged() -> dict[str, dict[str, Any]]:
    """Give the documents of all presets by name."""
    return {
        entry.name.removesuffix(_SUFFIX): tomllib.loads(entry.read_text("utf-8"))
        for entry in files(__name__).iterdir()
        if entry.name.endswith(_SUFFIX)
    }


def _from_file(path: Path) -> dict[str, Any]:
    """Read a mapping from a file."""
    try:
        content = path.expanduser().read_bytes()
        if path.suffix.lower() == ".json":
            document = decode_json(content)
        else:
            document = tomllib.loads(content.decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError, Undecodable) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceRejected(f"The mapping {path} cannot be read: {reason}.") from None
    if not isinstance(document, dict):
        raise SourceRejected(f"The mapping {path} cannot be read: it holds no table of keys.")
    return document


def _override(document: dict[str, Any], path: Any, value: Any, where: str) -> None:
    """Put a value at a dotted path of the document, making tables on the way."""
    steps = _steps(path)
    inner = document
    for number, step in enumerate(steps[:-1], start=1):
        inner = inner.setdefault(step, {})
        if not isinstance(inner, dict):
            held = ".".join(steps[:number])
            raise OptionError(
                f"{where}: params", path, [f"{held}, which holds a value and has no keys"]
            )
    inner[steps[-1]] = value


def _steps(path: Any) -> list[str]:
    """Take a parameter's path apart."""
    if not isinstance(path, str) or not all(path.split(".")):
        raise OptionError("params", path, ["a dotted path such as 'columns.date.date'"])
    for table in _TABLES_OF_ANY_KEY:
        if path.startswith(f"{table}."):
            return [*table.split("."), path.removeprefix(f"{table}.")]
    return path.split(".")
